"""Losses against rlax and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax

from ecotone.ops.arrays import log_softmax, masked_mean, pick, softplus
from ecotone.ops.losses import clipped_ratio, huber, squared, standardise

ERRORS = np.asarray([-30.0, -1.5, -1.0, -0.3, 0.0, 0.2, 1.0, 2.5, 30.0], np.float32)


def test_squared_matches_rlax(run):
    np.testing.assert_allclose(run(squared, ERRORS), rlax.l2_loss(ERRORS), rtol=1e-6)


@pytest.mark.parametrize("delta", [0.5, 1.0, 3.0])
def test_huber_matches_rlax(run, delta):
    np.testing.assert_allclose(run(huber, ERRORS, delta), rlax.huber_loss(ERRORS, delta), rtol=1e-5)
    slope = run(jax.vmap(jax.grad(huber), (0, None)), ERRORS, delta)
    np.testing.assert_allclose(slope, ERRORS.clip(-delta, delta), rtol=1e-6)


def test_clipped_ratio_matches_rlax(run):
    generator = np.random.default_rng(0)
    log_ratio, advantage = generator.normal(size=(2, 200)).astype(np.float32)
    ours = lambda log_ratio: clipped_ratio(log_ratio, advantage, 0.2).mean()
    theirs = lambda log_ratio: rlax.clipped_surrogate_pg_loss(jnp.exp(log_ratio), advantage, 0.2)
    np.testing.assert_allclose(run(ours, log_ratio), theirs(log_ratio), rtol=1e-5)
    np.testing.assert_allclose(run(jax.grad(ours), log_ratio), jax.grad(theirs)(log_ratio), rtol=1e-4, atol=1e-7)
    one = run(jax.vmap(clipped_ratio, (0, 0, None)), log_ratio, advantage, 0.2)
    np.testing.assert_allclose(one, clipped_ratio(log_ratio, advantage, 0.2), rtol=1e-6)


def test_no_gradient_goes_through_the_advantage():
    slope = jax.grad(lambda advantage: clipped_ratio(jnp.asarray(0.1), advantage, 0.2))(1.0)
    assert slope == 0.0


@pytest.mark.parametrize("log_ratio", [-1e4, -100.0, 100.0, 1e4])
@pytest.mark.parametrize("advantage", [-1.0, 0.0, 1.0])
def test_a_ratio_beyond_all_numbers_leaves_loss_and_gradient_finite(run, log_ratio, advantage):
    value, slope = run(jax.value_and_grad(lambda x: clipped_ratio(x, advantage, 0.2)), log_ratio)
    assert np.isfinite(value)
    assert np.isfinite(slope)


def test_standardise_ignores_what_does_not_count(run):
    values = np.asarray([1.0, 2.0, 3.0, 1e6], np.float32)
    where = np.asarray([True, True, True, False])
    result = run(standardise, values, where)
    np.testing.assert_allclose(result[:3], (values[:3] - 2.0) / values[:3].std(), rtol=1e-5)
    assert result[3] == 0.0
    mapped = run(jax.vmap(standardise), np.stack([values, 2 * values]), np.stack([where, where]))
    np.testing.assert_allclose(mapped[1], result, rtol=1e-5)


@pytest.mark.parametrize("where", [[False] * 3, [True, False, False]])
def test_standardise_of_none_or_one_is_zero(run, where):
    result = run(standardise, np.asarray([5.0, 6.0, 7.0], np.float32), np.asarray(where))
    np.testing.assert_array_equal(result, np.zeros(3))


@pytest.mark.parametrize("library", [np, jnp])
def test_arrays_of_both_kinds(library):
    logits = library.asarray([[1.0, 2.0, 900.0], [-900.0, 0.0, 0.5]], "float32")
    assert type(log_softmax(logits)) is type(logits)
    expected = logits - np.logaddexp.reduce(np.asarray(logits, np.float64), -1)[:, None]
    np.testing.assert_allclose(log_softmax(logits), expected, rtol=1e-6)
    np.testing.assert_array_equal(pick(logits, library.asarray([2, 0])), [900.0, -900.0])
    np.testing.assert_allclose(softplus(library.asarray([-900.0, 0.0, 900.0])), [0.0, np.log(2.0), 900.0], rtol=1e-6)
    assert masked_mean(logits[0], library.asarray([True, True, False])) == 1.5
    assert masked_mean(logits[0], library.zeros(3, bool)) == 0.0
