"""What reads: encoders read observations, networks read rows in sequence, a policy that acts reads one row."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import numpy as np

from ecotone.spec import Space, Spec, zeros

Array = Any
Key = Any
Tree = Any


@runtime_checkable
class EncoderRecipe(Protocol):
    """A recipe for what turns observations into features."""

    def init(self, key: Key, space: Space) -> Any:
        """A module that maps observations `[..., *shape]` of `space` to features `[..., width]`, any leading axes."""
        ...

    def width(self, space: Space) -> int:
        """Features per observation."""
        ...


def read_row(network: Any, observation: Tree, is_first: Any, memory: Tree) -> tuple[Any, Tree]:
    """Read one row `[B, ...]`: `(output [B, ...], memory)`. Feed-forward networks take rows without an axis of time."""
    if forgets(memory):
        return network(observation, is_first, memory)
    ahead = lambda tree: jax.tree.map(lambda x: x[None], tree)
    output, memory = network(ahead(observation), is_first[None], memory)
    return over_rows(lambda x: x[0], output), memory


def over_rows(function: Callable[[Array], Array], output: Tree) -> Tree:
    """`function` of all arrays of what a network said of rows, but of no weights, which some distributions carry."""
    is_network = lambda x: isinstance(x, eqx.Module)
    return jax.tree.map(lambda x: x if is_network(x) else function(x), output, is_leaf=is_network)


def read_policy(network: Any, observation: Tree, is_first: Any, memory: Tree) -> tuple[Any, Tree]:
    """Read one row `[B, ...]` with the policy of an actor-critic network alone: `(distribution, memory)`."""
    # Looked up on the class, because binding a method of an Equinox module takes longer than a small network does.
    return read_row(partial(type(network).policy, network), observation, is_first, memory)


def read_choices(network: Any, observation: Tree, is_first: Any, memory: Tree) -> tuple[Any, Tree]:
    """Read one row `[B, ...]` for what is said of choices alone, where a network says more: `(output, memory)`."""
    choices = getattr(type(network), "choices", None)
    return read_row(network if choices is None else partial(choices, network), observation, is_first, memory)


def read_behind(
    network: Any, burn_in: int, observation: Tree, is_first: Any, memory: Tree, reader: Callable[..., Any] | None = None
) -> Any:
    """Read sequences `[T, B, ...]` whose first `burn_in` rows only warm up the memory: the output `[T − burn_in, B, ...]`.

    No gradient goes through those (Kapturowski et al., ICLR 2019, section 3). `reader` is what reads the other rows; none
    is the network itself.
    """
    rows = observation, is_first
    if burn_in:
        early = jax.tree.map(lambda x: x[:burn_in], rows)
        _, memory = jax.lax.stop_gradient(network)(*early, memory)
    late = jax.tree.map(lambda x: x[burn_in:], rows)
    return (reader or network)(*late, memory)[0]


def forgets(memory: Tree) -> bool:
    """Whether a memory is that of a feed-forward network, `()`."""
    return isinstance(memory, tuple) and not memory


def remembered(memory: Tree) -> Tree:
    """Extras that have a replay keep the memory before each row; `()` for feed-forward networks."""
    return () if forgets(memory) else {"memory": memory}


def output_of(model: Any, network: Any, spec: Spec) -> Any:
    """Shapes and types of what a model's network says of one row, `[1, 1, ...]`; nothing is computed."""
    rows = zeros(spec.observation, (1, 1)), np.zeros((1, 1), bool), model.initial_memory(1)
    return jax.eval_shape(lambda network, rows: network(*rows)[0], network, rows)


def kind_of(output: Any) -> str:
    """What `output_of` found, in a word."""
    return "an array" if isinstance(output, jax.ShapeDtypeStruct) else type(output).__name__
