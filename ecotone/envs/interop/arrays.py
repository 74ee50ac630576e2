"""What foreign environments show and carry, as Ecotone wants it: one array, and types that never change."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.spec import Box, Discrete

Array = Any
Tree = Any


def one_array(observation: Tree) -> Array:
    """An observation as a single array.

    A lone array keeps its shape (a number becomes `[1]`); of a tree, every leaf is laid flat and they are joined in the
    tree's own order. Bytes in three axes are an image and stay so; everything else becomes float32.
    """
    leaves = [jnp.asarray(leaf) for leaf in jax.tree.leaves(observation)]
    if len(leaves) > 1:
        return jnp.concatenate([leaf.astype(jnp.float32).reshape(-1) for leaf in leaves])
    if leaves[0].ndim == 3 and leaves[0].dtype == jnp.uint8:
        return leaves[0]
    return jnp.atleast_1d(leaves[0].astype(jnp.float32))


def observation_box(observation: Tree) -> Box:
    """The space of what `one_array` makes of an observation; `observation` may be shapes only."""
    shown = jax.eval_shape(one_array, observation)
    if shown.dtype == jnp.uint8:
        return Box(shown.shape, "uint8", 0, 255)
    return Box(shown.shape)


def action_box(shape: tuple[int, ...], low: Any, high: Any) -> Box:
    """The space of continuous actions as a vector, whatever `shape` the environment wants."""
    low, high = (np.broadcast_to(np.asarray(bound, np.float64), shape).reshape(-1) for bound in (low, high))
    size = math.prod(shape)
    if size and (low == low[0]).all() and (high == high[0]).all():
        return Box((size,), low=float(low[0]), high=float(high[0]))
    return Box((size,), low=tuple(low.tolist()), high=tuple(high.tolist()))


def shaped(action: Array, space: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """An action of `space` in the shape and type that the environment wants."""
    action = jnp.asarray(action, dtype)
    return action if isinstance(space, Discrete) else action.reshape(shape)


def settled(state: Tree) -> Tree:
    """A first state without Python numbers or weak types."""
    return jax.tree.map(lambda leaf: _typed(leaf, jnp.asarray(leaf).dtype), state)


def alike(state: Tree, model: Tree) -> Tree:
    """`state` with the types of `model`, so that loops may carry it."""
    return jax.tree.map(lambda leaf, old: _typed(leaf, jnp.asarray(old).dtype), state, model)


def _typed(leaf: Any, dtype: Any) -> Array:
    if jnp.issubdtype(dtype, jax.dtypes.extended):
        return leaf
    return jax.lax.convert_element_type(leaf, dtype)
