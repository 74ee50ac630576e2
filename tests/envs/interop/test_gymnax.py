"""gymnax through the stream."""

import gymnax
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.names import make_compiled
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Discrete


def test_a_time_limit_truncates_and_a_fall_terminates(roll):
    cut = roll(make_compiled("gymnax:CartPole-v1", max_steps_in_episode=4), 10, jnp.zeros(2, jnp.int32))
    np.testing.assert_array_equal(~cut.asks[:, 0], np.isin(np.arange(11), [4, 9]))
    np.testing.assert_array_equal(cut.is_first[:, 0], np.isin(np.arange(11), [0, 5, 10]))
    np.testing.assert_array_equal(cut.discount, 1.0)
    fallen = roll(make_compiled("gymnax:CartPole-v1"), 15, jnp.zeros(2, jnp.int32))
    ends = ~fallen.asks
    assert ends.any(0).all()
    np.testing.assert_array_equal(fallen.discount, np.where(ends, 0.0, 1.0))


def test_an_episode_goes_on_from_the_final_observation_and_not_from_a_new_one(roll):
    rows = roll(make_compiled("gymnax:CartPole-v1"), 15, jnp.zeros(2, jnp.int32))
    final = rows.observation[~rows.asks]
    assert (np.abs(final[:, 2]) > 0.2).all()
    assert (np.abs(rows.observation[rows.is_first]) <= 0.05).all()


def test_rows_are_those_of_gymnax_itself():
    environment = make_compiled("gymnax:MountainCarContinuous-v0")
    assert environment.spec.action == Box((1,), low=-1.0, high=1.0)
    theirs, params = gymnax.make("MountainCarContinuous-v0")
    state, observation = environment.reset(jax.random.key(4))
    _, their_state = theirs.reset_env(jax.random.key(4), params)
    step = jax.jit(environment.step)
    for t in range(20):
        action = jnp.array([np.sin(t)])
        state, observation, reward, terminated, _ = step(state, action, jax.random.key(t))
        expected = theirs.step_env(jax.random.key(t), their_state, action, params)
        their_state = expected[1]
        np.testing.assert_allclose(observation, expected[0], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(reward, np.squeeze(expected[2]), rtol=1e-5)
        assert not terminated


def test_actions_reach_it_in_its_units(roll):
    environment = make_compiled("gymnax:PointRobot-misc", max_steps_in_episode=50)
    assert environment.spec.action.bounds()[1] == pytest.approx(0.1)
    rows = roll(environment, 3, jnp.full((2, 2), 1.0))
    moved = rows.observation[1:, :, :2] - rows.observation[:-1, :, :2]
    np.testing.assert_allclose(moved[:, 0], 0.1, atol=1e-5)  # lane 1 reaches its goal, where it is put elsewhere


def test_a_numbered_place_is_a_choice_of_sixteen_and_images_are_floats(roll):
    lake = make_compiled("gymnax:FrozenLake-misc")
    assert lake.spec.observation == Discrete(16)
    assert roll(lake, 5, jnp.zeros(2, jnp.int32)).observation.max() < 16
    assert make_compiled("gymnax:Breakout-MinAtar").spec.observation == Box((10, 10, 4))


def test_options_reach_constructor_and_parameters():
    environment = make_compiled("gymnax:Catch-bsuite", rows=6, max_steps_in_episode=3)
    assert environment.spec.observation == Box((6, 5))
    assert environment == make_compiled("gymnax:Catch-bsuite", max_steps_in_episode=3, rows=6)
    with pytest.raises(Mistake, match=r"rowz.*max_steps_in_episode"):
        make_compiled("gymnax:Catch-bsuite", rowz=6)
    with pytest.raises(Mistake, match=r"Did you mean.*'Breakout-MinAtar'"):
        make_compiled("gymnax:Breakout-Minatar1")
