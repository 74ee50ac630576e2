"""The trained policy, to be called by whoever needs actions."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone import checkpoint
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


class Policy:
    """Greedy actions of a trained policy.

    Arguments:
        algorithm: what trained it.
        params: what its actors need.
        spec: of its environment.
        steps: environment steps that it was trained for.
        wrappers: what stands between environment and policy, innermost first.
    """

    def __init__(
        self, algorithm: Acting, params: Params, spec: Spec, steps: int = 0, wrappers: tuple[Wrapper, ...] = ()
    ) -> None:
        self.algorithm, self.params, self.spec, self.steps = algorithm, params, spec, steps
        self._layers = Layers(spec, wrappers) if wrappers else None
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
            self._actor = make_actor(self.algorithm, self.params, now, memory, 0, jax.random.key(0), explore=False)
        action, _, memory = self._actor.act(now, self._actor.hold(memory))
        return action, memory

    def __call__(self, observation: Tree, memory: Tree = (), is_first: Any = None, reward: Any = None) -> tuple[Tree, Tree]:
        """Choose for `B` lanes.

        Arguments:
            observation: `[B, ...]` as the environment gives it; of nested spaces, nested arrays.
            memory: as the call before returned it, or `initial_memory(B)`, which `()` stands for.
            is_first: where an episode begins, `[B]` bool; none means nowhere, or everywhere with the memory `()`.
            reward: what the previous action brought, `[B]`, for policies that are shown it.

        Returns:
            Actions `[B, ...]` in the environment's units, and the memory.

        Raises:
            Mistake: the policy is shown rewards, but none were given.
        """
        observation = from_environment(self.spec.observation, observation)
        lanes = len(jax.tree.leaves(observation)[0])
        fresh = isinstance(memory, tuple) and not memory
        first = np.full(lanes, fresh) if is_first is None else np.asarray(is_first, bool)
        reward = np.full(lanes, np.nan, np.float32) if reward is None else np.asarray(reward, np.float32)
        now = TimeStep(observation, first, np.ones(lanes, bool), reward, np.ones(lanes, np.float32))
        action, memory = self.act(now, self.initial_memory(lanes) if fresh else memory)
        return to_environment(self.spec.action, action), memory


def _lacks_numbers(observation: Tree) -> bool:
    return any(np.asarray(leaf).dtype.kind == "f" and np.isnan(leaf).any() for leaf in jax.tree.leaves(observation))


def load(run: Run | Path | str) -> Policy:
    """The policy of a run's newest whole checkpoint; raises `Mistake` where there is none."""
    run = run if isinstance(run, Run) else Run.open(run)
    experiment = run.experiment

    def meant(spec: Spec | World) -> tuple[Any, Any]:
        """The algorithm or groups, and what these see."""
        if isinstance(spec, World):
            groups, seating = seated(experiment, spec)
            return party_of(groups, seating, spec), {each.name: each.spec for each in seating}
        return with_schedules(experiment.algorithm, experiment.steps), Layers(spec, experiment.wrappers).spec

    def shape_of(spec: Spec | World) -> Tree:
        algorithm, seen = meant(spec)
        return jax.eval_shape(lambda key: algorithm.policy(algorithm.init(key, seen)), jax.random.key(0))

    steps, params, spec = checkpoint.newest_policy(run.checkpoints, shape_of)
    return Policy(meant(spec)[0], params, spec, steps, experiment.wrappers)
