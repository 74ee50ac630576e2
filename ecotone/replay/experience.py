"""What a replay holds and does, as its feed says: rows, and the priorities of windows where they are wanted."""

from typing import Any, NamedTuple

import jax.numpy as jnp

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.ops.schedules import Constant
from ecotone.protocols import Key, Report
from ecotone.replay import priority, ring
from ecotone.replay.ring import Layout, Places, Ring
from ecotone.spec import Space
from ecotone.trajectory import Array, Trajectory, Tree


class Experience(NamedTuple):
    """Rows, and the `Priorities` of windows that begin at them; `()` where windows are drawn evenly.

    The ring's rows are `()` where the host holds them: all here but `draw` works without.
    """

    ring: Ring
    priorities: Any


def empty(feed: Replay, example: Trajectory, space: Space | None = None) -> Experience:
    """Nothing, with room for fragments shaped as `example` `[T + 1, B, ...]` of observations in `space`."""
    store = ring.empty(example, feed.capacity, feed.window, feed.stride, space)
    return Experience(store, () if feed.priority is None else priority.empty(store))


def add(feed: Replay, held: Experience, rows: Trajectory) -> Experience:
    """Take in a fragment whose row 0 is the newest row held, now with its decision."""
    store = ring.add(held.ring, rows) if held.ring.rows else ring.advance(held.ring, rows.acted.shape[0])
    if feed.priority is None:
        return Experience(store, ())
    return Experience(store, priority.enter(held.priorities, store, rows, feed.window, feed.priority))


def ready(feed: Replay, layout: Layout, filled: Array) -> Array:
    """Whether there is enough to learn from, with so many rows filled."""
    return (filled * layout.lanes >= feed.warmup) & (filled >= feed.window + feed.stride - 2)


def choose(feed: Replay, held: Experience, key: Key) -> tuple[Places, Tree]:
    """Where windows begin, and the extras that they bring: by priority, their `importance` `[batch]`."""
    if feed.priority is None:
        return ring.places(held.ring, key, feed.batch, feed.window), ()
    at, weight = priority.draw(held.priorities, held.ring, key, feed.batch)
    exponent = (feed.importance or Constant(0.4))(held.priorities.steps)
    return at, {"importance": priority.importance(weight, exponent)}


def draw(feed: Replay, held: Experience, key: Key) -> tuple[Trajectory, Places]:
    """Windows `[window, batch, ...]` and where they begin."""
    at, extras = choose(feed, held, key)
    return ring.read(held.ring.layout, held.ring.rows, at, feed.window)._replace(extras=extras), at


def learned(feed: Replay, held: Experience, at: Places, report: Report) -> Experience:
    """Take note of the priorities that an update found; raises `Mistake` where they are wanted, but not told."""
    if feed.priority is None:
        return held
    if report.priorities is None:
        raise Mistake("the replay draws by priority, but the algorithm reports none: set its `priority` to none.")
    told = jnp.asarray(report.priorities, jnp.float32)
    new = priority.change(held.priorities, held.ring, at, told, feed.priority, feed.least_priority)
    return held._replace(priorities=new)
