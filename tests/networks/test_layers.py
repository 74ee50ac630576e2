"""Weights of many networks at once are those that each would have alone."""

import jax
import numpy as np
import pytest

from ecotone.networks.layers import Dense


@pytest.mark.timeout(60)
def test_a_hundred_networks_are_made_in_one_program():
    def layers(key):
        keys = jax.random.split(key, 3)
        return [Dense(key, inputs, 64).weight for key, inputs in zip(keys, (4, 64, 64), strict=True)]

    keys = jax.random.split(jax.random.key(0), 100)
    many = jax.jit(jax.vmap(layers))(keys)  # batched decompositions, several at once, would wait for ever
    for all_, one in zip(many, layers(keys[7]), strict=True):
        np.testing.assert_array_equal(all_[7], one)
        np.testing.assert_allclose(all_[7] @ all_[7].T, 2.0 * np.eye(len(one)), atol=1e-4)
