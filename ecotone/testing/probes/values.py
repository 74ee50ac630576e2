"""Probes of values: what is chosen does not matter."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Space, Spec
from ecotone.testing.probes.steps import Step, one_step, sign

Array = Any
Key = Any


@frozen
class ConstantReward:
    """One decision, reward 1 whatever it is: every value is 1."""

    action: Space = Discrete(2)
    """Any action space."""

    @property
    def spec(self) -> Spec:
        """A zero to see."""
        return Spec(Box((1,)), self.action)

    def reset(self, key: Key) -> tuple[Array, Array]:
        """Nothing varies."""
        return jnp.zeros(1), jnp.zeros(1)

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Reward 1 and the end."""
        return one_step(state, jnp.ones(()))


@frozen
class ReadableReward:
    """One decision; the observation, 1 or -1, is the reward whatever the decision: the value is the observation."""

    action: Space = Discrete(2)
    """Any action space."""

    @property
    def spec(self) -> Spec:
        """The reward to see."""
        return Spec(Box((1,), low=-1.0, high=1.0), self.action)

    def reset(self, key: Key) -> tuple[Array, Array]:
        """1 or -1, evenly."""
        observation = sign(key)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """The observation as reward, and the end."""
        return one_step(state, state[0])


@frozen
class RareReward:
    """One decision; the observation is 1 now and then, which pays 1, and else -1, which pays nothing, whatever is decided.

    What is worth something is seldom drawn from a replay, unless by priority (arXiv:1511.05952, section 3.1).
    """

    chance: float = 0.02
    """Of an episode that pays."""
    action: Space = Discrete(2)
    """Any action space."""

    @property
    def spec(self) -> Spec:
        """Whether it pays, to see."""
        return Spec(Box((1,), low=-1.0, high=1.0), self.action)

    def reset(self, key: Key) -> tuple[Array, Array]:
        """1 with the chance, else -1."""
        observation = jnp.where(jax.random.bernoulli(key, self.chance), 1.0, -1.0)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """1 or nothing, and the end."""
        return one_step(state, jnp.maximum(state[0], 0.0))


@frozen
class DelayedReward:
    """`delay` decisions, reward 1 for the last whatever they are: the value of observation t is γ^(delay - 1 - t)."""

    delay: int = 2
    """Decisions per episode, at least 2."""
    action: Space = Discrete(2)
    """Any action space."""

    @property
    def spec(self) -> Spec:
        """The number of decisions taken, to see."""
        return Spec(Discrete(self.delay + 1), self.action)

    def reset(self, key: Key) -> tuple[Array, Array]:
        """No decision taken."""
        return jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Reward 1 at the end, else 0."""
        taken = state + 1
        over = taken >= self.delay
        return taken, taken, over.astype(jnp.float32), over, jnp.zeros((), bool)


@frozen
class Endless:
    """Reward 1 for every decision, cut off after `limit` of them: the value is 1 / (1 - γ), not what `limit` allows."""

    limit: int = 3
    """Decisions before truncation."""
    action: Space = Discrete(2)
    """Any action space."""

    @property
    def spec(self) -> Spec:
        """A zero to see."""
        return Spec(Box((1,)), self.action)

    def reset(self, key: Key) -> tuple[Array, Array]:
        """No decision taken."""
        return jnp.zeros((), jnp.int32), jnp.zeros(1)

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Reward 1; truncated at the limit."""
        return state + 1, jnp.zeros(1), jnp.ones(()), jnp.zeros((), bool), state + 1 >= self.limit
