"""Probes of choices: which one is right, and what it depends on."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import ACTION_MASK, Box, Dict, Discrete, MultiBinary, MultiDiscrete, Spec
from ecotone.testing.probes.steps import Step, one_step, sign

Array = Any
Key = Any


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
        return one_step(state, jnp.where(action == 1, 1.0, -1.0))


@frozen
class ReadableChoice:
    """One decision between two; right is the second where the observation is 1 and the first where it is -1."""

    @property
    def spec(self) -> Spec:
        """The right choice to see."""
        return Spec(Box((1,), low=-1.0, high=1.0), Discrete(2))

    def reset(self, key: Key) -> tuple[Array, Array]:
        """1 or -1, evenly."""
        observation = sign(key)[None]
        return observation, observation

    def step(self, state: Array, action: Array, key: Key) -> Step:
        """1 if right, -1 if wrong, and the end."""
        return one_step(state, jnp.where((action == 1) == (state[0] > 0), 1.0, -1.0))


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
        cue = sign(key)
        return RecallState(cue, jnp.zeros((), jnp.int32)), jnp.stack([cue, 0.0])

    def step(self, state: RecallState, action: Array, key: Key) -> tuple[RecallState, Array, Array, Array, Array]:
        """0 for all decisions but the last; that brings 1 if right and -1 if wrong."""
        taken = state.taken + 1
        over = taken > self.delay
        right = jnp.where((action == 1) == (state.cue > 0), 1.0, -1.0)
        observation = jnp.stack([0.0, (taken >= self.delay).astype(jnp.float32)])
        return RecallState(state.cue, taken), observation, jnp.where(over, right, 0.0), over, jnp.zeros((), bool)


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
        return one_step(state, jnp.where(action == jnp.asarray(self.right), 1.0, -1.0).sum())


class AgreementState(NamedTuple):
    """The coin that nothing shows, and decisions taken."""

    coin: Array
    taken: Array


@frozen
class Agreement:
    """Two choices of two that must agree, and name a coin that is never seen; whoever agrees may try again.

    A policy without memory that draws agreeing pairs evenly returns 1 - 2^-tries. One whose parts are independent returns
    at most 1/2: with x and y its probabilities of the two agreeing pairs, √x + √y ≤ 1, it returns at most
    ½ (x / (1 - y) + y / (1 - x)), which is largest where one of them is certain.
    """

    tries: int = 4
    """Decisions before the episode ends for good."""

    @property
    def spec(self) -> Spec:
        """A zero to see, two choices of two."""
        return Spec(Box((1,)), MultiDiscrete((2, 2)))

    def reset(self, key: Key) -> tuple[AgreementState, Array]:
        """A coin, evenly 0 or 1."""
        return AgreementState(jax.random.bernoulli(key).astype(jnp.int32), jnp.zeros((), jnp.int32)), jnp.zeros(1)

    def step(self, state: AgreementState, action: Array, key: Key) -> tuple[AgreementState, Array, Array, Array, Array]:
        """1 for both parts naming the coin, which ends the episode as disagreement does; else 0."""
        agree, taken = action[0] == action[1], state.taken + 1
        found = agree & (action[0] == state.coin)
        over = found | ~agree | (taken >= self.tries)
        return AgreementState(state.coin, taken), jnp.zeros(1), found.astype(jnp.float32), over, jnp.zeros((), bool)
