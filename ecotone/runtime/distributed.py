"""The runtime of many collectors: they step environments elsewhere, learning is one jitted call in this process."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from ecotone.feed import Replay
from ecotone.protocols import Algorithm, Params, Stream
from ecotone.runtime.collect import example_rows, whole
from ecotone.runtime.collector import Closable, Held
from ecotone.runtime.engine import Piece, Saved
from ecotone.runtime.learn import Learner, fragment_length
from ecotone.runtime.learning import Learning
from ecotone.runtime.party import Party, feeds
from ecotone.runtime.spread import Spread
from ecotone.trajectory import Trajectory, Tree


class Fragment(NamedTuple):
    """Rows `[T + 1, B / N, ...]` that one of N collectors sent, and which weights it had: how many updates they had seen."""

    collector: int
    version: int
    rows: Trajectory


class Fleet(Protocol):
    """N collectors, wherever they are. One that is lost is replaced by another with fresh environments."""

    collectors: int

    def begin(self, leaves: list[Any]) -> None:
        """Make the collectors ready, with the leaves of their first parameters."""
        ...

    def send(self, leaves: list[Any], version: int) -> None:
        """The weights with which fragments are collected from now on."""
        ...

    def launch(self, collector: int) -> None:
        """Let a collector begin its next fragment."""
        ...

    def claim(self, collector: int | None = None) -> Fragment:
        """The fragment that a collector was to collect, or the first that arrives from any; waits for it."""
        ...

    def hold(self) -> list[Fragment]:
        """All fragments that were launched, in the order of collectors, once they are there; `claim` gives them still."""
        ...

    def save(self) -> list[Saved]:
        """Where each collector is; none may be at work."""
        ...

    def restore(self, saved: Sequence[Saved], fragments: Sequence[Fragment]) -> None:
        """Let collectors continue from there, with these fragments to be claimed."""
        ...

    def set_task(self, task: Any) -> None:
        """Change the environments' task from the next episodes on."""
        ...

    def close(self) -> None:
        """Let the collectors go."""
        ...


class DistributedTree(NamedTuple):
    """What the distributed runtime saves in arrays; `coming` are fragments that were launched and not yet learned from."""

    learner: Learner
    params: list[Any]
    collectors: list[Held]
    coming: list[Trajectory]


