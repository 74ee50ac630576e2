"""MPO and V-MPO against rlax, the published vectors, and numerical minima."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax
from scipy import optimize, special

from ecotone.ops.distributions import Normal
from ecotone.ops.mpo import (
    Constraint,
    constrain,
    decoupled_kl,
    decoupled_log_prob,
    factorised_kl,
    factorised_kl_full,
    mpo,
    mpo_weights,
    temperature_dual,
    vmpo,
    vmpo_weights,
)

GENERATOR = np.random.default_rng(0)
LOG_PROB, VALUES = GENERATOR.normal(size=(2, 6, 5)).astype(np.float32)
KL, KL_BY_DIMENSION = np.abs(GENERATOR.normal(size=5)).astype(np.float32), np.abs(GENERATOR.normal(size=(5, 2)))
KL_BY_DIMENSION = KL_BY_DIMENSION.astype(np.float32)
TEMPERATURE, EPSILON = jnp.asarray(0.7), jnp.asarray(0.1)
PENALTIES = (jnp.asarray(1.3), jnp.asarray(0.05)), (jnp.asarray([0.2, 2.0]), jnp.asarray(0.01))


def constraints(kl=KL, by_dimension=KL_BY_DIMENSION, multipliers=None):
    multipliers = multipliers or [multiplier for multiplier, _ in PENALTIES]
    return [
        Constraint(each, multiplier, epsilon)
        for each, multiplier, (_, epsilon) in zip((kl, by_dimension), multipliers, PENALTIES, strict=True)
    ]


def rlax_constraints():
    per_dimension = (False, True)
    kls = (jnp.asarray(KL), jnp.asarray(KL_BY_DIMENSION))
    return [
        (kl, rlax.LagrangePenalty(*penalty, each)) for kl, penalty, each in zip(kls, PENALTIES, per_dimension, strict=True)
    ]


def test_mpo_matches_rlax(run):
    ours = run(lambda *x: mpo(*x, constraints()), LOG_PROB, VALUES, TEMPERATURE, EPSILON)
    penalty = rlax.LagrangePenalty(TEMPERATURE, EPSILON)
    loss, parts = rlax.mpo_loss(jnp.asarray(LOG_PROB), jnp.asarray(VALUES), penalty, rlax_constraints())
    np.testing.assert_allclose(ours.loss, loss, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.policy, parts.policy_loss, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.penalty, parts.kl_loss, rtol=1e-5)
    np.testing.assert_allclose(ours.dual, parts.alpha_loss, rtol=1e-5)
    np.testing.assert_allclose(ours.temperature, parts.temperature_loss, rtol=1e-5)
    np.testing.assert_allclose(ours.weights, parts.normalized_weights, rtol=1e-5)


def test_each_part_teaches_its_own():
    def loss(log_prob, values, temperature, kl, multiplier):
        bound = Constraint(kl, multiplier, 0.05)
        return mpo(log_prob, values, temperature, 0.1, [bound]).loss.sum()

    to_policy, to_values, to_temperature, to_kl, to_multiplier = jax.grad(loss, range(5))(
        LOG_PROB, VALUES, TEMPERATURE, KL, jnp.asarray(1.3)
    )
    np.testing.assert_allclose(to_policy, -mpo_weights(VALUES, TEMPERATURE), rtol=1e-5)
    np.testing.assert_array_equal(to_values, 0.0)
    expected = jax.grad(lambda t: temperature_dual(VALUES, t, 0.1).sum())(TEMPERATURE)
    np.testing.assert_allclose(to_temperature, expected, rtol=1e-5)
    np.testing.assert_allclose(to_kl, 1.3, rtol=1e-6)
    np.testing.assert_allclose(to_multiplier, (0.05 - KL).sum(), rtol=1e-5)


def test_the_dual_finds_the_temperature_of_the_bound():
    """At the dual's minimum the weights diverge from even ones by just epsilon."""
    values, epsilon = VALUES[:, 0].astype(np.float64), 0.2
    cost = lambda log_t: float(temperature_dual(jnp.asarray(values), jnp.exp(jnp.asarray(log_t)), epsilon))
    best = np.exp(optimize.minimize_scalar(cost, bounds=(-4, 4), method="bounded").x)
    weights = np.asarray(mpo_weights(jnp.asarray(values), best), np.float64)
    np.testing.assert_allclose(special.rel_entr(weights, 1 / 6).sum(), epsilon, rtol=0.02)


