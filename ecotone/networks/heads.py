"""From features to what algorithms ask for: distributions over actions, and values."""

from itertools import accumulate
from typing import Any

import equinox as eqx
import jax.numpy as jnp

from ecotone.networks.layers import Dense
from ecotone.ops.arrays import namespace
from ecotone.ops.distributions import Categorical, Distribution, MultiCategorical, Normal, TanhNormal
from ecotone.spec import Box, Discrete, MultiDiscrete, Space

Array = Any
Key = Any


class PolicyHead(eqx.Module):
    """A distribution that fits the action space: categorical, multi-categorical, or normal with a free deviation."""

    dense: Dense
    log_std: Array
    space: Space = eqx.field(static=True)

    def __init__(self, key: Key, inputs: int, space: Space, log_std: float = 0.0) -> None:
        if isinstance(space, Discrete):
            outputs = space.n
        else:
            outputs = sum(space.sizes) if isinstance(space, MultiDiscrete) else flat_actions(space)
        self.dense = Dense(key, inputs, outputs, scale=0.01)
        self.log_std = jnp.full(outputs if isinstance(space, Box) else 0, log_std, jnp.float32)
        self.space = space

    def __call__(self, features: Array) -> Distribution:
        outputs = self.dense(features)
        if isinstance(self.space, Discrete):
            return Categorical(outputs)
        if isinstance(self.space, MultiDiscrete):
            ends = tuple(accumulate(self.space.sizes))
            return MultiCategorical(tuple(namespace(outputs).split(outputs, ends[:-1], -1)))
        return Normal(outputs, namespace(outputs).broadcast_to(self.log_std, outputs.shape))


class SquashedHead(eqx.Module):
    """A tanh-normal distribution whose mean and deviation both depend on the features (arXiv:1801.01290, appendix C)."""

    dense: Dense
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def __init__(self, key: Key, inputs: int, space: Box, low: float = -5.0, high: float = 2.0) -> None:
        """`low` and `high` bound the logarithm of the deviation."""
        self.dense = Dense(key, inputs, 2 * flat_actions(space), scale=None)
        self.low, self.high = low, high

    def __call__(self, features: Array) -> TanhNormal:
        outputs = self.dense(features)
        size = outputs.shape[-1] // 2
        return TanhNormal(outputs[..., :size], outputs[..., size:].clip(self.low, self.high))


def flat_actions(space: Space) -> int:
    """Numbers per continuous action; raises `ValueError` for actions that are not a vector."""
    if not isinstance(space, Box) or len(space.shape) != 1:
        remedy = "flatten them" if isinstance(space, Box) else "for choices use PPO or DQN"
        raise ValueError(f"continuous actions must be vectors (a Box of one axis), not {space}: {remedy}.")
    return space.shape[0]


class ValueHead(eqx.Module):
    """One number per entry."""

    dense: Dense

    def __init__(self, key: Key, inputs: int) -> None:
        self.dense = Dense(key, inputs, 1, scale=1.0)

    def __call__(self, features: Array) -> Array:
        return self.dense(features)[..., 0]
