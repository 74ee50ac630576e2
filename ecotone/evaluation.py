"""Trying a policy: greedy episodes on environments of its own."""

import jax

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.compiled import CompiledStream
from ecotone.envs.streams import compiled_stream, local_stream, only_compiled
from ecotone.experiment import Experiment
from ecotone.parties import join, sees_state
from ecotone.policy import Policy, load
from ecotone.protocols import Params
from ecotone.runs import Run
from ecotone.runtime.evaluate import CompiledEvaluation, evaluate_stream
from ecotone.runtime.events import Evaluated

MOST_LANES = 32
SEED_OFFSET = 1_000_003
"""Keeps the environments of an evaluation apart from those of training."""


class Evaluator:
    """Plays greedy episodes of an experiment's environment behind its wrappers; the returns are of its own rewards.

    Arguments:
        experiment: whose environment and algorithm are meant.
        episodes: episodes per call; none means as the experiment says.
        seed: of the environments; none means one that follows from the experiment's.
        explore: draw actions as in training, instead of taking the best.
    """

    def __init__(
        self, experiment: Experiment, episodes: int | None = None, seed: int | None = None, explore: bool = False
    ) -> None:
        self.episodes = episodes or experiment.evaluation.episodes
        self.seed = experiment.seed + SEED_OFFSET if seed is None else seed
        env, kwargs = experiment.env, experiment.env_kwargs
        self._compiled, self.explore = None, explore
        if experiment.runtime == "compiled" or only_compiled(env):
            stream = compiled_stream(env, self.episodes, kwargs)
        else:
            lanes = max(n for n in range(1, MOST_LANES + 1) if self.episodes % n == 0)
            stream = local_stream(env, lanes, kwargs, self.seed, sees_state(experiment))
        self.algorithm, self._stream = join(experiment, stream, raw_rewards=True)
        if isinstance(stream, CompiledStream | CompiledAgents):
            self._compiled = CompiledEvaluation(self.algorithm, self._stream, explore)

    def __call__(self, params: Params, steps: int = 0) -> Evaluated:
        """Play with these parameters, known after `steps` environment steps of training."""
        if self._compiled is not None:
            return self._compiled(params, jax.random.fold_in(jax.random.key(self.seed), steps), steps)
        policy = Policy(self.algorithm, params, self._stream.spec, explore=self.explore)
        return evaluate_stream(policy, self._stream, self.episodes, steps)


def evaluate(run: Run, episodes: int = 32, seed: int | None = None) -> Evaluated:
    """Greedy episodes of a run's newest checkpoint on fresh environments."""
    policy = load(run)
    return Evaluator(run.experiment, episodes, seed)(policy.params, policy.steps)
