"""Environments around environments."""

import jax
import numpy as np
import pytest

from ecotone.envs.classic import CartPole, Catch
from ecotone.envs.wrappers import Entries
from ecotone.testing import check_environment


def test_entries_are_kept_in_their_order():
    whole, part = CartPole(), Entries(CartPole(), (2, 0))
    state, observation = part.reset(jax.random.key(0))
    np.testing.assert_array_equal(observation, whole.reset(jax.random.key(0))[1][np.array([2, 0])])
    after, seen, *rest = part.step(state, 1, jax.random.key(1))
    expected_after, expected, *expected_rest = whole.step(state, 1, jax.random.key(1))
    np.testing.assert_array_equal(seen, expected[np.array([2, 0])])
    for ours, theirs in zip(jax.tree.leaves((after, rest)), jax.tree.leaves((expected_after, expected_rest)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    low, high = part.spec.observation.bounds()
    np.testing.assert_allclose(high, [0.41887903, 4.8], rtol=1e-6)
    np.testing.assert_array_equal(low, -high)


def test_a_wrapped_environment_keeps_its_contract():
    check_environment(Entries(CartPole(limit=20), (0, 2)))


def test_entries_need_a_flat_observation():
    with pytest.raises(ValueError, match="Box of one axis"):
        _ = Entries(Catch(), (0,)).spec
