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


def flat_size(space: Space, categories: int = 0) -> int:
    """Numbers per element `[*shape]` after `flatten` (Sutton & Barto 2018, section 9.5).

    >>> from ecotone.spec import Dict
    >>> flat_size(Dict({"kind": Discrete(3), "place": Box((2, 2))}))
    7
    """
    return sum(math.prod(place.axes) * _numbers(leaf, categories) for place, leaf in leaves(space))


def _numbers(leaf: Leaf, categories: int) -> int:
    if isinstance(leaf, Discrete):
        return leaf.n
    if isinstance(leaf, MultiDiscrete):
        return sum(leaf.sizes)
    return math.prod(leaf.shape) * max(_values(leaf, categories), 1)


def _values(leaf: Leaf, most: int) -> int:
    """How many values whole numbers between bounds have; 0 for more than `most` and for all other leaves."""
    if not (isinstance(leaf, Box) and np.issubdtype(leaf.dtype, np.integer) and leaf.bounded):
        return 0
    values = int(np.max(leaf.high)) - int(np.min(leaf.low)) + 1
    return values if values <= most else 0


def flatten(space: Space, observation: Tree, categories: int = 0) -> Array:
    """Elements `[..., *shape]` as float32 `[..., flat_size(space)]`, the parts of nested spaces one after another.

    Whole numbers between bounds become indicators like choices where they have no more values than `categories`. Items of a
    list that are not there count as the zeros that stand for them (Sutton & Barto 2018, section 9.5).

    >>> from ecotone.spec import Dict
    >>> space = Dict({"kind": Discrete(2), "pixel": Box((1,), "uint8", 0, 255)})
    >>> flatten(space, {"kind": jnp.asarray(1), "pixel": jnp.asarray([51], jnp.uint8)}).round(3).tolist()
    [0.0, 1.0, 0.20000000298023224]
    """
    if isinstance(space, Leaf):
        return _flat(space, observation, Place(), categories)
    parts: list[Array] = []
    over_parts(lambda leaf, seen, place: parts.append(_flat(leaf, seen, place, categories)), space, observation)
    return namespace(parts[0]).concatenate(parts, -1)


def _flat(leaf: Leaf, observation: Array, place: Place, categories: int) -> Array:
    own = len(leaf.shape) + len(place.axes)
    leading = observation.shape[: observation.ndim - own]
    features, values = observation, _values(leaf, categories)
    if isinstance(leaf, Discrete):
        features = one_hot(observation, leaf.n)
    elif isinstance(leaf, MultiDiscrete):
        parts = [one_hot(observation[..., i], size) for i, size in enumerate(leaf.sizes)]
        features = namespace(observation).concatenate(parts, -1)
    elif isinstance(leaf, Box) and values:
        features = one_hot(observation.astype("int32") - int(np.min(leaf.low)), values)
    features = features.reshape(*leading, math.prod(place.axes) * _numbers(leaf, categories)).astype("float32")
    return features / 255.0 if leaf.dtype == "uint8" and not values else features


@cache
def spread(space: Space, categories: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`(centre, factor)` of `flatten`'s features, so that `(x - centre) · factor` maps finite bounds to [-1, 1].

    Entries without finite bounds, bytes, choices and categories stay as they are. Networks learn from inputs of one size
    (LeCun et al. 1998, section 4.3).

    >>> [each.tolist() for each in spread(Box((2,), low=(0.0, -1.0), high=(4.0, 1.0)))]
    [[2.0, 0.0], [0.5, 1.0]]
    """
    pairs = [_spread(leaf, math.prod(place.axes), categories) for place, leaf in leaves(space)]
    centre, factor = (np.concatenate(each) for each in zip(*pairs, strict=True))
    return centre, factor


def _spread(leaf: Leaf, count: int, categories: int) -> tuple[np.ndarray, np.ndarray]:
    numbers = _numbers(leaf, categories)
    centre, factor = np.zeros(numbers, np.float32), np.ones(numbers, np.float32)
    if isinstance(leaf, Box) and leaf.dtype != "uint8" and not _values(leaf, categories):
        low, high = (np.ravel(bound).astype(np.float64) for bound in leaf.bounds())
        finite = (np.abs(low) < LARGEST_BOUND) & (np.abs(high) < LARGEST_BOUND) & (high > low)
        low, high = low[finite], high[finite]
        centre[finite], factor[finite] = 0.5 * (low + high), 2.0 / (high - low)
    return np.tile(centre, count), np.tile(factor, count)
