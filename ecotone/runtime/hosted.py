"""Learning from a replay whose rows lie in the host's memory: the same draws and updates as with rows on the device."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.ops import devices
from ecotone.protocols import Algorithm, Key, State
from ecotone.replay import experience, host, ring
from ecotone.replay.experience import Experience
from ecotone.replay.ring import Places
from ecotone.runtime.learn import LEARNER, Learner, begin, keys_of, learn
from ecotone.runtime.party import Party, feeds
from ecotone.runtime.program import Program, strong
from ecotone.runtime.spread import FRAGMENT, SAME, Spread
from ecotone.spec import Spec
from ecotone.trajectory import Array, Trajectory, Tree


def learning(algorithm: Algorithm | Party, spec: Spec, example: Trajectory, key: Key, spread: Spread) -> "Program | Hosted":
    """A call of `learn` for each fragment shaped as `example`, with the replay's rows where they belong.

    Takes rows, and returns metrics, the leaves of the policy and the number of updates. Raises `Mistake` for groups, or
    several devices, that want rows on the host.
    """
    fresh = lambda key: begin(algorithm, key, spec, spread.share_of(example))
    if isinstance(algorithm, Party):
        if any(isinstance(feed, Replay) and feed.storage == "host" for feed in feeds(algorithm)):
            raise Mistake("groups keep their rows on the device: leave `storage` out of their replays.")
    elif isinstance(algorithm.feed, Replay):
        shapes = jax.eval_shape(fresh, key).store
        if host.belongs_here(algorithm.feed, shapes.ring.rows):
            if spread.devices > 1:
                raise Mistake(
                    "devices keep a replay's rows themselves: make its `capacity` smaller, or leave --devices out."
                )
            return Hosted(algorithm, jax.jit(lambda key: _with_rows(fresh(key), ()))(key), shapes.ring.rows)
    begun = jax.jit(spread.program(fresh, (SAME,), LEARNER))(key)
    return Program(
        spread.program(_learn, (SAME, LEARNER, FRAGMENT), (LEARNER, SAME)), spread.place(SAME, strong(algorithm)), begun
    )


def _learn(algorithm: Algorithm | Party, learner: Learner, rows: Trajectory) -> tuple[Learner, tuple]:
    learned = learn(algorithm, learner, rows)
    return learned.learner, (devices.average(learned.metrics), jax.tree.leaves(learned.params), learned.updates)


class Hosted:
    """Does what a `Program` of `learn` does, with one program per update; which rows are drawn is decided on the device.

    Priorities stay on the device as well, so that of a draw only places come to the host and windows go back.

    Arguments:
        algorithm: what learns, from a `Replay`.
        learner: whose ring has no rows.
        rows: shapes of those that the ring would have.
    """

    def __init__(self, algorithm: Algorithm, learner: Learner, rows: Trajectory) -> None:
        self._feed: Any = algorithm.feed
        self._rows = host.empty(rows)
        self._learner = jax.jit(strong)(learner)
        self._head, self._filled = 0, 0
        self._algorithm = strong(algorithm)
        self._take, self._update = jax.jit(_take, donate_argnums=1), jax.jit(_update, donate_argnums=1)
        self._choose, self._finish = jax.jit(_choose), jax.jit(_finish)

    def __call__(self, rows: Trajectory) -> tuple[dict[str, Array], list[Array], Array]:
        """Take in a fragment and make the updates that are due: metrics, the policy's leaves, and how many were made."""
        layout, fragment = self._learner.store.ring.layout, rows.acted.shape[0]
        host.add(layout, self._rows, self._head, rows)
        self._head = (self._head + fragment - 1) % layout.size
        self._filled = min(self._filled + fragment - 1, layout.size - 1 - layout.history)
        self._learner, keys = self._take(self._algorithm, self._learner, rows)
        told = []
        if experience.ready(self._feed, layout, np.int32(self._filled)):
            told = [self._once(pair) for pair in keys]
        leaves, metrics = self._finish(self._algorithm, self._learner.state, told)
        return metrics, leaves, jnp.asarray(len(told), jnp.int32)

    def _once(self, keys: Key) -> dict[str, Array]:
        at, extras = self._choose(self._algorithm, self._learner.store, keys[0])
        windows = ring.read(self._learner.store.ring.layout, self._rows, host.on_host(at), self._feed.window)
        windows = windows._replace(extras=extras)
        self._learner, metrics = self._update(self._algorithm, self._learner, windows, at, keys[1])
        return metrics

    @property
    def carried(self) -> Learner:
        """The learner as it would be with rows on the device."""
        return _with_rows(self._learner, self._rows)

    def carry(self, learner: Learner) -> None:
        """Continue with another one, as `carried` returns it."""
        writable = lambda x: x if isinstance(x, np.ndarray) and x.flags.writeable else np.array(x)
        self._rows = jax.tree.map(writable, learner.store.ring.rows)
        self._learner = jax.jit(strong)(_with_rows(learner, ()))
        self._head, self._filled = int(learner.store.ring.head), int(learner.store.ring.filled)


def _with_rows(learner: Learner, rows: Tree) -> Learner:
    held: Experience = learner.store
    return learner._replace(store=held._replace(ring=held.ring._replace(rows=rows)))


def _take(algorithm: Any, learner: Learner, rows: Trajectory) -> tuple[Learner, list[Key]]:
    key, key_update = jax.random.split(learner.key)
    state = algorithm.observe(learner.state, rows)
    held, due = experience.add(algorithm.feed, learner.store, rows), algorithm.feed.updates(rows.acted[:-1].size)
    return Learner(state, held, key), list(keys_of(key_update, due))


def _choose(algorithm: Any, held: Experience, key: Key) -> tuple[Places, Tree]:
    return experience.choose(algorithm.feed, held, key)


def _update(algorithm: Any, learner: Learner, windows: Trajectory, at: Places, key: Key) -> tuple[Learner, dict[str, Array]]:
    state, report = algorithm.update(learner.state, windows, key)
    held = experience.learned(algorithm.feed, learner.store, at, report)
    return learner._replace(state=state, store=held), report.metrics


def _finish(algorithm: Any, state: State, told: list[dict[str, Array]]) -> tuple[list[Array], dict[str, Array]]:
    metrics = jax.tree.map(lambda *each: jnp.stack(each).mean(0), *told) if told else {}
    return jax.tree.leaves(algorithm.policy(state)), metrics
