"""Algorithms around algorithms that see normalised observations or rewards."""

from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.feed import Feed
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.ops import devices
from ecotone.ops.normalisers import Moments, RunningNormaliser
from ecotone.protocols import Algorithm, Report
from ecotone.spec import ACTION_MASK, Box, Dict, Space, Spec, Tuple, leaves
from ecotone.teams import REWARDS, is_joint, shows_team
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class Scaling(eqx.Module):
    """Shift and scale of some leaves of observations; bytes, choices, masks and items of lists stay as they are.

    Attributes:
        mean, deviation: of the chosen leaves, `[...]` each.
        clip: largest size of a normalised number.
        chosen: which leaves, in the order of `jax.tree.leaves`.
    """

    mean: tuple[Array, ...]
    deviation: tuple[Array, ...]
    clip: Array
    chosen: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Tree:
        """Observations `[..., ...]`, normalised."""
        parts, structure = jax.tree.flatten(observation)
        for i, mean, deviation in zip(self.chosen, self.mean, self.deviation, strict=True):
            parts[i] = ((parts[i] - mean) / deviation).clip(-self.clip, self.clip)
        return structure.unflatten(parts)


class NormalizedState(NamedTuple):
    """The inner state, what was seen of the chosen leaves, and the scaling by which the newest rows were chosen."""

    inner: Tree
    seen: Moments
    scaling: Scaling


class NormalizedPolicy(NamedTuple):
    """The inner algorithm's parameters, and the scaling of what they see."""

    inner: Tree
    scaling: Scaling


@frozen
class NormalizeObservations:
    """An algorithm that sees observations shifted and scaled to mean 0 and variance 1 over all that was ever seen.

    Andrychowicz et al. (arXiv:2006.05990, section 3.3) find it to be crucial in continuous control. The statistics
    are part of the policy, so that evaluation and deployment use those of training. A fragment is learned from with the
    statistics that it was collected with, so that probabilities of its actions mean the same; a replay holds observations
    as they were seen.
    """

    algorithm: Algorithm
    """What learns."""
    clip: float = 10.0
    """Largest size of a normalised number; usually 5 to 10. Less hides what is rare."""
    epsilon: float = 1e-8
    """Added to the variance; keeps what never changes finite."""

    @property
    def feed(self) -> Feed:
        """The inner algorithm's."""
        return self.algorithm.feed

    def init(self, key: Key, spec: Spec) -> NormalizedState:
        """Nothing seen; raises `ValueError` where the observation has no floating-point numbers."""
        found = leaves(spec.observation)
        paid = (REWARDS,) if is_joint(spec.observation) else ()
        listed = lambda path, axes: axes or ACTION_MASK in path.split("/") or path in paid
        chosen = tuple(i for i, (place, leaf) in enumerate(found) if _is_float(leaf) and not listed(*place))
        if not chosen:
            raise ValueError(f"NormalizeObservations finds no floating-point numbers in {spec.observation}.")
        seen = self._normaliser.init(tuple(jnp.zeros(found[i][1].shape) for i in chosen))
        inner = self.algorithm.init(key, replace(spec, observation=_unbounded(spec.observation)))
        return NormalizedState(inner, seen, self._scaling(seen, chosen))

    def initial_memory(self, lanes: int) -> Tree:
        """The inner algorithm's."""
        return self.algorithm.initial_memory(lanes)

    def policy(self, state: NormalizedState) -> NormalizedPolicy:
        """The inner policy, and the newest scaling."""
        return NormalizedPolicy(self.algorithm.policy(state.inner), self._scaling(state.seen, state.scaling.chosen))

    def act(
        self, params: NormalizedPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool
    ) -> tuple[Tree, Tree, Tree]:
        """Choose by what is normalised."""
        seen = params.scaling(observation)
        return self.algorithm.act(params.inner, seen, is_first, memory, key, explore)

    def observe(self, state: NormalizedState, rows: Trajectory) -> NormalizedState:
        """Count every observation once: a fragment's last one is the first of the next."""
        scaling = self._scaling(state.seen, state.scaling.chosen)
        parts = jax.tree.leaves(rows.observation)
        seen = self._normaliser.update(state.seen, tuple(parts[i][:-1] for i in scaling.chosen))
        inner = self.algorithm.observe(state.inner, rows._replace(observation=scaling(rows.observation)))
        return NormalizedState(inner, seen, scaling)

    def update(self, state: NormalizedState, rows: Trajectory, key: Key) -> tuple[NormalizedState, Report]:
        """Learn from rows as they were seen when the newest were collected."""
        rows = rows._replace(observation=state.scaling(rows.observation))
        inner, report = self.algorithm.update(state.inner, rows, key)
        return state._replace(inner=inner), report

    @property
    def _normaliser(self) -> RunningNormaliser:
        return RunningNormaliser(self.clip, self.epsilon)

    def _scaling(self, seen: Moments, chosen: tuple[int, ...]) -> Scaling:
        deviation = self._normaliser.deviation(seen)
        return Scaling(seen.mean, deviation, jnp.asarray(self.clip, jnp.float32), chosen)


