"""Networks read rows in sequence; a policy that acts reads one row."""

from typing import Any

import jax

Tree = Any


def read_row(network: Any, observation: Tree, is_first: Any, memory: Tree) -> tuple[Any, Tree]:
    """Read one row `[B, ...]`: `(output [B, ...], memory)`. Feed-forward networks take rows without an axis of time."""
    if isinstance(memory, tuple) and not memory:
        return network(observation, is_first, memory)
    ahead = lambda tree: jax.tree.map(lambda x: x[None], tree)
    output, memory = network(ahead(observation), is_first[None], memory)
    return jax.tree.map(lambda x: x[0], output), memory