class Distributed:
    """Collect elsewhere, learn here.

    Without overlap every update waits for a fragment of each collector, collected with the newest weights. With overlap
    collectors are always at work, and the weights are some updates old; the metric `lag` tells how many. Where an algorithm
    takes fresh rows, it then learns from fragments as they arrive, whoever they are from; where rows of a lane must stay in
    their order (replays, agents that wait their turn), from one of each collector.

    Arguments:
        algorithm: what learns, or the groups that do.
        stream: as collectors have them, with one lane, to learn from it what there is to see and do; it is closed.
        lanes: environments of all collectors, a multiple of their number.
        seed: of weights and draws.
        overlap: collect while the learner is at work.
        fleet: the collectors.
    """

    def __init__(
        self, algorithm: Algorithm | Party, stream: Stream, lanes: int, seed: int, overlap: bool, fleet: Fleet
    ) -> None:
        self.algorithm, self.stream, self.spec, self.lanes = algorithm, stream, stream.spec, lanes
        self.overlap, self.fleet, self.version = overlap, fleet, 0
        self._in_order = isinstance(algorithm, Party) and algorithm.waits
        self._in_order |= any(isinstance(feed, Replay) for feed in feeds(algorithm))
        self._share, self._launched = lanes // fleet.collectors, False
        keys = jax.random.split(jax.random.key(seed), 3)
        _, self._now = stream.start(keys[0])
        if isinstance(stream, Closable):
            stream.close()
        self._learning = Learning(algorithm, self.spec, self._example(lanes), keys[2], Spread(1))
        fleet.begin(self._learning.leaves)

    def _example(self, lanes: int) -> Trajectory:
        """Shapes of a fragment of so many lanes."""
        now = jax.tree.map(lambda x: np.repeat(np.asarray(x), lanes, 0), self._now)
        length = fragment_length(self.algorithm, self.lanes)
        return example_rows(self.algorithm, self.spec, now, self.algorithm.initial_memory(lanes), length)

    def advance(self, budget: int) -> list[Piece]:
        """Learn from as many fragments as there are collectors."""
        fragments = self._arrived() if self.overlap else self._collected()
        lags = [self.version - fragment.version for fragment in fragments]
        rows = beside([fragment.rows for fragment in _in_places(fragments)])
        metrics, updates = self._learning(rows)
        self.version += 1
        if self.overlap:
            metrics = metrics | {f"{group}lag": np.mean(lags) for group in self._groups()}
        if not self.overlap or self._in_order:
            return [_piece(rows, slice(None), metrics, updates)]
        none = jax.tree.map(lambda _: 0, updates)
        told = [({}, none)] * (len(fragments) - 1) + [(metrics, updates)]
        begins = [fragment.collector * self._share for fragment in fragments]
        lanes = [slice(begin, begin + self._share) for begin in begins]
        return [_piece(f.rows, where, *tell) for f, where, tell in zip(fragments, lanes, told, strict=True)]

    def _groups(self) -> list[str]:
        """How the names of metrics begin."""
        return [f"{name}/" for name in self.algorithm.feeds] if isinstance(self.algorithm, Party) else [""]

    def _collected(self) -> list[Fragment]:
        """A fragment of each collector, begun now."""
        self._launch()
        return [self.fleet.claim(collector) for collector in range(self.fleet.collectors)]

    def _launch(self) -> None:
        self.fleet.send(self._learning.leaves, self.version)
        for collector in range(self.fleet.collectors):
            self.fleet.launch(collector)
        self._launched = True

    def _arrived(self) -> list[Fragment]:
        """Fragments that were begun before, in the place of which others are begun."""
        if not self._launched:
            self._launch()
        if self._in_order:
            fragments = [self.fleet.claim(collector) for collector in range(self.fleet.collectors)]
            self._launch()
            return fragments
        fragments = []
        while len(fragments) < self.fleet.collectors:
            fragments.append(self.fleet.claim())
            if self.fleet.collectors == 1 or _are_there(self._learning.leaves):  # of one collector, runs can be repeated
                self.fleet.send(self._learning.leaves, self.version)
            self.fleet.launch(fragments[-1].collector)
        return fragments

    def params(self) -> Params:
        """What the greedy policy needs now."""
        return self._learning.params()

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        self._learning.begin_with(states)

    def save(self) -> Saved:
        """Learner, collectors, and what these collected ahead."""
        coming = self.fleet.hold()
        held = self.fleet.save()
        rows = [fragment.rows for fragment in coming]
        if self.overlap and not rows:
            blank = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), self._example(self._share))
            rows = [blank] * self.fleet.collectors
        tree = DistributedTree(self._learning.learner, self._learning.leaves, [each.tree for each in held], rows)
        loose: dict[str, Any] = {str(i): each.loose for i, each in enumerate(held)}
        loose |= {"version": self.version, "coming": [fragment.version for fragment in coming]}
        return Saved(tree, loose)

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        tree, loose = saved
        self._learning.restore(tree.learner, tree.params)
        self.version = loose["version"]
        held = [Saved(each, loose[str(i)]) for i, each in enumerate(tree.collectors)]
        versions = loose["coming"]
        self._launched = bool(versions)
        self.fleet.restore(held, [Fragment(i, v, tree.coming[i]) for i, v in enumerate(versions)])

    def set_task(self, task: Any) -> None:
        """Hand the task to all collectors."""
        self.fleet.set_task(task)

    def close(self) -> None:
        """Let the collectors go."""
        self.fleet.close()


def _piece(rows: Trajectory, lanes: slice, metrics: dict[str, Any], updates: Any) -> Piece:
    return Piece(whole(rows.is_first), whole(rows.acted), whole(rows.reward), rows, metrics, updates, lanes)


def _are_there(leaves: list[Any]) -> bool:
    """Whether weights are computed, so that sending them does not wait for the learner."""
    return all(leaf.is_ready() for leaf in leaves if isinstance(leaf, jax.Array))  # type: ignore[attr-defined]


def _in_places(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Each collector's fragment at its number; those that came twice in the places of those that did not come."""
    placed: dict[int, Fragment] = {}
    twice = [each for each in fragments if placed.setdefault(each.collector, each) is not each]
    return [placed[i] if i in placed else twice.pop(0) for i in range(len(fragments))]


def beside(parts: Sequence[Trajectory]) -> Trajectory:
    """Fragments of some lanes each as one of all lanes."""
    if len(parts) == 1:
        return parts[0]
    join = lambda axis: lambda *leaves: np.concatenate(leaves, axis)
    rows: Tree = jax.tree.map(join(1), *(part._replace(memory=()) for part in parts))
    return rows._replace(memory=jax.tree.map(join(0), *(part.memory for part in parts)))
