"""Prioritised draws against a slow dictionary of priorities, and against the paper's formulas."""

import doctest
from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.ops.minibatches import importance
from ecotone.ops.schedules import Constant, Linear
from ecotone.protocols import Report
from ecotone.replay import experience, priority
from ecotone.replay.ring import Places
from ecotone.runtime.learn import Learner, learn
from tests.replay.test_ring import LANES, fragment

FEED = Replay(capacity=40, batch=8, window=3, priority=0.5, importance=Constant(0.7), least_priority=0.01)
DRAWS = 6_000


def held_after(feed, fragments, length=3, value=None) -> Any:
    """Experience after fragments; where given, windows that enter get the priority `value(time, lane)` at once."""
    held = experience.empty(feed, fragment(0, length))
    add = jax.jit(partial(experience.add, feed))
    change = jax.jit(partial(experience.learned, feed))
    for i in range(fragments):
        held = add(held, fragment(i * length, length))
        if value is not None and (newest := (i + 1) * length - feed.window + 1) >= 0:
            time = np.maximum(newest - np.arange(length), 0).repeat(LANES)
            lane = np.tile(np.arange(LANES), length)
            told = jnp.asarray(value(time, lane), jnp.float32)
            held = change(held, Places(time % held.ring.layout.size, lane), Report({}, told))
    return held


def drawn(feed, held, draws=DRAWS):
    """First times, lanes and importance of windows, each checked to be rows in order."""
    windows, _ = jax.jit(partial(experience.draw, replace(feed, batch=draws)))(held, jax.random.key(0))
    time = np.asarray(windows.observation["time"])
    np.testing.assert_array_equal(time - time[0], np.broadcast_to(np.arange(feed.window)[:, None], time.shape))
    assert np.asarray(windows.acted[:-1]).all()
    return time[0], np.asarray(windows.observation["lane"][0]), np.asarray(importance(windows))


@pytest.mark.parametrize("length", [1, 3, 7])
@pytest.mark.parametrize("fragments", [2, 30])
def test_weights_are_those_of_a_dictionary(length, fragments):
    value = lambda time, lane: 1.0 + time % 4 + lane
    held = held_after(FEED, fragments, length, value)
    newest, size = fragments * length, held.ring.layout.size
    valid = range(max(0, newest - size + 1), newest - FEED.window + 2)
    expected = np.zeros((size, LANES))
    for time in valid:
        expected[time % size] = (value(time, np.arange(LANES)) + 0.01) ** 0.5
    weights = np.asarray(held.priorities.weights)
    np.testing.assert_allclose(weights.ravel()[: size * LANES].reshape(size, LANES), expected, rtol=1e-6)
    assert not weights.ravel()[size * LANES :].any()
    np.testing.assert_allclose(held.priorities.sums, weights.sum(-1), rtol=1e-6)


def test_windows_are_drawn_in_proportion_to_priorities_and_weighed_against_them():
    value = lambda time, lane: 1.0 + time % 4 + lane
    held = held_after(FEED, 30, 3, value)
    time, lane, weights = drawn(FEED, held)
    pairs, counts = np.unique(np.stack([time, lane]), axis=1, return_counts=True)
    likely = (value(*pairs) + 0.01) ** 0.5
    size = held.ring.layout.size
    assert len(counts) == (size - FEED.window + 1) * LANES
    assert stats.chisquare(counts, likely / likely.sum() * DRAWS).pvalue > 1e-3
    chance = (value(time, lane) + 0.01) ** 0.5 / likely.sum()
    expected = (len(counts) * chance) ** -0.7
    np.testing.assert_allclose(weights, expected / expected.max(), rtol=1e-4)


def test_draws_are_spread_over_equal_parts_of_the_sum():
    held = held_after(replace(FEED, capacity=4_000), 8, 64)
    time, lane, _ = drawn(FEED, held, 1_000)
    place = np.sort((time * LANES + lane) / (8 * 64 * LANES))
    assert np.abs(place - (np.arange(1_000) + 0.5) / 1_000).max() < 0.06
    assert stats.kstest(place, "uniform").pvalue > 0.5


