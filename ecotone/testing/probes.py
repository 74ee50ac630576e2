"""Probe environments: each takes seconds to learn and fails for one reason only.

A probe that is not learned points at its cause: `ConstantReward` at the value loss, `ReadableReward` at the encoder,
`DelayedReward` at discounting, `Endless` at truncation, `Choice` at the policy loss, `ReadableChoice` at both together,
`Recall` at memory, `Target` and `ReadableTarget` at continuous actions, `Combination` at several choices at once, `Legal`
at action masks.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import ACTION_MASK, Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Spec

Array = Any
Key = Any
Step = tuple[Any, Array, Array, Array, Array]


def _sign(key: Key) -> Array:
    return jnp.where(jax.random.bernoulli(key), 1.0, -1.0).astype(jnp.float32)


def _one_step(observation: Array, reward: Array) -> Step:
    """The end of an episode of one decision, with a state that is its observation."""
    return observation, observation, reward, jnp.ones((), bool), jnp.zeros((), bool)


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
        return _one_step(state, jnp.ones(()))


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
        observation = _sign(key)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """The observation as reward, and the end."""
        return _one_step(state, state[0])


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


@frozen
class Choice:
    """One decision between two; the second brings 1, the first -1."""

    @property
    def spec(self) -> Spec:
        """A zero to see, two choices."""
        return Spec(Box((1,)), Discrete(2))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """Nothing varies."""
        return jnp.zeros(1), jnp.zeros(1)

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Reward by the choice alone, and the end."""
        return _one_step(state, jnp.where(action == 1, 1.0, -1.0))


@frozen
class ReadableChoice:
    """One decision between two; right is the second where the observation is 1 and the first where it is -1."""

    @property
    def spec(self) -> Spec:
        """The right choice to see."""
        return Spec(Box((1,), low=-1.0, high=1.0), Discrete(2))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """1 or -1, evenly."""
        observation = _sign(key)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """1 if right, -1 if wrong, and the end."""
        return _one_step(state, jnp.where((action == 1) == (state[0] > 0), 1.0, -1.0))


class RecallState(NamedTuple):
    """The cue of the first observation, and decisions taken."""

    cue: Array
    taken: Array


@frozen
class Recall:
    """The last of `delay` + 1 decisions must name the first observation's cue, which nothing shows any more.

    Without memory the expected return is 0; with memory it is 1.
    """

    delay: int = 2
    """Decisions between the cue and the question, at least 1."""

    @property
    def spec(self) -> Spec:
        """The cue (1 or -1 at first, then 0) and whether the decision counts, to see; two choices."""
        return Spec(Box((2,), low=-1.0, high=1.0), Discrete(2))

    def reset(self, key: Key) -> tuple[RecallState, Array]:
        """A cue, evenly 1 or -1."""
        cue = _sign(key)
        return RecallState(cue, jnp.zeros((), jnp.int32)), jnp.stack([cue, 0.0])

    def step(self, state: RecallState, action: Array, key: Key) -> tuple[RecallState, Array, Array, Array, Array]:
        """0 for all decisions but the last; that brings 1 if right and -1 if wrong."""
        taken = state.taken + 1
        over = taken > self.delay
        right = jnp.where((action == 1) == (state.cue > 0), 1.0, -1.0)
        observation = jnp.stack([0.0, (taken >= self.delay).astype(jnp.float32)])
        return RecallState(state.cue, taken), observation, jnp.where(over, right, 0.0), over, jnp.zeros((), bool)


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
        return _one_step(state, -jnp.square(action - jnp.asarray(self.targets)).sum())


@frozen
class ReadableTarget:
    """One continuous decision in [-2, 2]; the reward is minus the squared distance to the observation, 1 or -1."""

    @property
    def spec(self) -> Spec:
        """The target to see."""
        return Spec(Box((1,), low=-1.0, high=1.0), Box((1,), low=-2.0, high=2.0))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """1 or -1, evenly."""
        observation = _sign(key)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """Minus the squared distance, and the end."""
        return _one_step(state, -jnp.square(action - state).sum())


@frozen
class Legal:
    """One of `choices`, of which others are legal every time; the higher the better, but an illegal one costs a million."""

    choices: int = 6
    """How many, at least 2."""

    @property
    def spec(self) -> Spec:
        """A zero and the mask to see."""
        mask = MultiBinary((self.choices,))
        return Spec(Dict({"observation": Box((1,)), ACTION_MASK: mask}), Discrete(self.choices))

    def reset(self, key: Key) -> tuple[Array, dict[str, Array]]:
        """Half of the choices are legal, and at least one."""
        key_half, key_one = jax.random.split(key)
        one = jax.random.randint(key_one, (), 0, self.choices)
        legal = jax.random.bernoulli(key_half, 0.5, (self.choices,)).at[one].set(True).astype(jnp.int32)
        return legal, {"observation": jnp.zeros(1), ACTION_MASK: legal}

    def step(self, state: Array, action: Array, key: Key) -> tuple[Any, Any, Array, Array, Array]:
        """The choice's number as part of the greatest, or minus a million, and the end with nothing legal."""
        reward = jnp.where(state[action] > 0, action / (self.choices - 1), -1e6)
        nothing = jnp.zeros_like(state)
        seen = {"observation": jnp.zeros(1), ACTION_MASK: nothing}
        return nothing, seen, reward, jnp.ones((), bool), jnp.zeros((), bool)


@frozen
class Combination:
    """Several choices at once, numbered from 1; each right one brings 1, each wrong one -1."""

    right: tuple[int, ...] = (2, 1, 3)
    """The right choices in the environment's numbering, from 1 to 3."""

    @property
    def spec(self) -> Spec:
        """A zero to see, one of three for every entry of `right`."""
        count = len(self.right)
        return Spec(Box((1,)), MultiDiscrete((3,) * count, start=(1,) * count))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """Nothing varies."""
        return jnp.zeros(1), jnp.zeros(1)

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """The sum over the choices, and the end."""
        return _one_step(state, jnp.where(action == jnp.asarray(self.right), 1.0, -1.0).sum())
