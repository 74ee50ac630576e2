"""The trained policy, to be called by whoever needs actions."""

from pathlib import Path
from typing import Any

import jax
import numpy as np

from ecotone import checkpoint
from ecotone.experiment import with_schedules
from ecotone.protocols import Algorithm, Params
from ecotone.runs import Run
from ecotone.runtime.actor import Actor, make_actor
from ecotone.spec import Spec, from_environment, to_environment
from ecotone.trajectory import TimeStep, Tree


class Policy:
    """Greedy actions of a trained policy.

    Arguments:
        algorithm: what trained it.
        params: what its actors need.
        spec: of its environment.
        steps: environment steps that it was trained for.
    """

    def __init__(self, algorithm: Algorithm, params: Params, spec: Spec, steps: int = 0) -> None:
        self.algorithm, self.params, self.spec, self.steps = algorithm, params, spec, steps
        self._actor: Actor | None = None

    def initial_memory(self, lanes: int) -> Tree:
        """Memory of lanes that have seen nothing; `()` for feed-forward policies."""
        return self.algorithm.initial_memory(lanes)

    def act(self, now: TimeStep, memory: Tree) -> tuple[np.ndarray, Tree]:
        """Choose for the lanes of a time step: actions as rows have them, and the memory."""
        if self._actor is None:
            self._actor = make_actor(self.algorithm, self.params, now, memory, 0, jax.random.key(0), explore=False)
        action, _, memory = self._actor.act(now, self._actor.hold(memory))
        return action, memory

    def __call__(self, observation: Tree, memory: Tree = (), is_first: Any = None) -> tuple[np.ndarray, Tree]:
        """Choose for `B` lanes.

        Arguments:
            observation: `[B, ...]` as the environment gives it; of nested spaces, nested arrays.
            memory: as the call before returned it, or `initial_memory(B)`.
            is_first: where an episode begins, `[B]` bool; none means nowhere.

        Returns:
            Actions `[B, ...]` in the environment's units, and the memory.
        """
        observation = from_environment(self.spec.observation, observation)
        lanes = len(jax.tree.leaves(observation)[0])
        first = np.zeros(lanes, bool) if is_first is None else np.asarray(is_first, bool)
        zero = np.zeros(lanes, np.float32)
        action, memory = self.act(TimeStep(observation, first, np.ones(lanes, bool), zero, zero), memory)
        return to_environment(self.spec.action, action), memory


def load(run: Run | Path | str) -> Policy:
    """The policy of a run's newest whole checkpoint; raises `Mistake` where there is none."""
    run = run if isinstance(run, Run) else Run.open(run)
    algorithm = with_schedules(run.experiment.algorithm, run.experiment.steps)
    shape_of = lambda spec: jax.eval_shape(lambda key: algorithm.policy(algorithm.init(key, spec)), jax.random.key(0))
    steps, params, spec = checkpoint.newest_policy(run.checkpoints, shape_of)
    return Policy(algorithm, params, spec, steps)
