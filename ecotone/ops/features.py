"""Elements of spaces as plain numbers: choices become indicators, bytes lie in [0, 1]."""

import math
from functools import cache
from typing import Any

import numpy as np

from ecotone.ops.arrays import namespace
from ecotone.spec import Box, Discrete, Leaf, MultiDiscrete, Place, Space, leaves, over_parts

Array = Any
Tree = Any
LARGEST_BOUND = 1e9
"""Bounds from here on are only a type's limits."""


def one_hot(index: Array, size: int) -> Array:
    """Float32 indicator `[..., size]` of choices `[...]` (Sutton & Barto 2018, section 9.4).

    >>> one_hot(jnp.asarray([2, 0]), 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    xp = namespace(index)
    return (index[..., None] == xp.arange(size)).astype("float32")


def flat_size(space: Space) -> int:
    """Numbers per element `[*shape]` after `flatten` (Sutton & Barto 2018, section 9.5).

    >>> from ecotone.spec import Dict
    >>> flat_size(Dict({"kind": Discrete(3), "place": Box((2, 2))}))
    7
    """
    return sum(math.prod(place.axes) * _numbers(leaf) for place, leaf in leaves(space))


def _numbers(leaf: Leaf) -> int:
    if isinstance(leaf, Discrete):
        return leaf.n
    return sum(leaf.sizes) if isinstance(leaf, MultiDiscrete) else math.prod(leaf.shape)


def flatten(space: Space, observation: Tree) -> Array:
    """Elements `[..., *shape]` as float32 `[..., flat_size(space)]`, the parts of nested spaces one after another.

    Items of a list that are not there count as the zeros that stand for them (Sutton & Barto 2018, section 9.5).

    >>> from ecotone.spec import Dict
    >>> space = Dict({"kind": Discrete(2), "pixel": Box((1,), "uint8", 0, 255)})
    >>> flatten(space, {"kind": jnp.asarray(1), "pixel": jnp.asarray([51], jnp.uint8)}).round(3).tolist()
    [0.0, 1.0, 0.20000000298023224]
    """
    if isinstance(space, Leaf):
        return _flat(space, observation, Place())
    parts: list[Array] = []
    over_parts(lambda *leaf: parts.append(_flat(*leaf)), space, observation)
    return namespace(parts[0]).concatenate(parts, -1)


def _flat(leaf: Leaf, observation: Array, place: Place) -> Array:
    own = len(leaf.shape) + len(place.axes)
    leading = observation.shape[: observation.ndim - own]
    features = observation
    if isinstance(leaf, Discrete):
        features = one_hot(observation, leaf.n)
    elif isinstance(leaf, MultiDiscrete):
        parts = [one_hot(observation[..., i], size) for i, size in enumerate(leaf.sizes)]
        features = namespace(observation).concatenate(parts, -1)
    features = features.reshape(*leading, math.prod(place.axes) * _numbers(leaf)).astype("float32")
    return features / 255.0 if leaf.dtype == "uint8" else features


@cache
def spread(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """`(centre, factor)` of `flatten`'s features, so that `(x - centre) · factor` maps finite bounds to [-1, 1].

    Entries without finite bounds, bytes and choices stay as they are. Networks learn from inputs of one size (LeCun et al.
    1998, section 4.3).

    >>> [each.tolist() for each in spread(Box((2,), low=(0.0, -1.0), high=(4.0, 1.0)))]
    [[2.0, 0.0], [0.5, 1.0]]
    """
    pairs = [_spread(leaf, math.prod(place.axes)) for place, leaf in leaves(space)]
    centre, factor = (np.concatenate(each) for each in zip(*pairs, strict=True))
    return centre, factor


def _spread(leaf: Leaf, count: int) -> tuple[np.ndarray, np.ndarray]:
    centre, factor = np.zeros(_numbers(leaf), np.float32), np.ones(_numbers(leaf), np.float32)
    if isinstance(leaf, Box) and leaf.dtype != "uint8":
        low, high = (np.ravel(bound).astype(np.float64) for bound in leaf.bounds())
        finite = (np.abs(low) < LARGEST_BOUND) & (np.abs(high) < LARGEST_BOUND) & (high > low)
        low, high = low[finite], high[finite]
        centre[finite], factor[finite] = 0.5 * (low + high), 2.0 / (high - low)
    return np.tile(centre, count), np.tile(factor, count)
