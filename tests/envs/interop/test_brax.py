"""Brax through the stream."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.names import make_compiled
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Spec


def test_a_pendulum_falls_or_is_cut(roll):
    environment = make_compiled("brax:inverted_pendulum", backend="spring", limit=30)
    assert environment.spec == Spec(Box((4,)), Box((1,), low=-1.0, high=1.0))
    rows = roll(environment, 40, jnp.array([[0.0], [1.0]]))
    cut = ~rows.asks[:, 0]
    np.testing.assert_array_equal(cut, np.arange(41) == 30)
    np.testing.assert_array_equal(rows.discount[:, 0], 1.0)
    np.testing.assert_array_equal(rows.is_first[:, 0], np.isin(np.arange(41), [0, 31]))
    fell = ~rows.asks[:30, 1]
    assert fell.any()
    np.testing.assert_array_equal(rows.discount[:30, 1], np.where(fell, 0.0, 1.0))
    assert (np.abs(rows.observation[:30, 1][fell, 1]) > 0.2).all()
    assert (np.abs(rows.observation[rows.is_first]) <= 0.011).all()
    assert len(np.unique(rows.observation[rows.is_first], axis=0)) == rows.is_first.sum()


def test_the_limit_is_a_thousand_decisions_unless_told():
    environment = make_compiled("brax:fast")
    assert environment.limit == 1000
    state, _ = environment.reset(jax.random.key(0))
    step, action = jax.jit(environment.step), jnp.zeros(1)
    assert not step(state._replace(steps=jnp.int32(998)), action, jax.random.key(0))[4]
    after = step(state._replace(steps=jnp.int32(999)), action, jax.random.key(0))
    assert (bool(after[3]), bool(after[4])) == (False, True)
    endless = make_compiled("brax:fast", limit=0)
    assert not endless.step(state._replace(steps=jnp.int32(5000)), action, jax.random.key(0))[4]


def test_observations_of_several_arrays_are_joined(roll):
    environment = make_compiled("brax:fast", obs_mode="dict_latent_state")
    assert environment.spec.observation == Box((26,))
    roll(environment, 2, jnp.zeros((2, 1)))


def test_mistakes_are_told():
    with pytest.raises(Mistake, match="Did you mean 'halfcheetah'"):
        make_compiled("brax:half_cheetah")
    with pytest.raises(Mistake, match="speed"):
        make_compiled("brax:ant", speed=3)
    with pytest.raises(Mistake, match="limit is -1"):
        make_compiled("brax:fast", limit=-1)
