"""Probes of continuous actions."""

from typing import Any

import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Box, Spec
from ecotone.testing.probes.steps import Step, one_step, sign

Array = Any
Key = Any


@frozen
class Target:
    """One continuous decision in [-2, 2] per entry; the reward is minus the squared distance to fixed targets."""

    targets: tuple[float, ...] = (1.0, -0.5)
    """Where to aim, in the environment's units (half of it in rows)."""

    @property
    def spec(self) -> Spec:
        """A zero to see."""
        return Spec(Box((1,)), Box((len(self.targets),), low=-2.0, high=2.0))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """Nothing varies."""
        return jnp.zeros(1), jnp.zeros(1)

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Minus the squared distance, and the end."""
        return one_step(state, -jnp.square(action - jnp.asarray(self.targets)).sum())


@frozen
class ReadableTarget:
    """One continuous decision in [-2, 2]; the reward is minus the squared distance to the observation, 1 or -1."""

    @property
    def spec(self) -> Spec:
        """The target to see."""
        return Spec(Box((1,), low=-1.0, high=1.0), Box((1,), low=-2.0, high=2.0))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """1 or -1, evenly."""
        observation = sign(key)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Minus the squared distance, and the end."""
        return one_step(state, -jnp.square(action - state).sum())