@pytest.mark.parametrize("temperature", [1e-3, 1e3])
def test_huge_values_stay_finite(run, temperature):
    huge = 1e4 * VALUES
    question = lambda t: mpo(LOG_PROB, huge, t, 0.1).loss.sum() + vmpo(LOG_PROB, huge, t, 0.1).loss.sum()
    value, slope = run(jax.value_and_grad(question), jnp.asarray(temperature))
    assert np.isfinite(value)
    assert np.isfinite(slope)


def test_axes_of_a_constraint_are_checked():
    with pytest.raises(ValueError, match="divergence of 1 axes"):
        constrain(Constraint(jnp.ones((2, 2, 2)), 1.0, 0.1), 1)
    with pytest.raises(ValueError, match=r"\(5,\).*\(4,\)"):
        mpo(LOG_PROB, VALUES, 1.0, 0.1, [Constraint(KL[:4], 1.0, 0.1)])
    with pytest.raises(ValueError, match=r"\(6, 5\).*\(5,\)"):
        mpo(LOG_PROB, VALUES[0], 1.0, 0.1)
    with pytest.raises(ValueError, match=r"\(6, 5\).*\(5,\)"):
        vmpo(LOG_PROB, VALUES[0], 1.0, 0.1)
    with pytest.raises(ValueError, match="must lie in"):
        vmpo(KL, KL, 1.0, 0.1, top=0.0)


def test_vmpo_temperature_vectors(run):
    advantage, epsilon, e = jnp.asarray([1.0, 2.0]), 0.3, np.exp(-1.0)
    dual = lambda **more: run(lambda a: vmpo_weights(a, 1.0, epsilon, top=1.0, **more)[1], advantage)
    np.testing.assert_allclose(dual(), np.log(1 + e) + 2 - np.log(2) + epsilon, rtol=1e-6)
    np.testing.assert_allclose(dual(restart=jnp.asarray([1.0, 0.0])), 1 + epsilon, rtol=1e-6)
    expected = np.log(0.5 + e) + 2 - np.log(2) + epsilon
    np.testing.assert_allclose(dual(importance=jnp.asarray([1.0, 0.5])), expected, rtol=1e-6)


