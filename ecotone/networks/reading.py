"""Networks read rows in sequence; a policy that acts reads one row."""

from typing import Any

import jax

Tree = Any


def read_row(network: Any, observation: Tree, is_first: Any, memory: Tree) -> tuple[Any, Tree]:
    """Read one row `[B, ...]` with a network of sequences: `(output [B, ...], memory)`."""
    ahead = lambda tree: jax.tree.map(lambda x: x[None], tree)
    output, memory = network(ahead(observation), is_first[None], memory)
    return jax.tree.map(lambda x: x[0], output), memory
