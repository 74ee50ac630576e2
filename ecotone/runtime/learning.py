"""The learner of runtimes whose rows come from Python."""

from typing import Any

import jax

from ecotone.protocols import Algorithm, Key, Params
from ecotone.runtime.hosted import learning
from ecotone.runtime.learn import Learner
from ecotone.runtime.party import Party
from ecotone.spec import Spec
from ecotone.trajectory import Array, Trajectory


class Learning:
    """What learns from a fragment per call, and the newest weights, as leaves, that actors take from it.

    Arguments:
        algorithm: what learns, or the groups that do.
        spec: of what is seen and done.
        example: shapes of a fragment.
        key: of weights and draws.
    """

    def __init__(self, algorithm: Algorithm | Party, spec: Spec, example: Trajectory, key: Key) -> None:
        self.program = learning(algorithm, spec, example, key)
        self._policy = jax.jit(lambda state: algorithm.policy(state))
        self.leaves, self._structure = jax.tree.flatten(self._policy(self.program.carried.state))

    def __call__(self, rows: Trajectory) -> tuple[dict[str, Array], Any]:
        """Learn from a fragment: metrics, and the number of updates, of groups by name."""
        metrics, self.leaves, updates = self.program(rows)
        return metrics, updates

    @property
    def learner(self) -> Learner:
        """All that learning carries on; its buffers die with the next call."""
        return self.program.carried

    def params(self) -> Params:
        """What actors need now."""
        return jax.tree.unflatten(self._structure, self.leaves)

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        learner = self.learner
        self.program.carry(learner._replace(state=learner.state | states))
        self.leaves = jax.tree.leaves(self._policy(self.learner.state))

    def restore(self, learner: Learner, leaves: list[Any]) -> None:
        """Continue with another learner, and the weights that it had given."""
        self.program.carry(learner)
        self.leaves = leaves
