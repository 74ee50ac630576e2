"""Weights of many networks at once are those that each would have alone, and layers have the gradients of products."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.layers import Dense, product


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


@pytest.mark.parametrize("leading", [(), (7,), (32,), (3, 8), (5, 2, 4)], ids=str)
def test_products_have_the_gradients_of_plain_ones(leading):
    draw = lambda *shape: jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)
    x, weight = draw(*leading, 4), draw(4, 3)
    size = lambda multiply: lambda x, weight: jnp.sum(jnp.tanh(multiply(x, weight)) ** 2)
    slopes = lambda multiply: jax.grad(size(multiply), (0, 1))
    bent = lambda multiply: jax.grad(lambda *both: sum(jnp.sum(s**2) for s in slopes(multiply)(*both)), (0, 1))
    for order in (slopes, bent):
        for got, expected in zip(order(product)(x, weight), order(jnp.matmul)(x, weight), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    many = draw(6, *leading, 4), draw(6, 4, 3)
    for got, expected in zip(jax.vmap(slopes(product))(*many), jax.vmap(slopes(jnp.matmul))(*many), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


def test_products_with_stacked_weights_have_gradients_too():
    draw = lambda *shape: jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)
    slopes = lambda multiply: jax.grad(lambda x, weight: jnp.sum(jnp.tanh(multiply(x, weight)) ** 2), (0, 1))
    for got, expected in zip(
        *(slopes(multiply)(draw(5, 7, 4), draw(5, 4, 3)) for multiply in (product, jnp.matmul)), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
