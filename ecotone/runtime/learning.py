"""The learner of runtimes whose rows come from Python."""

from typing import Any

import jax

from ecotone.protocols import Algorithm, Key, Params
from ecotone.runtime.hosted import learning
from ecotone.runtime.learn import LEARNER, Learner
from ecotone.runtime.party import Party
from ecotone.runtime.spread import Spread
from ecotone.spec import Spec
from ecotone.trajectory import Array, Trajectory


class Learning:
    """What learns from a fragment per call, and the newest weights, as leaves, that actors take from it.

    Arguments:
        algorithm: what learns, or the groups that do.
        spec: of what is seen and done.
        example: shapes of a fragment.
        key: of weights and draws.
        spread: the devices that share the learning.
    """

    def __init__(self, algorithm: Algorithm | Party, spec: Spec, example: Trajectory, key: Key, spread: Spread) -> None:
        self._spread = spread
        self.program = learning(algorithm, spec, example, key, spread)
        self._policy = jax.jit(lambda state: algorithm.policy(state))
        self.leaves, self._structure = jax.tree.flatten(spread.one(self._policy(self.program.carried.state)))

    def __call__(self, rows: Trajectory) -> tuple[dict[str, Array], Any]:
        """Learn from a fragment: metrics, and the number of updates, of groups by name."""
        metrics, leaves, updates = self.program(rows)
        self.leaves = self._spread.one(leaves)
        return metrics, updates

    @property
    def learner(self) -> Learner:
        """All that learning carries on; its buffers die with the next call.

        Raises `Mistake` where devices that share it do not agree.
        """
        self._spread.check(self.program.carried.state)
        return self.program.carried

    def params(self) -> Params:
        """What actors need now."""
        return jax.tree.unflatten(self._structure, self.leaves)

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        learner = self.learner
        self.program.carry(self._spread.place(LEARNER, learner._replace(state=learner.state | states)))
        self.leaves = jax.tree.leaves(self._spread.one(self._policy(self.learner.state)))

    def restore(self, learner: Learner, leaves: list[Any]) -> None:
        """Continue with another learner, and the weights that it had given."""
        self.program.carry(self._spread.place(LEARNER, learner))
        self.leaves = leaves
