"""The stream of compiled copies: when episodes end, begin anew, and which keys they get."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.classic import CLASSIC, CartPole, Pendulum
from ecotone.envs.compiled import CompiledStream
from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Spec


class CountState(NamedTuple):
    steps: jax.Array
    born: jax.Array


@frozen
class Count:
    """Shows (steps, a number drawn at birth, a number drawn now); ends at `end`, is cut at `limit`."""

    end: int = 3
    limit: int = 5

    @property
    def spec(self):
        return Spec(Box((3,)), Discrete(2, start=1))

    def reset(self, key):
        born = jax.random.uniform(key)
        return CountState(jnp.zeros(()), born), jnp.stack([0.0, born, 0.0])

    def step(self, state, action, key):
        steps = state.steps + 1
        observation = jnp.stack([steps, state.born, jax.random.uniform(key)])
        return CountState(steps, state.born), observation, action * 1.0, steps >= self.end, steps >= self.limit


def test_an_ended_episode_is_shown_and_the_next_begins_a_row_later(roll):
    rows = roll(Count(), 9, jnp.array([0, 1]))
    np.testing.assert_array_equal(rows.observation[:, 0, 0], [0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
    np.testing.assert_array_equal(rows.is_first[:, 0], np.isin(np.arange(10), [0, 4, 8]))
    np.testing.assert_array_equal(rows.asks[:, 0], ~np.isin(np.arange(10), [3, 7]))
    np.testing.assert_array_equal(rows.discount[:, 0], np.where(np.isin(np.arange(10), [3, 7]), 0.0, 1.0))
    np.testing.assert_array_equal(rows.reward[:, 0], [0, 1, 1, 1, 0, 1, 1, 1, 0, 1])
    np.testing.assert_array_equal(rows.reward[:, 1], [0, 2, 2, 2, 0, 2, 2, 2, 0, 2])
    assert rows.reward.dtype == rows.discount.dtype == np.float32


def test_truncation_ends_without_a_zero_discount(roll):
    rows = roll(Count(end=100, limit=2), 5, jnp.zeros(1, jnp.int32))
    np.testing.assert_array_equal(rows.asks[:, 0], [True, True, False, True, True, False])
    np.testing.assert_array_equal(rows.discount, 1.0)


def test_termination_wins_over_truncation(roll):
    rows = roll(Count(end=2, limit=2), 2, jnp.zeros(1, jnp.int32))
    assert rows.discount[2, 0] == 0.0


def test_every_lane_step_and_episode_has_a_key_of_its_own(roll):
    rows = roll(Count(), 60, jnp.zeros(4, jnp.int32))
    drawn = rows.observation[..., 2][~rows.is_first]
    born = rows.observation[..., 1][rows.is_first]
    numbers = np.concatenate([drawn, born])
    assert len(np.unique(numbers)) == len(numbers)
    again = roll(Count(), 60, jnp.zeros(4, jnp.int32))
    np.testing.assert_array_equal(again.observation, rows.observation)
    other = roll(Count(), 60, jnp.zeros(4, jnp.int32), key=1)
    assert not np.isin(other.observation[..., 1], born).any()


def test_lanes_that_live_are_untouched_when_others_begin_anew():
    stream = CompiledStream(Count(end=9), 2)
    state, _ = stream.start(jax.random.key(0))
    state = state._replace(over=jnp.array([True, False]))
    after, now = stream.step(state, jnp.zeros(2, jnp.int32))
    np.testing.assert_array_equal(after.inner.steps, [0.0, 1.0])
    assert after.inner.born[0] != state.inner.born[0]
    assert after.inner.born[1] == state.inner.born[1]
    np.testing.assert_array_equal(now.is_first, [True, False])
    np.testing.assert_array_equal(now.reward, [0.0, 1.0])


def test_actions_of_rows_reach_the_environment_in_its_units():
    stream = CompiledStream(Pendulum(), 2)
    state, _ = stream.start(jax.random.key(0))
    action = jnp.array([[0.5], [7.0]])
    _, now = stream.step(state, action)
    for lane, torque in enumerate((1.0, 2.0)):
        inner = jax.tree.map(lambda x, lane=lane: x[lane], state.inner)
        expected = Pendulum().step(inner, jnp.array([torque]), jax.random.key(0))
        np.testing.assert_allclose(now.observation[lane], expected[1], rtol=1e-5)
        np.testing.assert_allclose(now.reward[lane], expected[2], rtol=1e-5)


@pytest.mark.parametrize("name", CLASSIC)
def test_classic_tasks_keep_types_and_end_episodes(name, roll):
    stream = CompiledStream(CLASSIC[name](), 3)
    state, first = stream.start(jax.random.key(0))
    action = jnp.ones((3, *stream.spec.action.shape), stream.spec.action.dtype)
    types = lambda tree: jax.tree.map(lambda x: (x.shape, x.dtype, getattr(x, "weak_type", False)), tree)
    step = jax.jit(stream.step)
    after, now = step(state, action)
    assert types(after) == types(state)
    assert types(now) == types(first)
    assert now.observation.shape == (3, *stream.spec.observation.shape)
    assert now.observation.dtype == stream.spec.observation.dtype
    rows = roll(stream.environment, 1002, action)
    assert (~rows.asks).any(0).all()
    assert np.isfinite(rows.observation).all()


def test_another_task_does_not_recompile():
    compiled = []

    @jax.jit
    def once(stream, state):
        compiled.append(1)
        return stream.step(state, jnp.ones(2, jnp.int32))[1].observation

    state, _ = CompiledStream(CartPole(), 2).start(jax.random.key(0))
    weak = once(CompiledStream(CartPole(force=5.0), 2), state)
    strong = once(CompiledStream(CartPole(force=20.0), 2), state)
    assert len(compiled) == 1
    assert (strong[:, 1] > weak[:, 1] + 0.1).all()