@pytest.mark.parametrize(("top", "restarts"), [(0.5, False), (1.0, False), (1.0, True)])
def test_vmpo_matches_rlax(run, top, restarts):
    """Without restarts where only the best half counts: rlax counts them among the entries that the half is taken of."""
    restart = (GENERATOR.random((6, 5)) > 0.3).astype(np.float32) if restarts else np.ones((6, 5), np.float32)
    importance = np.exp(GENERATOR.normal(size=(6, 5))).astype(np.float32)
    kl, by_dimension = np.abs(LOG_PROB), np.abs(GENERATOR.normal(size=(6, 5, 2))).astype(np.float32)
    bounds = constraints(kl, by_dimension)
    arguments = {"restart": restart, "importance": importance, "top": top}
    ours = run(lambda *x: vmpo(*x, bounds, **arguments), LOG_PROB, VALUES, TEMPERATURE, EPSILON)
    theirs = [
        (jnp.asarray(bound.kl), rlax.LagrangePenalty(bound.multiplier, bound.epsilon, each))
        for bound, each in zip(bounds, (False, True), strict=True)
    ]
    penalty = rlax.LagrangePenalty(TEMPERATURE, EPSILON)
    loss, parts = rlax.vmpo_loss(
        *map(jnp.asarray, (LOG_PROB, VALUES)), penalty, theirs, restarting_weights=jnp.asarray(restart),
        importance_weights=jnp.asarray(importance), top_k_fraction=top,
    )  # fmt: skip
    np.testing.assert_allclose(ours.loss, loss, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(ours.weights, parts.normalized_weights, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(ours.temperature, parts.temperature_loss, rtol=1e-5)


def test_the_top_half_is_of_those_that_count(run):
    advantage = jnp.asarray([9.0, 1.0, 3.0, 2.0, 0.0])
    weights, _ = run(lambda a: vmpo_weights(a, 1.0, 0.1, restart=jnp.asarray([0, 1, 1, 1, 1])), advantage)
    np.testing.assert_allclose(weights, np.asarray([0, 0, 1, np.exp(-1), 0]) / (1 + np.exp(-1)), rtol=1e-5)
    weights, dual = run(lambda a: vmpo_weights(a, 1.0, 0.1, restart=jnp.zeros(5)), advantage)
    np.testing.assert_array_equal(weights, 0.0)
    assert np.isfinite(dual)
    mapped = run(jax.vmap(lambda a: vmpo_weights(a, 1.0, 0.1)[0]), jnp.stack([advantage, -advantage]))
    np.testing.assert_allclose(mapped[1], vmpo_weights(-advantage, 1.0, 0.1)[0], rtol=1e-6)


OLD = Normal(*GENERATOR.normal(size=(2, 7, 3)).astype(np.float32))
NEW = Normal(*GENERATOR.normal(size=(2, 7, 3)).astype(np.float32))


def test_factorised_parts_add_up(run):
    mean, covariance = run(factorised_kl, OLD, NEW)
    np.testing.assert_allclose((mean + covariance).sum(-1), OLD.kl(NEW), rtol=1e-4)
    theirs = rlax.multivariate_normal_kl_divergence(OLD.mean, np.exp(OLD.log_std), NEW.mean, np.exp(NEW.log_std))
    np.testing.assert_allclose((mean + covariance).sum(-1), theirs, rtol=1e-4)
    np.testing.assert_allclose(mean, 0.5 * np.square((OLD.mean - NEW.mean) / np.exp(NEW.log_std)), rtol=1e-4)
    same_mean, _ = factorised_kl(OLD, Normal(OLD.mean, NEW.log_std))
    _, same_covariance = factorised_kl(OLD, Normal(NEW.mean, OLD.log_std))
    np.testing.assert_array_equal(same_mean, 0.0)
    np.testing.assert_allclose(same_covariance, 0.0, atol=1e-6)
    shared = factorised_kl(Normal(OLD.mean, OLD.log_std[0]), NEW)
    assert shared[0].shape == shared[1].shape == (7, 3)


def test_full_covariances(run):
    """Of diagonal factors the parts are those by dimension; of full ones the sum is the textbook's divergence."""
    diagonal = lambda normal: np.exp(normal.log_std)[..., None] * np.eye(3, dtype=np.float32)
    full = run(factorised_kl_full, OLD.mean, diagonal(OLD), NEW.mean, diagonal(NEW))
    for ours, theirs in zip(full, factorised_kl(OLD, NEW), strict=True):
        np.testing.assert_allclose(ours, theirs.sum(-1), rtol=1e-4, atol=1e-5)
    factor = np.tril(GENERATOR.normal(size=(2, 3, 3))) * 0.3 + np.eye(3)
    (a, b), (m, n) = factor @ factor.swapaxes(-1, -2), GENERATOR.normal(size=(2, 3))
    inverse, shift = np.linalg.inv(b), n - m
    expected = 0.5 * (np.trace(inverse @ a) - 3 + shift @ inverse @ shift + np.log(np.linalg.det(b) / np.linalg.det(a)))
    arguments = [x.astype(np.float32) for x in (m, factor[0], n, factor[1])]
    mean, covariance = run(factorised_kl_full, *arguments)
    np.testing.assert_allclose(mean, 0.5 * shift @ inverse @ shift, rtol=1e-4)
    np.testing.assert_allclose(mean + covariance, expected, rtol=1e-4)


def test_decoupled_parts_teach_mean_and_deviation_apart(run):
    to_old, to_new = run(jax.grad(lambda o, n: decoupled_kl(o, n)[0].sum(), (0, 1)), OLD, NEW)
    np.testing.assert_allclose(to_new.mean, (NEW.mean - OLD.mean) * np.exp(-2 * OLD.log_std), rtol=1e-4)
    np.testing.assert_array_equal(to_new.log_std, 0.0)
    assert all((x == 0).all() for x in to_old)
    to_new = run(jax.grad(lambda n: decoupled_kl(OLD, n)[1].sum()), NEW)
    np.testing.assert_array_equal(to_new.mean, 0.0)
    np.testing.assert_allclose(to_new.log_std, 1 - np.exp(2 * (OLD.log_std - NEW.log_std)), rtol=1e-3, atol=1e-5)


def test_decoupled_log_prob(run):
    action = GENERATOR.normal(size=(4, 7, 3)).astype(np.float32)
    expected = Normal(NEW.mean, OLD.log_std).log_prob(action) + Normal(OLD.mean, NEW.log_std).log_prob(action)
    np.testing.assert_allclose(run(decoupled_log_prob, OLD, NEW, action), expected, rtol=1e-4)
    assert all((x == 0).all() for x in jax.grad(lambda o: decoupled_log_prob(o, NEW, action).sum())(OLD))
