"""The trained policy, to be called by whoever needs actions."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone import checkpoint
from ecotone.envs.agents.asked import Asked, Known, in_rows
from ecotone.envs.agents.seats import Seats
from ecotone.envs.wrapped import Layers, Memories
from ecotone.experiment import with_schedules
from ecotone.groups import World
from ecotone.mistakes import Mistake
from ecotone.parties import party_of, seated
from ecotone.protocols import Acting, Params, Wrapper
from ecotone.runs import Run
from ecotone.runtime.actor import Actor, make_actor
from ecotone.spec import Spec, from_environment, to_environment
from ecotone.trajectory import TimeStep, Tree


class Remembered(NamedTuple):
    """Memory of a policy behind wrappers: the algorithm's, and theirs."""

    policy: Tree
    wrappers: Memories


class Answered(NamedTuple):
    """Memory of a policy that was asked by agents' names: the groups', and who was asked before."""

    policy: Tree
    known: Known


class Policy:
    """Greedy actions of a trained policy.

    Arguments:
        algorithm: what trained it.
        params: what its actors need.
        spec: of its environment; of many agents, their `World`.
        steps: environment steps that it was trained for.
        wrappers: what stands between environment and policy, innermost first.
        explore: draw actions as in training instead.
        seats: of many agents, where those of each group sit.
    """

    def __init__(
        self, algorithm: Acting, params: Params, spec: Spec | World, steps: int = 0, wrappers: tuple[Wrapper, ...] = (),
        explore: bool = False, seats: tuple[Seats, ...] = (),
    ) -> None:  # fmt: skip
        self._seats = seats
        self.algorithm, self.params, self.spec, self.steps, self.explore = algorithm, params, spec, steps, explore
        self._layers = Layers(spec, wrappers) if wrappers and isinstance(spec, Spec) else None
        self._actor: Actor | None = None

    def initial_memory(self, lanes: int) -> Tree:
        """Memory of lanes that have seen nothing; `()` for feed-forward policies without wrappers."""
        memory = self.algorithm.initial_memory(lanes)
        return memory if self._layers is None else Remembered(memory, self._layers.start(lanes))

    def act(self, now: TimeStep, memory: Tree) -> tuple[Tree, Tree]:
        """Choose for the lanes of an environment's time step: actions as its rows have them, and the memory."""
        if self._layers is None:
            return self._choose(now, memory)
        seen, remembered = self._layers.observe(memory.wrappers, now)
        if np.isnan(now.reward).any() and _lacks_numbers(seen.observation) and not _lacks_numbers(now.observation):
            raise Mistake("this policy is shown rewards: hand it what the previous action brought as `reward`.")
        action, inner = self._choose(seen, memory.policy)
        action, remembered = self._layers.act(remembered, action)
        return action, Remembered(inner, remembered)

    def _choose(self, now: TimeStep, memory: Tree) -> tuple[Tree, Tree]:
        if self._actor is None:
            self._actor = make_actor(self.algorithm, self.params, now, memory, 0, jax.random.key(0), self.explore)
        action, _, memory = self._actor.act(now, self._actor.hold(memory))
        return action, memory

    def __call__(
        self, observation: Tree, memory: Tree = (), is_first: Any = None, reward: Any = None, state: Tree = None
    ) -> tuple[Tree, Tree]:
        """Choose for `B` lanes, or for those of many agents in `B` copies of their environment that are asked.

        Arguments:
            observation: `[B, ...]` as the environment gives it; of nested spaces, nested arrays. Of many agents, a dict
                of theirs by name, of those that are asked.
            memory: as the call before returned it, or `initial_memory(B)`, which `()` stands for.
            is_first: where an episode begins, `[B]` bool; none means nowhere, or everywhere with the memory `()`.
            reward: what the previous action brought, `[B]`, for policies that are shown it; of many agents by name.
            state: of many agents the environment's global state `[B, ...]`, for policies that are shown it.

        Returns:
            Actions `[B, ...]` in the environment's units (of many agents by name), and the memory.

        Raises:
            Mistake: the policy is shown rewards or the state, but none were given; or nobody is asked.
        """
        if isinstance(self.spec, World):
            return self._answer(observation, memory, is_first, reward or {}, state)
        observation = from_environment(self.spec.observation, observation)
        lanes = len(jax.tree.leaves(observation)[0])
        fresh = isinstance(memory, tuple) and not memory
        first = np.full(lanes, fresh) if is_first is None else np.asarray(is_first, bool)
        reward = np.full(lanes, np.nan, np.float32) if reward is None else np.asarray(reward, np.float32)
        now = TimeStep(observation, first, np.ones(lanes, bool), reward, np.ones(lanes, np.float32))
        action, memory = self.act(now, self.initial_memory(lanes) if fresh else memory)
        return to_environment(self.spec.action, action), memory

    def _answer(self, observations: Any, memory: Tree, is_first: Any, rewards: Any, state: Tree) -> tuple[Tree, Tree]:
        world = self.spec
        assert isinstance(world, World)
        observations = in_rows(world, observations)
        if world.state is not None and any(each.joint or each.central for each in self._seats):
            if state is None:
                raise Mistake("this policy is shown the environment's global state: hand it over as `state`.")
            state = from_environment(world.state, state)
        copies = len(jax.tree.leaves(observations)[0])
        asked, fresh = Asked(world, self._seats, copies), isinstance(memory, tuple) and not memory
        first = np.full(copies, fresh) if is_first is None else np.asarray(is_first, bool)
        inner, known = (self.initial_memory(copies), asked.begin()) if fresh else memory
        known, now = asked.told(known, observations, first, rewards, state)
        action, inner = self.act(now, inner)
        return asked.answers(action, observations), Answered(inner, known)


def _lacks_numbers(observation: Tree) -> bool:
    return any(np.asarray(leaf).dtype.kind == "f" and np.isnan(leaf).any() for leaf in jax.tree.leaves(observation))


def load(run: Run | Path | str, steps: int | None = None) -> Policy:
    """The policy of a run's checkpoint at so many `steps`, or the newest whole one; raises `Mistake` where there is none."""
    run = run if isinstance(run, Run) else Run.open(run)
    experiment = run.experiment

    def meant(spec: Spec | World) -> tuple[Any, Any, tuple[Seats, ...]]:
        """The algorithm or groups, what these see, and where their agents sit."""
        if isinstance(spec, World):
            groups, seating = seated(experiment, spec)
            return party_of(groups, seating, spec), {each.name: each.spec for each in seating}, seating
        return with_schedules(experiment.algorithm, experiment.steps), Layers(spec, experiment.wrappers).spec, ()

    def shape_of(spec: Spec | World) -> Tree:
        algorithm, seen, _ = meant(spec)
        return jax.eval_shape(lambda key: algorithm.policy(algorithm.init(key, seen)), jax.random.key(0))

    steps, params, spec = checkpoint.policy_at(run.checkpoints, shape_of, steps)
    algorithm, _, seating = meant(spec)
    return Policy(algorithm, params, spec, steps, experiment.wrappers, seats=seating)
