"""Distributions against scipy, in NumPy and in JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from ecotone.ops.distributions import Categorical, EpsilonGreedy, MultiCategorical, Normal, TanhNormal
from ecotone.ops.noise import Noise

pytestmark = pytest.mark.usefixtures("optimized_programs")  # rounding of tanh is that of users' programs

GENERATOR = np.random.default_rng(0)
LOGITS = GENERATOR.normal(size=(2, 3, 5)).astype(np.float32) * 2
OTHER_LOGITS = GENERATOR.normal(size=(2, 3, 5)).astype(np.float32)
CHOICES = GENERATOR.integers(0, 5, (2, 3)).astype(np.int32)
PARTS = (LOGITS[..., :2], LOGITS[..., 2:])
MEAN = GENERATOR.normal(size=(2, 3, 4)).astype(np.float32)
LOG_STD = GENERATOR.normal(size=4).astype(np.float32) * 0.5
ACTION = GENERATOR.normal(size=(2, 3, 4)).astype(np.float32)
DRAWS = 20_000


def test_categorical_matches_scipy(run):
    p, q = special.softmax(LOGITS, -1), special.softmax(OTHER_LOGITS, -1)
    log_prob = run(lambda d, a: d.log_prob(a), Categorical(LOGITS), CHOICES)
    np.testing.assert_allclose(log_prob, np.log(np.take_along_axis(p, CHOICES[..., None], -1)[..., 0]), rtol=1e-5)
    entropy = run(lambda d: d.entropy(), Categorical(LOGITS))
    np.testing.assert_allclose(entropy, stats.entropy(p, axis=-1), rtol=1e-5)
    kl = run(lambda d, e: d.kl(e), Categorical(LOGITS), Categorical(OTHER_LOGITS))
    np.testing.assert_allclose(kl, stats.entropy(p, q, axis=-1), rtol=1e-4)
    np.testing.assert_array_equal(run(lambda d: d.mode(), Categorical(LOGITS)), LOGITS.argmax(-1))


def test_multi_categorical_is_the_sum_of_its_parts(run):
    ours, other = MultiCategorical(PARTS), MultiCategorical((OTHER_LOGITS[..., :2], OTHER_LOGITS[..., 2:]))
    action = np.stack([CHOICES % 2, CHOICES % 3], -1)
    parts, others = [Categorical(x) for x in PARTS], [Categorical(x) for x in other.logits]
    log_prob = run(lambda d, a: d.log_prob(a), ours, action)
    expected = sum(part.log_prob(action[..., i]) for i, part in enumerate(parts))
    np.testing.assert_allclose(log_prob, expected, rtol=1e-5)
    np.testing.assert_allclose(run(lambda d: d.entropy(), ours), sum(p.entropy() for p in parts), rtol=1e-5)
    kl = sum(p.kl(q) for p, q in zip(parts, others, strict=True))
    np.testing.assert_allclose(run(lambda d, e: d.kl(e), ours, other), kl, rtol=1e-4)
    mode = run(lambda d: d.mode(), ours)
    np.testing.assert_array_equal(mode, np.stack([x.argmax(-1) for x in PARTS], -1))


def test_normal_matches_scipy(run):
    ours, other = Normal(MEAN, LOG_STD), Normal(ACTION, LOG_STD - 0.3)
    std = np.exp(LOG_STD)
    expected = stats.norm.logpdf(ACTION, MEAN, std).sum(-1)
    np.testing.assert_allclose(run(lambda d, a: d.log_prob(a), ours, ACTION), expected, rtol=1e-4, atol=1e-5)
    expected = np.broadcast_to(stats.norm.entropy(MEAN, std).sum(-1), (2, 3))
    np.testing.assert_allclose(run(lambda d: d.entropy(), ours), expected, rtol=1e-5)

    def kl_by_integration(m, s, n, r):
        inside = lambda x: stats.norm.pdf(x, m, s) * (stats.norm.logpdf(x, m, s) - stats.norm.logpdf(x, n, r))
        return integrate.quad(inside, m - 12 * s, m + 12 * s)[0]

    kl = [kl_by_integration(*x) for x in zip(MEAN[0, 0], std, ACTION[0, 0], std * np.exp(-0.3), strict=True)]
    np.testing.assert_allclose(run(lambda d, e: d.kl(e), ours, other)[0, 0], sum(kl), rtol=1e-3)


def test_tanh_normal_is_a_change_of_variables(run):
    before = np.linspace(-3, 3, 24).reshape(2, 3, 4).astype(np.float32)
    action = np.tanh(before)
    slope = np.log1p(-np.square(np.tanh(before.astype(np.float64)))).sum(-1)
    expected = stats.norm.logpdf(before, MEAN, np.exp(LOG_STD)).sum(-1) - slope
    log_prob = run(lambda d, a: d.log_prob(a), TanhNormal(MEAN, np.broadcast_to(LOG_STD, MEAN.shape)), action)
    np.testing.assert_allclose(log_prob, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("mean", "log_std"), [(0.0, 0.0), (0.8, -1.0), (-0.5, 0.3)])
def test_the_squashed_density_integrates_to_one(mean, log_std):
    ours = TanhNormal(np.asarray([mean]), np.asarray([log_std]))
    total = integrate.quad(lambda a: np.exp(ours.log_prob(np.asarray([a]))), -1, 1, limit=200)[0]
    assert abs(total - 1.0) < 1e-3


def test_squashed_draws_know_their_density(run):
    ours = TanhNormal(jnp.asarray(MEAN), jnp.broadcast_to(LOG_STD, MEAN.shape))
    action, log_prob = run(lambda d, key: d.sample_and_log_prob(key), ours, jax.random.key(0))
    np.testing.assert_allclose(log_prob, ours.log_prob(action), rtol=2e-3, atol=2e-3)
    np.testing.assert_array_equal(run(lambda d: d.mode(), ours), jnp.tanh(MEAN))


SOURCES = {"numpy": (lambda: Noise(0), np.asarray), "jax": (lambda: jax.random.key(0), jnp.asarray)}


@pytest.mark.parametrize("source", SOURCES)
def test_choices_are_drawn_by_their_probability(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    logits, exact = library(np.broadcast_to(LOGITS[0, 0], (DRAWS, 5))), LOGITS[0, 0].astype(np.float64)
    draws = Categorical(logits).sample(key)
    assert draws.dtype == np.int32
    assert stats.chisquare(np.bincount(draws, minlength=5), DRAWS * special.softmax(exact)).pvalue > 1e-3
    both = np.asarray(MultiCategorical((logits[:, :2], logits[:, 2:])).sample(key))
    assert both.dtype == np.int32
    joint = np.outer(special.softmax(exact[:2]), special.softmax(exact[2:])).ravel()
    counts = np.bincount(both[:, 0] * 3 + both[:, 1], minlength=6)
    assert stats.chisquare(counts, DRAWS * joint / joint.sum()).pvalue > 1e-3


@pytest.mark.parametrize("source", SOURCES)
def test_numbers_are_drawn_by_their_density(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    mean, log_std = library(np.full((DRAWS, 1), 0.5, np.float32)), library(np.full((DRAWS, 1), -0.7, np.float32))
    law = stats.norm(0.5, np.exp(-0.7))
    assert stats.kstest(np.asarray(Normal(mean, log_std).sample(key)[:, 0]), law.cdf).pvalue > 1e-3
    squashed = np.asarray(TanhNormal(mean, log_std).sample(key)[:, 0], np.float64)
    assert stats.kstest(np.arctanh(squashed), law.cdf).pvalue > 1e-3


@pytest.mark.parametrize("source", SOURCES)
def test_epsilon_greedy_explores_as_often_as_it_says(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    values = library(np.broadcast_to(np.asarray([0.0, 3.0, 1.0], np.float32), (DRAWS, 3)))
    draws = EpsilonGreedy(values, library(np.float32(0.3))).sample(key)
    assert draws.dtype == np.int32
    assert stats.chisquare(np.bincount(draws, minlength=3), DRAWS * np.asarray([0.1, 0.8, 0.1])).pvalue > 1e-3
    for epsilon, seen in ((0.0, {1}), (1.0, {0, 1, 2})):
        assert set(np.asarray(EpsilonGreedy(values, library(np.float32(epsilon))).sample(key)).tolist()) == seen
    np.testing.assert_array_equal(EpsilonGreedy(values, 0.3).mode(), 1)


PAIRS = [
    (Categorical(LOGITS), CHOICES),
    (MultiCategorical(PARTS), np.stack([CHOICES % 2, CHOICES % 3], -1)),
    (Normal(MEAN, LOG_STD), ACTION),
    (TanhNormal(MEAN, np.broadcast_to(LOG_STD, MEAN.shape)), np.tanh(ACTION)),
]


@pytest.mark.parametrize(("ours", "action"), PAIRS, ids=lambda x: type(x).__name__)
def test_numpy_and_jax_agree(ours, action, run):
    other = jax.tree.map(jnp.asarray, ours)
    questions = [lambda d, a: d.log_prob(a), lambda d, a: d.mode(), lambda d, a: d.entropy(), lambda d, a: d.kl(d)]
    for question in questions:
        numpy = question(ours, action)
        assert isinstance(numpy, np.ndarray)
        np.testing.assert_allclose(numpy, run(question, other, action), rtol=1e-4, atol=1e-5)
    assert isinstance(ours.sample(Noise(0)), np.ndarray)
    assert ours.sample(Noise(0)).shape == action.shape == ours.sample(jax.random.key(0)).shape
    assert ours.sample(Noise(0)).dtype == action.dtype == ours.sample(jax.random.key(0)).dtype


@pytest.mark.parametrize(("ours", "action"), PAIRS, ids=lambda x: type(x).__name__)
def test_under_vmap(ours, action, run):
    ours = jax.tree.map(lambda x: jnp.broadcast_to(x, (2, 3, x.shape[-1])), ours)
    mapped = run(jax.vmap(lambda d, a: d.log_prob(a)), ours, action)
    np.testing.assert_allclose(mapped, ours.log_prob(action), rtol=1e-5, atol=1e-6)
    keys = jax.random.split(jax.random.key(0), 2)
    drawn = run(jax.vmap(lambda d, key: d.sample(key)), ours, keys)
    alone = jax.tree.map(lambda x: x[1], ours).sample(keys[1])
    np.testing.assert_allclose(drawn[1], alone, rtol=1e-5)


EXTREMES = np.asarray([[1e4, -1e4, 0.0], [88.0, 0.0, -1e30], [0.0, -np.inf, 0.0], [1e30, -1e30, 0.0]], np.float32)


@pytest.mark.parametrize("logits", EXTREMES)
def test_certain_and_impossible_choices(logits, run):
    """A choice of probability 0 or 1, also where the others are ruled out by -inf, gives no nan and no infinite slope."""
    entropy = run(lambda x: Categorical(x).entropy(), logits)
    assert np.isfinite(entropy)
    assert entropy >= 0.0
    np.testing.assert_allclose(entropy, Categorical(logits).entropy(), atol=1e-6)
    for question in (
        lambda x: Categorical(x).entropy(),
        lambda x: Categorical(x).log_prob(jnp.asarray(0)),
        lambda x: Categorical(x).kl(Categorical(jnp.asarray(logits))),
        lambda x: MultiCategorical((x, x[:2])).entropy(),
    ):
        assert np.isfinite(run(jax.grad(question), jnp.asarray(logits))).all()
    possible = np.flatnonzero(special.softmax(logits.astype(np.float64)) > 0)
    draws = Categorical(np.broadcast_to(logits, (500, 3))).sample(Noise(0))
    assert set(draws.tolist()) <= set(possible.tolist())


@pytest.mark.parametrize(("log_std", "tolerance"), [(-3.0, 0.02), (0.0, 0.02), (2.0, 0.15)])
def test_the_squashed_entropy_is_the_mean_of_what_draws_cost(log_std, tolerance):
    ours = TanhNormal(jnp.full((DRAWS, 2), 0.6), jnp.full((DRAWS, 2), log_std))
    _, log_prob = ours.sample_and_log_prob(jax.random.key(0))
    np.testing.assert_allclose(ours.entropy()[0], -log_prob.mean(), atol=2 * tolerance)


@pytest.mark.parametrize("mean", [-50.0, -9.0, 0.0, 9.0, 50.0])
@pytest.mark.parametrize("log_std", [-5.0, 2.0])
def test_squashing_stays_finite_at_saturation(mean, log_std, run):
    def entropy_and_value(parameters, key):
        action, log_prob = TanhNormal(*parameters).sample_and_log_prob(key)
        return log_prob.sum() + action.sum()

    parameters = (jnp.full((3, 2), mean), jnp.full((3, 2), log_std))
    value, slope = run(jax.value_and_grad(entropy_and_value), parameters, jax.random.key(0))
    assert np.isfinite(value)
    assert all(np.isfinite(x).all() for x in slope)
    for action in (-1.0, 1.0, 0.0):
        log_prob = lambda p, a=action: TanhNormal(*p).log_prob(jnp.full((3, 2), a)).sum()
        value, slope = run(jax.value_and_grad(log_prob), parameters)
        assert np.isfinite(value)
        assert all(np.isfinite(x).all() for x in slope)


def test_saturated_draws_keep_their_exact_density():
    """Where tanh rounds to 1, the density must come from the number before it: log p = log φ(u) - 2(log 2 - |u|)."""
    ours = TanhNormal(jnp.full((1, 1), 20.0), jnp.full((1, 1), -3.0))
    action, log_prob = ours.sample_and_log_prob(jax.random.key(1))
    before = Normal(*ours).sample(jax.random.key(1))
    assert action[0, 0] == 1.0
    expected = stats.norm.logpdf(before[0, 0], 20.0, np.exp(-3.0)) - 2 * (np.log(2.0) - before[0, 0])
    np.testing.assert_allclose(log_prob[0], expected, rtol=1e-4)
