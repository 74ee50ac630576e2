"""From observations to features: the encoder that fits a space."""

import math
from functools import cache
from typing import Any

import equinox as eqx
import numpy as np

from ecotone.frozen import frozen
from ecotone.networks.cnn import NatureCNN
from ecotone.networks.layers import MLP
from ecotone.ops.arrays import namespace
from ecotone.spec import Box, Discrete, MultiDiscrete, Space

Array = Any
Key = Any
LARGEST_BOUND = 1e9
"""Bounds from here on are only a type's limits."""


def one_hot(index: Array, size: int) -> Array:
    """Float32 indicator of the choice, `[..., size]`."""
    xp = namespace(index)
    return (index[..., None] == xp.arange(size)).astype("float32")


def flat_size(space: Space) -> int:
    """Numbers per element after `flatten`."""
    if isinstance(space, Discrete):
        return space.n
    return sum(space.sizes) if isinstance(space, MultiDiscrete) else math.prod(space.shape)


def flatten(space: Space, observation: Array) -> Array:
    """Observations `[..., *shape]` as float32 features `[..., flat_size(space)]`; choices become indicators."""
    if isinstance(space, Discrete):
        return one_hot(observation, space.n)
    if isinstance(space, MultiDiscrete):
        parts = [one_hot(observation[..., i], size) for i, size in enumerate(space.sizes)]
        return namespace(observation).concatenate(parts, -1)
    leading = observation.shape[: observation.ndim - len(space.shape)]
    features = observation.reshape(*leading, math.prod(space.shape)).astype("float32")
    return features / 255.0 if space.dtype == "uint8" else features


@cache
def spread(space: Space) -> tuple[np.ndarray, np.ndarray]:
    """`(centre, factor)` of `flatten`'s features, so that `(x - centre) · factor` maps finite bounds to [-1, 1].

    Entries without finite bounds, bytes and choices stay as they are.
    """
    centre, factor = np.zeros(flat_size(space), np.float32), np.ones(flat_size(space), np.float32)
    if isinstance(space, Box) and space.dtype != "uint8":
        low, high = (np.ravel(bound).astype(np.float64) for bound in space.bounds())
        finite = (np.abs(low) < LARGEST_BOUND) & (np.abs(high) < LARGEST_BOUND) & (high > low)
        low, high = low[finite], high[finite]
        centre[finite], factor[finite] = 0.5 * (low + high), 2.0 / (high - low)
    return centre, factor


class FlatEncoder(eqx.Module):
    """Flattened observations through dense layers."""

    mlp: MLP
    space: Space = eqx.field(static=True)
    scaled: bool = eqx.field(static=True)

    def __call__(self, observation: Array) -> Array:
        features = flatten(self.space, observation)
        if self.scaled:
            centre, factor = spread(self.space)
            features = (features - centre) * factor
        return self.mlp(features)


@frozen
class Encoder:
    """Nature's convolutions for images, dense layers for everything else."""

    hidden: tuple[int, ...] = (64, 64)
    """Widths of the dense layers (not used for images); usually (64, 64) to (400, 300)."""
    activation: str = "tanh"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    orthogonal: bool = True
    """Orthogonal first weights of gain √2; off draws smaller ones evenly, which suits action values."""
    scaled: bool = False
    """Map observations with finite bounds to [-1, 1] (not used for images), where the bounds are those that matter."""

    def init(self, key: Key, space: Space) -> eqx.Module:
        """An encoder of observations `[..., *shape]` to features `[..., width]`."""
        if isinstance(space, Box) and space.is_image:
            return NatureCNN(key, space.shape)
        scale = math.sqrt(2.0) if self.orthogonal else None
        return FlatEncoder(MLP(key, flat_size(space), self.hidden, self.activation, scale), space, self.scaled)

    def width(self, space: Space) -> int:
        """Features per observation."""
        if isinstance(space, Box) and space.is_image:
            return NatureCNN.WIDTH
        return self.hidden[-1] if self.hidden else flat_size(space)