def test_windows_enter_with_the_greatest_priority_so_far():
    held = held_after(FEED, 4, 3)
    held = experience.learned(FEED, held, Places(jnp.array([1]), jnp.array([0])), Report({}, jnp.array([8.99])))
    held = experience.learned(FEED, held, Places(jnp.array([1]), jnp.array([0])), Report({}, jnp.array([0.5])))
    held = experience.add(FEED, held, fragment(12, 3))
    weights = np.asarray(held.priorities.weights).ravel()
    np.testing.assert_allclose(weights[[2, 2 * 13]], [0.51**0.5, 3.0], rtol=1e-6)
    assert held.priorities.steps == 5 * 3 * LANES


def test_the_exponent_of_importance_follows_environment_steps():
    feed = replace(FEED, importance=Linear(0.0, 1.0, over=60))
    early, late = (drawn(feed, held_after(feed, n, 3, lambda time, lane: 1.0 + time))[2] for n in (5, 10))
    assert early.min() == pytest.approx((1.01 / 14.01) ** 0.25, abs=0.02)
    assert late.min() == pytest.approx((11.01 / 29.01) ** 0.5, abs=0.02)


def test_nothing_without_weight_is_drawn_however_sums_are_rounded():
    weights = jnp.asarray(np.random.default_rng(0).random(5_000, np.float32) * (np.arange(5_000) % 7 == 3))
    parts = jnp.nextafter(jnp.arange(1, 20_001, dtype=jnp.float32) / 20_000, jnp.float32(0))
    found = priority.find(weights, parts)
    assert (weights[found] > 0).all()
    assert found[-1] == 4_994
    assert (jnp.diff(found) >= 0).all()


@pytest.mark.parametrize("by", [None, 0.5])
def test_windows_begin_a_stride_apart(by):
    feed = replace(FEED, priority=by, importance=None, stride=4)
    for fragments in (3, 30):
        held = held_after(feed, fragments, 3)
        assert held.ring.layout.size % 4 == 0
        first = set(drawn(feed, held, 500)[0].tolist())
        newest, size = fragments * 3, held.ring.layout.size
        assert first == {t for t in range(max(0, newest - size + 1), newest - 1) if t % 4 == 0}


class Content:
    """Knows a window when it has seen it once, and counts how often it sees each `[times, lanes]`."""

    observe = staticmethod(lambda state, rows: state)
    policy = staticmethod(lambda state: state)
    feed = replace(FEED, batch=1, warmup=12, ratio=1.0, length=3, least_priority=1e-12)

    def __init__(self, tells=True):
        self.tells = tells

    def update(self, state, rows, key):
        first = rows.observation["time"][0], rows.observation["lane"][0]
        return state.at[first].add(1), Report({}, jnp.zeros(1) if self.tells else None)


def learner_of(algorithm: Any):
    return Learner(jnp.zeros((80, LANES), jnp.int32), experience.empty(algorithm.feed, fragment(0, 3)), jax.random.key(0))


def test_priorities_are_written_back_after_each_of_several_updates():
    algorithm: Any = Content()
    learner = learner_of(algorithm)
    step = jax.jit(lambda learner, rows: learn(algorithm, learner, rows))
    for i in range(20):
        learner, _, _, made = step(learner, fragment(i * 3, 3))
        assert made == (6 if i else 0)
    assert learner.state.sum() == 19 * 6
    assert learner.state.max() == 1


def test_an_algorithm_that_tells_no_priorities_is_an_error():
    algorithm: Any = Content(tells=False)
    with pytest.raises(Mistake, match="reports none"):
        learn(algorithm, learner_of(algorithm), fragment(0, 3))


def test_importance_without_priority_is_an_error():
    with pytest.raises(Mistake, match="set the replay's `priority`"):
        Replay(importance=Constant(1.0))
    with pytest.raises(Mistake, match="at least 1"):
        Replay(stride=0)


def test_examples():
    assert doctest.testmod(priority).failed == 0


def test_types_stay_fixed():
    held = held_after(FEED, 1)
    after = jax.eval_shape(partial(experience.add, FEED), held, fragment(0, 3))
    after = jax.eval_shape(
        partial(experience.learned, FEED), after, Places(*jnp.zeros((2, 8), int)), Report({}, jnp.ones(8))
    )
    for old, new in zip(jax.tree.leaves(held), jax.tree.leaves(after), strict=True):
        assert (old.shape, old.dtype, old.weak_type) == (new.shape, new.dtype, new.weak_type)
