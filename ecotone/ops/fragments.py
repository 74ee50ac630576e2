"""Fresh fragments cut into the minibatches of several passes."""

from typing import Any

import jax

from ecotone.mistakes import Mistake
from ecotone.ops.minibatches import permutations

Array = Any
Key = Any
Tree = Any


def pieces(key: Key, count: int, epochs: int, minibatches: int, what: str = "rows") -> Array:
    """Indices of the minibatches of `epochs` shuffled passes over `count` entries, int32 `[epochs · minibatches, size]`.

    Each pass leaves out the `count % minibatches` entries that its shuffle puts last. Raises `Mistake` where there are fewer
    entries than minibatches; `what` names the entries in it.

    >>> jnp.sort(pieces(jax.random.key(0), 6, 1, 2).reshape(-1)).tolist()
    [0, 1, 2, 3, 4, 5]
    """
    if count < minibatches:
        raise Mistake(f"{count} {what} cannot be cut into {minibatches} minibatches: take fewer, or more num_envs.")
    size = count // minibatches
    order = permutations(key, epochs, count)
    return order[:, : size * minibatches].reshape(epochs * minibatches, size)


def beside(batch: Tree, memory: Tree) -> Tree:
    """Rows `[T, B, ...]` beside each other, `[T · B, ...]`; or, where a memory reads them in sequence, as `[B, T, ...]`.

    So that minibatches are always taken along axis 0.

    >>> beside(jnp.zeros((5, 2, 3)), ()).shape, beside(jnp.zeros((5, 2, 3)), memory=jnp.zeros((2, 4))).shape
    ((10, 3), (2, 5, 3))
    """
    if jax.tree.leaves(memory):
        return jax.tree.map(lambda x: x.swapaxes(0, 1), batch)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), batch)


def in_sequence(batch: Tree, memory: Tree) -> Tree:
    """A minibatch of `beside` as networks read it: `[N, ...]` as it is, or where there is a memory `[T, N, ...]`.

    >>> in_sequence(jnp.zeros((10, 3)), ()).shape, in_sequence(jnp.zeros((2, 5, 3)), memory=jnp.zeros((2, 4))).shape
    ((10, 3), (5, 2, 3))
    """
    return jax.tree.map(lambda x: x.swapaxes(0, 1), batch) if jax.tree.leaves(memory) else batch
