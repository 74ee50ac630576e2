"""Jumanji through the stream."""

import jax
import jax.numpy as jnp
import jumanji
import numpy as np
import pytest

from ecotone.envs.interop.jumanji import _action
from ecotone.envs.names import make_compiled
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Discrete, MultiDiscrete


def test_a_snake_that_hits_a_wall_terminates_and_one_that_is_cut_does_not(roll):
    environment = make_compiled("jumanji:Snake-v1", num_rows=5, num_cols=5, limit=3)
    assert environment.spec.action == Discrete(4)
    assert environment.spec.observation == Box((5 * 5 * 5 + 1 + 4,))
    rows = roll(environment, 40, jnp.array([0, 2]))
    since = np.zeros(2, int)
    kinds = set()
    for t in range(41):
        since = np.where(rows.is_first[t], 0, since + 1)
        assert (since <= 3).all()
        for lane in range(2):
            if not rows.asks[t, lane]:
                kinds.add((int(since[lane]) == 3, float(rows.discount[t, lane])))
            else:
                assert rows.discount[t, lane] == 1.0
    assert (True, 1.0) in kinds
    assert (False, 0.0) in kinds
    assert (False, 1.0) not in kinds


def test_what_jumanji_truncates_keeps_its_discount_and_a_team_shares_its_reward(roll):
    environment = make_compiled("jumanji:LevelBasedForaging-v0", time_limit=4, penalty=0.25)
    assert environment.spec.action == MultiDiscrete((6, 6))
    rows = roll(environment, 9, jnp.full((2, 2), 5, jnp.int32))
    np.testing.assert_array_equal(~rows.asks[:, 0], np.isin(np.arange(10), [4, 9]))
    np.testing.assert_array_equal(rows.discount, 1.0)


def test_rows_are_those_of_jumanji_itself():
    environment, theirs = make_compiled("jumanji:Game2048-v1"), jumanji.make("Game2048-v1")
    state, observation = environment.reset(jax.random.key(1))
    their_state, now = jax.jit(theirs.reset)(jax.random.key(1))
    step, their_step = jax.jit(environment.step), jax.jit(theirs.step)
    total = 0.0
    for t in range(30):
        expected = np.concatenate([np.ravel(now.observation.board), now.observation.action_mask]).astype(np.float32)
        np.testing.assert_array_equal(observation, expected)
        action = jnp.int32(t % 4)
        state, observation, reward, terminated, truncated = step(state, action, jax.random.key(0))
        their_state, now = their_step(their_state, action)
        assert float(reward) == float(now.reward)
        assert (bool(terminated), bool(truncated)) == (bool(now.last()), False)
        total += float(reward)
    assert total > 0


def test_action_spaces():
    specs = jumanji.specs
    floats = specs.BoundedArray((2, 2), jnp.float32, -1.0, np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert _action("x", floats) == Box((4,), low=(-1.0,) * 4, high=(1.0, 2.0, 3.0, 4.0))
    assert _action("x", specs.BoundedArray((2,), jnp.int16, 1, 3)) == MultiDiscrete((3, 3), (1, 1))
    assert _action("x", specs.MultiDiscreteArray(jnp.array([[2, 3], [4, 5]]))) == MultiDiscrete((2, 3, 4, 5))
    assert not _action("x", specs.Array((3,), jnp.float32)).bounded
    with pytest.raises(Mistake, match="without bounds"):
        _action("x", specs.Array((3,), jnp.int32))


def test_mistakes_are_told():
    with pytest.raises(Mistake, match=r"Did you mean.*'Snake-v1'"):
        make_compiled("jumanji:Snake-v0")
    with pytest.raises(Mistake, match="rows"):
        make_compiled("jumanji:Snake-v1", rows=3)
    with pytest.raises(Mistake, match="limit is -2"):
        make_compiled("jumanji:Snake-v1", limit=-2)
