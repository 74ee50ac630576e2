"""Beta, Dirichlet, atoms, points and the special functions against scipy, in NumPy and in JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from ecotone.ops import noise
from ecotone.ops.distributions import Atoms, Beta, Deterministic, Dirichlet
from ecotone.ops.noise import Noise
from ecotone.ops.special import digamma, gammaln, log_sum_exp, sigmoid

GENERATOR = np.random.default_rng(0)
ALPHA, OTHER_ALPHA = GENERATOR.uniform(0.4, 6.0, (2, 2, 3, 2)).astype(np.float32)
BETA, OTHER_BETA = GENERATOR.uniform(0.4, 6.0, (2, 2, 3, 2)).astype(np.float32)
ACTION = GENERATOR.uniform(-0.95, 0.95, (2, 3, 2)).astype(np.float32)
SHARES = GENERATOR.dirichlet([2.0, 2.0, 2.0], (2, 3)).astype(np.float32)
MORE, OTHER_MORE = GENERATOR.uniform(0.4, 6.0, (2, 2, 3, 3)).astype(np.float32)
DRAWS = 20_000
SOURCES = {"numpy": (lambda: Noise(0), np.asarray), "jax": (lambda: jax.random.key(0), jnp.asarray)}


def test_special_functions(run):
    x = np.concatenate([np.geomspace(1e-3, 1e3, 50), [1.0, 2.0]]).astype(np.float32)
    for ours, theirs in ((gammaln, special.gammaln), (digamma, special.psi)):
        np.testing.assert_allclose(run(ours, jnp.asarray(x)), theirs(x.astype(float)), rtol=2e-5, atol=1e-5)
        assert ours(x).dtype == np.float32
        np.testing.assert_allclose(ours(x), theirs(x.astype(float)), rtol=2e-5, atol=1e-5)
    big = np.asarray([[-1e4, 0.0, 3.0], [1e4, 1e4, -1e30]], np.float32)
    for library in (np, jnp):
        np.testing.assert_allclose(sigmoid(library.asarray(big)), special.expit(big), rtol=1e-6)
        np.testing.assert_allclose(log_sum_exp(library.asarray(big)), special.logsumexp(big, -1, keepdims=True), rtol=1e-6)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("concentration", [0.05, 0.7, 1.0, 9.0])
def test_gamma_draws(source, concentration):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    many = library(np.full(DRAWS, concentration, np.float32))
    draws = noise.gamma(key, many)
    assert draws.dtype == np.float32
    assert stats.kstest(np.asarray(draws), stats.gamma(concentration).cdf).pvalue > 1e-3
    logs = np.asarray(noise.log_gamma(key, many))
    assert stats.kstest(logs, stats.loggamma(concentration).cdf).pvalue > 1e-3
    assert np.isfinite(np.asarray(noise.log_gamma(key, library(np.full(99, 1e-3, np.float32))))).all()


def test_gamma_draws_continue_where_saved():
    source = Noise(3)
    noise.normal(source, (2,))
    saved = source.save()
    expected = noise.gamma(source, np.ones(4, np.float32))
    source.restore(saved)
    np.testing.assert_array_equal(noise.gamma(source, np.ones(4, np.float32)), expected)


def test_beta_matches_scipy(run):
    ours, law = Beta(ALPHA, BETA), stats.beta(ALPHA, BETA, loc=-1.0, scale=2.0)
    np.testing.assert_allclose(
        run(lambda d, a: d.log_prob(a), ours, ACTION), law.logpdf(ACTION).sum(-1), rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(run(lambda d: d.entropy(), ours), law.entropy().sum(-1), rtol=1e-3, atol=1e-4)
    plain, law = Beta(ALPHA, BETA, 0.0, 1.0), stats.beta(ALPHA, BETA)
    part = 0.5 * (ACTION + 1.0)
    np.testing.assert_allclose(run(lambda d, a: d.log_prob(a), plain, part), law.logpdf(part).sum(-1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(run(lambda d: d.entropy(), plain), law.entropy().sum(-1), rtol=1e-3, atol=1e-4)


def test_beta_divergence_by_integration(run):
    kl = run(lambda d, e: d.kl(e), Beta(ALPHA, BETA), Beta(OTHER_ALPHA, OTHER_BETA))

    def one(a, b, c, d):
        p, q = stats.beta(a, b), stats.beta(c, d)
        return integrate.quad(lambda x: p.pdf(x) * (p.logpdf(x) - q.logpdf(x)), 0, 1, limit=200)[0]

    numbers = [x[1, 2].astype(float) for x in (ALPHA, BETA, OTHER_ALPHA, OTHER_BETA)]
    expected = sum(one(*each) for each in zip(*numbers, strict=True))
    np.testing.assert_allclose(kl[1, 2], expected, rtol=1e-3)
    assert (kl > 0).all()
    np.testing.assert_allclose(run(lambda d: d.kl(d), Beta(ALPHA, BETA)), 0.0, atol=1e-5)


def test_the_peak_of_a_beta(run):
    ours = Beta(np.float32([3, 0.5, 2, 1, 0.5, 0.3]), np.float32([2, 2, 0.5, 1, 0.5, 0.6]))
    np.testing.assert_allclose(run(lambda d: d.mode(), ours), [1 / 3, -1, 1, 0, 0, -1], rtol=1e-5)
    grid = np.linspace(0.001, 0.999, 999).astype(np.float32)[:, None]
    best = grid[np.asarray(Beta(np.float32([4.0]), np.float32([2.5]), 0.0).log_prob(grid)).argmax(), 0]
    np.testing.assert_allclose(Beta(np.float32([4.0]), np.float32([2.5]), 0.0).mode(), best, atol=2e-3)


def test_dirichlet_matches_scipy(run):
    ours = Dirichlet(MORE)
    log_prob, entropy = run(lambda d, a: (d.log_prob(a), d.entropy()), ours, SHARES)
    for i in np.ndindex(2, 3):
        exact = SHARES[i].astype(float) / SHARES[i].astype(float).sum()
        np.testing.assert_allclose(log_prob[i], stats.dirichlet.logpdf(exact, MORE[i].astype(float)), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(entropy[i], stats.dirichlet.entropy(MORE[i].astype(float)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", ["beta", "dirichlet"])
def test_divergence_and_entropy_are_means_over_draws(kind):
    pair = {
        "beta": (Beta(ALPHA[0, 0], BETA[0, 0]), Beta(OTHER_ALPHA[0, 0], OTHER_BETA[0, 0])),
        "dirichlet": (Dirichlet(MORE[0, 0]), Dirichlet(OTHER_MORE[0, 0])),
    }[kind]
    ours, other = jax.tree.map(lambda x: np.broadcast_to(x, (40_000, *np.shape(x))) if np.ndim(x) else x, pair)
    action, log_prob = ours.sample_and_log_prob(Noise(0))
    np.testing.assert_allclose(-log_prob.mean(), pair[0].entropy(), atol=0.03)
    np.testing.assert_allclose((log_prob - other.log_prob(action)).mean(), pair[0].kl(pair[1]), rtol=0.04)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(("a", "b"), [(2.0, 5.0), (0.3, 0.4), (40.0, 3.0)])
def test_beta_draws(source, a, b):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    ours = Beta(library(np.full((DRAWS, 1), a, np.float32)), library(np.full((DRAWS, 1), b, np.float32)))
    draws = np.asarray(ours.sample(key))
    assert draws.dtype == np.float32
    assert (abs(draws) <= 1).all()
    law = stats.beta(a, b, loc=-1, scale=2)
    assert stats.kstest(draws[:, 0], law.cdf).pvalue > 1e-3
    action, log_prob = ours.sample_and_log_prob(key)
    inside = abs(np.asarray(action)[:, 0]) < 0.999
    np.testing.assert_allclose(np.asarray(log_prob)[inside], np.asarray(ours.log_prob(action))[inside], rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("source", SOURCES)
def test_dirichlet_draws(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    for concentration in ([2.0, 3.0, 0.5], [0.02, 0.03, 0.01]):
        law = stats.dirichlet(concentration)
        ours = Dirichlet(library(np.broadcast_to(np.float32(concentration), (DRAWS, 3))))
        draws, log_prob = map(np.asarray, ours.sample_and_log_prob(key))
        np.testing.assert_allclose(draws.sum(-1), 1.0, rtol=1e-5)
        np.testing.assert_allclose(draws.mean(0), law.mean(), atol=0.015)
        np.testing.assert_allclose(np.cov(draws.T), law.cov(), atol=0.01)
        assert np.isfinite(log_prob).all()
        assert np.asarray(ours.sample(key)).shape == (DRAWS, 3)
    inside = draws.min(-1) > 1e-4
    np.testing.assert_allclose(log_prob[inside], np.asarray(ours.log_prob(library(draws)))[inside], rtol=1e-3, atol=1e-2)


def test_the_peak_of_a_dirichlet(run):
    ours = Dirichlet(np.float32([[2, 3, 4], [0.5, 2, 2.5]]))
    np.testing.assert_allclose(run(lambda d: d.mode(), ours), [[1 / 6, 2 / 6, 3 / 6], [0.1, 0.4, 0.5]], rtol=1e-5)


@pytest.mark.parametrize("small", [1e-3, 1.0, 1e3])
def test_edges_stay_finite(run, small):
    """Draws that round to a bound, and actions on it, give finite densities and slopes."""
    key = jax.random.key(0)

    def question(p):
        beta, shares = Beta(p, 2.0 * p), Dirichlet(p)
        edge = jnp.concatenate([jnp.ones((1, 3)), -jnp.ones((1, 3)), jnp.zeros((1, 3))])
        corner = jnp.eye(3)
        sums = [beta.log_prob(edge), shares.log_prob(corner), beta.entropy(), shares.entropy(), beta.kl(Beta(p, p))]
        sums += [beta.sample_and_log_prob(key)[1], shares.sample_and_log_prob(key)[1], shares.kl(Dirichlet(2 * p))]
        sums += [beta.sample(key).sum(), shares.sample(key)[..., 0].sum(), beta.mode().sum(), shares.mode()[..., 0].sum()]
        return sum(x.sum() for x in sums)

    value, slope = run(jax.value_and_grad(question), jnp.full((3, 3), small))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


def test_draws_carry_a_gradient():
    """The mean of Beta(a, b) on [-1, 1] is 2a/(a + b) - 1; its slope in a is 2b/(a + b)²."""
    key = jax.random.key(0)
    mean = lambda a: Beta(jnp.full((DRAWS, 1), a), jnp.full((DRAWS, 1), 3.0)).sample(key).mean()
    np.testing.assert_allclose(jax.grad(mean)(2.0), 2 * 3 / 25, rtol=0.05)


ATOMS = np.linspace(-2.0, 2.0, 5).astype(np.float32)
LOGITS, OTHER_LOGITS = GENERATOR.normal(size=(2, 2, 3, 5)).astype(np.float32)


def test_atoms(run):
    ours, p = Atoms(LOGITS, ATOMS), special.softmax(LOGITS.astype(float), -1)
    mean, variance, entropy, mode = run(lambda d: (d.mean(), d.variance(), d.entropy(), d.mode()), ours)
    np.testing.assert_allclose(mean, p @ ATOMS, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(variance, p @ ATOMS**2 - (p @ ATOMS) ** 2, rtol=1e-4)
    np.testing.assert_allclose(entropy, stats.entropy(p, axis=-1), rtol=1e-5)
    np.testing.assert_array_equal(mode, ATOMS[p.argmax(-1)])
    kl = run(lambda d, e: d.kl(e), ours, Atoms(OTHER_LOGITS, ATOMS))
    np.testing.assert_allclose(kl, stats.entropy(p, special.softmax(OTHER_LOGITS.astype(float), -1), axis=-1), rtol=1e-4)
    log_prob = run(lambda d, x: d.log_prob(x), ours, np.full((2, 3), 0.9, np.float32))
    np.testing.assert_allclose(log_prob, np.log(p[..., 3]), rtol=1e-5)


@pytest.mark.parametrize("source", SOURCES)
def test_atoms_are_drawn_by_their_probability(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    draws = Atoms(library(np.broadcast_to(LOGITS[0, 0], (DRAWS, 5))), library(ATOMS)).sample(key)
    counts = np.bincount(np.asarray(draws).astype(int) + 2, minlength=5)
    assert stats.chisquare(counts, DRAWS * special.softmax(LOGITS[0, 0].astype(np.float64))).pvalue > 1e-3


def test_points(run):
    ours, other = Deterministic(ACTION), Deterministic(ACTION.copy())
    other.value[1, 2, 0] += 0.1
    np.testing.assert_array_equal(run(lambda d: d.mode(), ours), ACTION)
    np.testing.assert_array_equal(ours.sample(Noise(0)), ACTION)
    log_prob = np.asarray(run(lambda d, a: d.log_prob(a), ours, other.value))
    assert log_prob.dtype == np.float32
    assert log_prob[1, 2] == -np.inf
    assert (np.delete(log_prob.ravel(), 5) == 0).all()
    kl = np.asarray(run(lambda d, e: d.kl(e), ours, other))
    assert kl[1, 2] == np.inf
    assert kl[0, 0] == 0
    np.testing.assert_array_equal(run(lambda d: d.entropy(), ours), np.zeros((2, 3)))
    slope = run(jax.grad(lambda x: Deterministic(x).log_prob(other.value)[0, 0]), ACTION)
    np.testing.assert_array_equal(slope, 0.0)


PAIRS = [
    (Beta(ALPHA, BETA), ACTION),
    (Beta(ALPHA, BETA, 0.0, 2.0), ACTION + 1.0),
    (Dirichlet(MORE), SHARES),
    (Atoms(LOGITS, ATOMS), np.full((2, 3), -1.1, np.float32)),
    (Deterministic(ACTION), ACTION),
]


@pytest.mark.parametrize(("ours", "action"), PAIRS, ids=lambda x: type(x).__name__)
def test_numpy_and_jax_agree(ours, action, run):
    other = jax.tree.map(jnp.asarray, ours)
    questions = [lambda d, a: d.log_prob(a), lambda d, a: d.mode(), lambda d, a: d.entropy(), lambda d, a: d.kl(d)]
    for question in questions:
        numpy = question(ours, action)
        assert isinstance(numpy, np.ndarray)
        assert numpy.dtype == np.float32
        np.testing.assert_allclose(numpy, run(question, other, action), rtol=1e-3, atol=1e-4)
    for drawn in (ours.sample(Noise(0)), ours.sample(jax.random.key(0))):
        assert drawn.shape == action.shape
        assert drawn.dtype == action.dtype
    assert isinstance(ours.sample(Noise(0)), np.ndarray)
    axes = type(ours)(*(0 if np.ndim(x) > 1 else None for x in ours))
    mapped = run(jax.vmap(lambda d, a: d.log_prob(a), (axes, 0)), ours, action)
    np.testing.assert_allclose(mapped, ours.log_prob(action), rtol=1e-4, atol=1e-5)