def _is_float(leaf: Space) -> bool:
    return isinstance(leaf, Box) and leaf.dtype.startswith("float")


def _unbounded(space: Space) -> Space:
    """The space of normalised observations, whose bounds are not those of the environment any more."""
    if isinstance(space, Dict):
        return Dict(tuple((name, part if name == ACTION_MASK else _unbounded(part)) for name, part in space.parts))
    if isinstance(space, Tuple):
        return Tuple(tuple(map(_unbounded, space.parts)))
    return Box(space.shape) if isinstance(space, Box) and _is_float(space) else space


class RewardState(NamedTuple):
    """The inner algorithm's state, what was seen of discounted returns, and how far they are in each lane, `[most]`."""

    inner: Tree
    seen: Moments
    returns: Array


@frozen
class NormalizeRewards:
    """An algorithm that learns from rewards divided by the deviation of their running discounted sum.

    The sum is R ← γ R + reward, per lane, and begins anew with each episode (Engstrom et al., arXiv:2005.12729, algorithm
    1). Reported returns are of the rewards as they are.
    """

    algorithm: Algorithm
    """What learns."""
    gamma: float = 0.99
    """Discount per step, as the algorithm has it; usually 0.9 to 0.999."""
    clip: float = 10.0
    """Largest size of a normalised reward; usually 5 to 10."""
    epsilon: float = 1e-8
    """Added to the variance; keeps returns that never change finite."""
    most: int = 4096
    """Lanes that it can follow."""

    @property
    def feed(self) -> Feed:
        """The inner algorithm's."""
        return self.algorithm.feed

    def init(self, key: Key, spec: Spec) -> RewardState:
        """Nothing seen."""
        return RewardState(
            self.algorithm.init(key, spec), self._normaliser.init(jnp.zeros(())), jnp.zeros(self.most, jnp.float32)
        )

    def initial_memory(self, lanes: int) -> Tree:
        """The inner algorithm's."""
        return self.algorithm.initial_memory(lanes)

    def policy(self, state: RewardState) -> Tree:
        """The inner algorithm's: rewards are nothing to an actor."""
        return self.algorithm.policy(state.inner)

    def act(
        self, params: Tree, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool
    ) -> tuple[Tree, Tree, Tree]:
        """As the inner algorithm does."""
        return self.algorithm.act(params, observation, is_first, memory, key, explore)

    def observe(self, state: RewardState, rows: Trajectory) -> RewardState:
        """Follow the discounted sums of rewards; raises `Mistake` where there are more than `most` lanes."""
        lanes = rows.acted.shape[1]
        if devices.count() > 1:
            raise Mistake("NormalizeRewards follows every lane's return: it cannot share its environments among devices.")
        if lanes > self.most:
            raise Mistake(f"NormalizeRewards follows at most {self.most} lanes, but there are {lanes}: set `most`.")

        def step(before: Array, row: tuple[Array, Array, Array]) -> tuple[Array, Array]:
            is_first, acted, reward = row
            now = jnp.where(is_first, 0.0, before)
            now = jnp.where(acted, self.gamma * now + reward, now)
            return now, now

        told = rows.is_first[:-1], rows.acted[:-1], rows.reward[:-1]
        ongoing, returns = jax.lax.scan(step, state.returns[:lanes], told)
        seen = self._normaliser.update(state.seen, returns, rows.acted[:-1])
        inner = self.algorithm.observe(state.inner, self._scaled(seen, rows))
        return RewardState(inner, seen, state.returns.at[:lanes].set(ongoing))

    def update(self, state: RewardState, rows: Trajectory, key: Key) -> tuple[RewardState, Report]:
        """Learn from scaled rewards."""
        inner, report = self.algorithm.update(state.inner, self._scaled(state.seen, rows), key)
        return state._replace(inner=inner), report

    @property
    def _normaliser(self) -> RunningNormaliser:
        return RunningNormaliser(self.clip, self.epsilon)

    def _scaled(self, seen: Moments, rows: Trajectory) -> Trajectory:
        scale = lambda reward: (reward / self._normaliser.deviation(seen)).clip(-self.clip, self.clip)
        observation = rows.observation
        if shows_team(observation):
            observation = observation | {REWARDS: scale(observation[REWARDS])}
        return rows._replace(reward=scale(rows.reward), observation=observation)
