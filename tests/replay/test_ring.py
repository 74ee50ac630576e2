"""The ring against a slow list of rows."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.wrapped import Layers
from ecotone.envs.wrappers import Stack
from ecotone.feed import Replay
from ecotone.replay import experience, ring
from ecotone.spec import Box, Dict, Discrete, Spec
from ecotone.trajectory import TimeStep, Trajectory

LANES = 2


def fragment(start, length, lanes=LANES):
    """Rows `start` to `start + length`; every observation is its own time and lane; the last row is not decided yet."""
    time = np.broadcast_to(np.arange(start, start + length + 1)[:, None], (length + 1, lanes)).astype(np.int32)
    lane = np.broadcast_to(np.arange(lanes, dtype=np.int32), time.shape)
    acted = np.ones(time.shape, bool)
    acted[-1] = False
    action = np.where(acted, time, -1).astype(np.int32)
    discount = np.ones(time.shape, np.float32)
    seen = {"time": time, "lane": lane}
    return Trajectory(seen, time % 5 == 0, acted, action, time.astype(np.float32), discount, {"x": time}, ())


def filled(length, fragments, capacity, window):
    """A ring after that many fragments, and the number of rows written (the newest only looked at)."""
    store = ring.empty(fragment(0, length), capacity, window)
    add = jax.jit(ring.add)
    for i in range(fragments):
        store = add(store, fragment(i * length, length))
    return store, length * fragments


def starts(store, window, draws=400, seed=0):
    """Windows drawn, each checked to be consecutive rows of one lane that never crosses the head: their first times."""
    drawn = jax.jit(ring.draw, static_argnums=(2, 3))(store, jax.random.key(seed), draws, window)
    time, lane = np.asarray(drawn.observation["time"]), np.asarray(drawn.observation["lane"])
    assert time.shape == (window, draws)
    np.testing.assert_array_equal(time - time[0], np.broadcast_to(np.arange(window)[:, None], time.shape))
    np.testing.assert_array_equal(lane, np.broadcast_to(lane[0], lane.shape))
    assert np.asarray(drawn.acted[:-1]).all()
    np.testing.assert_array_equal(drawn.action[:-1], time[:-1])
    np.testing.assert_array_equal(drawn.is_first, time % 5 == 0)
    assert drawn.extras == drawn.memory == ()
    return time[0], lane[0]


@pytest.mark.parametrize("length", [1, 2, 3, 7])
@pytest.mark.parametrize("window", [2, 4])
@pytest.mark.parametrize("fragments", [4, 11, 40])
def test_windows_are_what_a_list_would_give(length, window, fragments):
    capacity = 40
    store, newest = filled(length, fragments, capacity, window)
    size = store.rows.acted.shape[0]
    kept = list(range(max(0, newest - size + 1), newest + 1))
    valid = kept[: len(kept) - window + 1]
    seen, lanes = starts(store, window)
    assert set(seen.tolist()) == set(valid)
    assert set(lanes.tolist()) == set(range(LANES))
    assert len(kept) - 1 >= min(capacity // LANES, newest)


def test_every_valid_start_is_alike_likely():
    store, _ = filled(3, 9, 30, 3)
    seen, _ = starts(store, 3, draws=8_000)
    counts = np.unique(seen, return_counts=True)[1]
    expected = 8_000 / len(counts)
    assert np.square(counts - expected).sum() / expected < len(counts) + 4 * np.sqrt(2 * len(counts))


def test_the_newest_row_gets_its_decision_with_the_next_fragment():
    store = ring.empty(fragment(0, 2), 20, 2)
    store = ring.add(store, fragment(0, 2))
    assert not store.rows.acted[store.head].any()
    before = int(store.head)
    store = ring.add(store, fragment(2, 2))
    assert store.rows.acted[before].all()
    np.testing.assert_array_equal(store.rows.action[before], 2)


def test_only_one_window_fits():
    store, _ = filled(3, 1, 100, 4)
    assert set(starts(store, 4)[0].tolist()) == {0}


def test_a_fragment_larger_than_the_capacity_still_fits():
    store, newest = filled(9, 3, 4, 2)
    assert newest - 1 in starts(store, 2)[0]


def test_capacity_counts_rows_over_all_lanes():
    example = fragment(0, 1, lanes=4)
    assert ring.empty(example, 100, 2).rows.acted.shape == (26, 4)
    shapes = jax.eval_shape(lambda: jax.tree.map(jnp.asarray, example))
    assert ring.empty(shapes, 100, 2).rows.acted.shape == (26, 4)


def test_types_stay_fixed():
    store = ring.empty(fragment(0, 2), 20, 2)
    after = jax.eval_shape(ring.add, store, fragment(0, 2))
    for old, new in zip(jax.tree.leaves(store), jax.tree.leaves(after), strict=True):
        assert (old.shape, old.dtype, old.weak_type) == (new.shape, new.dtype, new.weak_type)


def stacked_rows(lanes, count, episodes=7):
    """Whole-number images behind a stack, and the same ones alone: rows of `lanes` lanes with endings of their own."""
    spec = Spec(Dict({"image": Box((2, 2, 1), "uint8", 0.0, 255.0), "own": Box((3,))}), Discrete(2))
    layers, rng, said = Layers(spec, (Stack(count, only=("image",)),)), np.random.default_rng(0), []
    memories = layers.start(lanes)
    for t in range(60):
        seen = {"image": rng.integers(0, 256, (lanes, 2, 2, 1)).astype(np.uint8), "own": np.ones((lanes, 3), np.float32)}
        first = (rng.random(lanes) < 1 / episodes) | (t == 0)
        one = np.ones(lanes, np.float32)
        now, memories = layers.observe(memories, TimeStep(seen, first, ~first, t * one, one))
        said.append(now)
    rows = jax.tree.map(lambda *each: np.stack(each), *said)
    action = np.zeros((60, lanes), np.int32)
    return layers.spec, Trajectory(rows.observation, rows.is_first, rows.asks, action, rows.reward, rows.discount, (), ())


@pytest.mark.parametrize("window", [2, 6])
@pytest.mark.parametrize("by", [None, 0.5])
def test_stacks_rebuilt_from_single_frames_equal_those_that_were_seen(window, by):
    spec, rows = stacked_rows(LANES, 4)
    feed = Replay(capacity=40, batch=200, window=window, priority=by)
    held = experience.empty(feed, jax.tree.map(lambda x: x[:6], rows), spec.observation)
    assert held.ring.rows.observation["image"].shape[2:] == (2, 2, 1)
    assert held.ring.layout.size == 20 + 4
    add, draw = jax.jit(partial(experience.add, feed)), jax.jit(partial(experience.draw, feed))
    for i in range(11):
        held = add(held, jax.tree.map(lambda x, i=i: x[5 * i : 5 * i + 6], rows))
        windows, at = draw(held, jax.random.key(i))
        time, newest = np.asarray(windows.reward[0], int), 5 * i + 5
        assert set(time.tolist()) == set(range(max(0, newest - 20), newest - window + 2))
        for t in range(window):
            for name, seen in rows.observation.items():
                np.testing.assert_array_equal(windows.observation[name][t], seen[time + t, np.asarray(at.lane)])
