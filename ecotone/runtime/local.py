"""The runtime of this process: environments step in Python, learning is one jitted call per fragment."""

from typing import Any, NamedTuple

import jax

from ecotone.protocols import Algorithm, Params, Stream
from ecotone.runtime.collect import example_rows, whole
from ecotone.runtime.collector import Collector, Held
from ecotone.runtime.engine import Piece, Saved
from ecotone.runtime.learn import Learner, fragment_length
from ecotone.runtime.learning import Learning
from ecotone.runtime.party import Party
from ecotone.runtime.spread import Spread, share
from ecotone.trajectory import TimeStep, Tree


class LocalTree(NamedTuple):
    """What the local runtime saves in arrays."""

    learner: Learner
    params: list[Any]
    acting: list[Any]
    now: TimeStep
    memory: Tree
    stream: Any


class Local:
    """Collect in this process, then learn.

    Arguments:
        algorithm: what learns, or the groups that do.
        stream: what is stepped.
        seed: of weights, actions and draws.
        overlap: learn from one fragment while the next is collected with the weights before it (one update behind).
        actor: `numpy`, `jax` or `auto`, see `runtime.actor`.
        spread: the devices that share the learning; none means one.
    """

    def __init__(
        self,
        algorithm: Algorithm | Party,
        stream: Stream,
        seed: int,
        overlap: bool = False,
        actor: str = "auto",
        spread: Spread | None = None,
    ) -> None:
        spread = spread or Spread(1)
        self.algorithm, self.stream, self.spec, self.lanes = algorithm, stream, stream.spec, stream.lanes
        self.overlap = overlap
        self.length = fragment_length(algorithm, stream.lanes)
        self.collector = Collector(algorithm, stream, seed, self.length, actor)
        example = example_rows(algorithm, self.spec, self.collector.now, self.collector.memory, self.length)
        key = jax.random.split(jax.random.key(seed), 3)[2]
        self._learning = Learning(share(algorithm, spread.devices), self.spec, example, key, spread)
        self._acting = self._learning.leaves
        self.collector.begin(self.params())

    def advance(self, budget: int) -> list[Piece]:
        """Collect one fragment and learn from it."""
        rows = self.collector.collect()
        before = self._learning.leaves
        metrics, updates = self._learning(rows)
        self._act_with(before if self.overlap else self._learning.leaves)
        return [Piece(whole(rows.is_first), whole(rows.acted), whole(rows.reward), rows, metrics, updates)]

    def _act_with(self, leaves: list[Any]) -> None:
        self._acting = leaves
        self.collector.load(leaves)

    def params(self) -> Params:
        """What the greedy policy needs now."""
        return self._learning.params()

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        self._learning.begin_with(states)
        self._act_with(self._learning.leaves)

    def save(self) -> Saved:
        """Learner, actor, time step; noise and environments."""
        held, loose = self.collector.save()
        return Saved(LocalTree(self._learning.learner, self._learning.leaves, self._acting, *held), loose)

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        learner, leaves, acting, *held = saved.tree
        self._learning.restore(learner, leaves)
        self._act_with(acting)
        self.collector.restore(Saved(Held(*held), saved.loose))

    def set_task(self, task: Any) -> None:
        """Hand the task to the environments; raises `Mistake` where the stream has no tasks."""
        self.collector.set_task(task)

    def close(self) -> None:
        """Close the environments."""
        self.collector.close()
