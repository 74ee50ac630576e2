"""Bits, masks, products and chains against scipy and against enumeration, in NumPy and in JAX."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

from ecotone.ops.distributions import (
    Autoregressive,
    Bernoulli,
    Categorical,
    EpsilonGreedy,
    Joint,
    MultiCategorical,
    Normal,
    TanhNormal,
    joint,
    legal_or_all,
    sample_and_log_prob,
)
from ecotone.ops.noise import Noise

GENERATOR = np.random.default_rng(0)
LOGITS, OTHER_LOGITS = GENERATOR.normal(size=(2, 2, 3, 4)).astype(np.float32) * 2
BITS = GENERATOR.integers(0, 2, (2, 3, 4)).astype(np.int32)
CHOICES = GENERATOR.integers(0, 4, (2, 3)).astype(np.int32)
MEAN = GENERATOR.normal(size=(2, 3, 2)).astype(np.float32)
DRAWS = 20_000
SOURCES = {"numpy": (lambda: Noise(0), np.asarray), "jax": (lambda: jax.random.key(0), jnp.asarray)}


def many(x, library=np.asarray):
    return library(np.broadcast_to(x, (DRAWS, *x.shape)))


def test_bernoulli_matches_scipy(run):
    ours, law = Bernoulli(LOGITS), stats.bernoulli(special.expit(LOGITS.astype(float)))
    np.testing.assert_allclose(run(lambda d, a: d.log_prob(a), ours, BITS), law.logpmf(BITS).sum(-1), rtol=1e-4)
    np.testing.assert_allclose(run(lambda d: d.entropy(), ours), law.entropy().sum(-1), rtol=1e-4)
    as_choices = lambda x: MultiCategorical(tuple(np.stack([np.zeros_like(x), x], -1)[..., i, :] for i in range(4)))
    kl = as_choices(LOGITS).kl(as_choices(OTHER_LOGITS))
    np.testing.assert_allclose(run(lambda d, e: d.kl(e), ours, Bernoulli(OTHER_LOGITS)), kl, rtol=1e-3)
    np.testing.assert_array_equal(run(lambda d: d.mode(), ours), LOGITS > 0)


@pytest.mark.parametrize("source", SOURCES)
def test_bits_are_drawn_by_their_probability(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    draws = np.asarray(Bernoulli(many(LOGITS[0, 0], library)).sample(key))
    assert draws.dtype == np.int32
    np.testing.assert_allclose(draws.mean(0), special.expit(LOGITS[0, 0]), atol=0.02)
    np.testing.assert_allclose(np.corrcoef(draws.T)[~np.eye(4, dtype=bool)], 0.0, atol=0.03)


@pytest.mark.parametrize("size", [1000.0, 1e30])
def test_certain_bits(run, size):
    logits = jnp.asarray([size, -size, 0.0])
    for question in (
        lambda x: Bernoulli(x).entropy(),
        lambda x: Bernoulli(x).log_prob(jnp.asarray([1, 0, 1])),
        lambda x: Bernoulli(x).kl(Bernoulli(logits)),
    ):
        value, slope = run(jax.value_and_grad(question), logits)
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
    np.testing.assert_allclose(Bernoulli(logits).entropy(), np.log(2), rtol=1e-6)


LEGAL = GENERATOR.random((2, 3, 4)) < 0.5
LEGAL[0, 0], LEGAL[1, 1], LEGAL[0, 2] = [False, False, True, True], [False, True, False, False], False
COUNTS = legal_or_all(LEGAL)


def exact(logits, legal):
    """Probabilities of the choices that count, in float64."""
    weight = np.exp(logits.astype(float)) * legal
    return weight / weight.sum(-1, keepdims=True)


def test_masked_choices(run):
    ours, p = Categorical(LOGITS), exact(LOGITS, COUNTS)
    masked = run(lambda d, legal: d.masked(legal), ours, LEGAL)
    probabilities = np.exp(np.stack([masked.log_prob(np.full((2, 3), i)) for i in range(4)], -1))
    np.testing.assert_allclose(probabilities, p, rtol=1e-5)
    assert (probabilities[~COUNTS] == 0).all()
    np.testing.assert_array_equal(masked.mode(), p.argmax(-1))
    np.testing.assert_allclose(masked.entropy(), stats.entropy(p, axis=-1), rtol=1e-4, atol=1e-6)
    other = Categorical(OTHER_LOGITS).masked(LEGAL)
    np.testing.assert_allclose(
        masked.kl(other), stats.entropy(p, exact(OTHER_LOGITS, COUNTS), axis=-1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(ours.masked(LEGAL).kl(other), masked.kl(other), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(masked.entropy()[0, 2], ours.entropy()[0, 2], rtol=1e-5)  # nothing legal: all count
    with pytest.raises(ValueError, match=r"\(2, 3, 4\).*\(4,\)"):
        ours.masked(LEGAL[0, 0])


@pytest.mark.parametrize("size", [1.0, 1000.0])
def test_slopes_of_masked_choices(run, size):
    """Finite for every action, illegal ones too; zero to the logits of illegal choices."""
    illegal = np.where(COUNTS, -1, np.arange(4)).max(-1)
    for question in (
        lambda x: Categorical(x).masked(LEGAL).entropy(),
        lambda x: Categorical(x).masked(LEGAL).log_prob(np.maximum(illegal, 0)),
        lambda x: Categorical(x).masked(LEGAL).kl(Categorical(jnp.asarray(OTHER_LOGITS)).masked(LEGAL)),
        lambda x: MultiCategorical((x, x)).masked((LEGAL, LEGAL)).entropy(),
        lambda x: Bernoulli(x).masked(LEGAL).log_prob(BITS),
        lambda x: Bernoulli(x).masked(LEGAL).entropy(),
    ):
        slope = run(jax.grad(lambda x, q=question: q(x).sum()), size * LOGITS)
        assert np.isfinite(slope).all()
    entropy = lambda x: Categorical(x).masked(LEGAL).entropy().sum()
    assert (np.asarray(jax.grad(entropy)(LOGITS))[~COUNTS] == 0).all()


@pytest.mark.parametrize("source", SOURCES)
def test_illegal_choices_are_never_drawn(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    legal = library(np.broadcast_to([True, False, True, False], (DRAWS, 4)))
    logits = library(np.broadcast_to(np.float32([0.0, 50.0, 1.0, 3.0]), (DRAWS, 4)))
    draws = Categorical(logits).masked(legal).sample(key)
    expected = DRAWS * special.softmax([0.0, 1.0])
    assert stats.chisquare(np.bincount(draws, minlength=4)[[0, 2]], expected).pvalue > 1e-3
    assert set(np.asarray(draws).tolist()) == {0, 2}
    both = np.asarray(MultiCategorical((logits, logits[:, :2])).masked((legal, legal[:, :2])).sample(key))
    assert set(both[:, 0].tolist()) == {0, 2}
    assert set(both[:, 1].tolist()) == {0}
    bits = np.asarray(Bernoulli(logits).masked(legal).sample(key))
    assert not bits[:, [1, 3]].any()
    assert bits[:, 0].any()
    greedy = EpsilonGreedy(logits, library(np.float32(0.3))).masked(legal)
    assert (
        stats.chisquare(np.bincount(greedy.sample(key), minlength=4)[[0, 2]], DRAWS * np.asarray([0.15, 0.85])).pvalue > 1e-3
    )
    np.testing.assert_array_equal(greedy.mode(), 2)
    nothing = Categorical(library(np.zeros((DRAWS, 4), np.float32))).masked(library(np.zeros((DRAWS, 4), bool)))
    assert stats.chisquare(np.bincount(nothing.sample(key), minlength=4)).pvalue > 1e-3


def test_epsilon_greedy_answers(run):
    epsilon = np.float32([[0.1, 0.5, 1.0], [0.0, 0.2, 0.9]])
    ours, other = EpsilonGreedy(LOGITS, epsilon).masked(LEGAL), EpsilonGreedy(OTHER_LOGITS, 0.5).masked(LEGAL)
    best = np.where(COUNTS, LOGITS, -np.inf).argmax(-1)
    p = epsilon[..., None] * COUNTS / COUNTS.sum(-1, keepdims=True) + (1 - epsilon[..., None]) * np.eye(4)[best]
    np.testing.assert_allclose(run(lambda d: d.probabilities(), ours), p, rtol=1e-5)
    np.testing.assert_array_equal(run(lambda d: d.mode(), ours), best)
    np.testing.assert_allclose(run(lambda d: d.entropy(), ours), stats.entropy(p, axis=-1), rtol=1e-5, atol=1e-7)
    with np.errstate(divide="ignore"):
        chosen = np.log(np.take_along_axis(p, CHOICES[..., None], -1)[..., 0])
    np.testing.assert_allclose(run(lambda d, a: d.log_prob(a), ours, CHOICES), chosen, rtol=1e-5)
    expected = stats.entropy(p, np.asarray(other.probabilities()), axis=-1)
    np.testing.assert_allclose(run(lambda d, e: d.kl(e), ours, other), expected, rtol=1e-4, atol=1e-6)
    certain, sure = EpsilonGreedy(np.float32([1, 0]), 0.0), EpsilonGreedy(np.float32([0, 1]), 0.0)
    assert certain.kl(sure) == np.inf
    slope = jax.grad(lambda e: EpsilonGreedy(jnp.asarray(LOGITS), e).entropy().sum())(jnp.asarray(0.0))
    assert np.isfinite(slope)


def nested(logits=LOGITS, mean=MEAN):
    return Joint({"b": (Bernoulli(logits), Categorical(logits)), "a": Normal(mean, mean * 0.1)})


ACTIONS = {"b": (BITS, CHOICES), "a": MEAN + 0.3}


def test_a_product_is_the_sum_of_its_parts(run):
    ours, other = nested(), nested(OTHER_LOGITS, MEAN - 0.4)
    parts, others = (ours.parts["a"], *ours.parts["b"]), (other.parts["a"], *other.parts["b"])
    expected = sum(part.log_prob(a) for part, a in zip(parts, (ACTIONS["a"], BITS, CHOICES), strict=True))
    np.testing.assert_allclose(run(lambda d, a: d.log_prob(a), ours, ACTIONS), expected, rtol=1e-4)
    np.testing.assert_allclose(run(lambda d: d.entropy(), ours), sum(part.entropy() for part in parts), rtol=1e-4)
    expected = sum(p.kl(q) for p, q in zip(parts, others, strict=True))
    np.testing.assert_allclose(run(lambda d, e: d.kl(e), ours, other), expected, rtol=1e-4)
    mode = run(lambda d: d.mode(), ours)
    np.testing.assert_array_equal(mode["b"][1], LOGITS.argmax(-1))
    assert jax.tree.structure(mode) == jax.tree.structure(ACTIONS)
    np.testing.assert_allclose(run(jax.vmap(lambda d, a: d.log_prob(a)), ours, ACTIONS), ours.log_prob(ACTIONS), rtol=1e-4)
    np.testing.assert_allclose(Joint((parts[1], parts[2])).log_choices(), 4 * np.log(2) + np.log(4))


@pytest.mark.parametrize("source", SOURCES)
def test_draws_of_a_product(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    ours = jax.tree.map(
        library, Joint((Categorical(LOGITS), {"x": TanhNormal(40.0 + MEAN, MEAN), "y": Categorical(LOGITS)}))
    )
    action, log_prob = ours.sample_and_log_prob(key)
    assert action[0].shape == (2, 3)
    assert action[1]["x"].shape == (2, 3, 2)
    assert isinstance(action[1]["x"], np.ndarray) == (source == "numpy")
    # Where tanh rounds to 1, only the draw itself knows its density: the parts' own way must be used.
    assert np.isfinite(np.asarray(log_prob)).all()
    assert not np.allclose(log_prob, ours.log_prob(action), rtol=0.1)
    assert jax.tree.structure(ours.sample(key)) == jax.tree.structure(action)
    pair = Joint((Categorical(many(LOGITS[0, 0], library)), Categorical(many(LOGITS[0, 0], library)))).sample(key)
    p = special.softmax(LOGITS[0, 0].astype(float))
    counts = np.bincount(np.asarray(pair[0]) * 4 + np.asarray(pair[1]), minlength=16)
    assert stats.chisquare(counts, DRAWS * np.outer(p, p).ravel()).pvalue > 1e-3


def test_mistakes_of_a_product():
    with pytest.raises(ValueError):  # noqa: PT011 (the words are JAX's)
        nested().log_prob((BITS, CHOICES))
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(3,\)"):
        Joint((Categorical(LOGITS), Categorical(LOGITS[0]))).entropy()


def test_heads_are_made_one():
    assert joint(whole := nested()) is whole
    heads = joint((Categorical(LOGITS), nested()))
    np.testing.assert_allclose(heads.entropy(), Categorical(LOGITS).entropy() + nested().entropy(), rtol=1e-5)


TABLES = {
    "first": GENERATOR.normal(size=3).astype(np.float32),
    "second": GENERATOR.normal(size=(3, 2)).astype(np.float32),
    "third": GENERATOR.normal(size=(3, 2, 4)).astype(np.float32),
}


def by_table(tables, earlier):
    """The logits of each part, looked up by what was chosen before."""
    if not earlier:
        return Categorical(tables["first"])
    return Categorical(tables["second" if len(earlier) == 1 else "third"][earlier])


CHAIN = Autoregressive(TABLES, by_table, 3)
ALL = list(itertools.product(range(3), range(2), range(4)))


def table_of(chain):
    """Log-probability of every chain, float64."""
    log_p = np.asarray([chain.log_prob(tuple(map(jnp.asarray, each))) for each in ALL], np.float64)
    np.testing.assert_allclose(np.exp(log_p).sum(), 1.0, rtol=1e-5)
    return log_p - special.logsumexp(log_p)


def test_a_chain_is_a_distribution(run):
    log_p = table_of(CHAIN)
    onto = jax.tree.map(jnp.asarray, CHAIN)
    log_prob = run(lambda d, a: d.log_prob(a), onto, tuple(map(jnp.asarray, ALL[13])))
    np.testing.assert_allclose(log_prob, log_p[13], rtol=1e-5)
    mode = run(lambda d: d.mode(), onto)
    first = TABLES["first"].argmax()
    second = TABLES["second"][first].argmax()
    assert tuple(map(int, mode)) == (first, second, TABLES["third"][first, second].argmax())


def wide(source):
    library = SOURCES[source][1]
    return Autoregressive(jax.tree.map(lambda x: many(x, library), TABLES), by_lane, 3)


def by_lane(tables, earlier):
    """As `by_table`, with a leading axis of lanes."""
    lane = np.arange(DRAWS)
    if not earlier:
        return Categorical(tables["first"])
    return Categorical(tables["second" if len(earlier) == 1 else "third"][(lane, *earlier)])


@pytest.mark.parametrize("source", SOURCES)
def test_chains_are_drawn_by_their_probability(source):
    chain, log_p = wide(source), table_of(CHAIN)
    action, log_prob = chain.sample_and_log_prob(SOURCES[source][0]())
    assert isinstance(action[2], np.ndarray) == (source == "numpy")
    np.testing.assert_allclose(log_prob, chain.log_prob(action), rtol=1e-5)
    index = np.asarray(action[0]) * 8 + np.asarray(action[1]) * 4 + np.asarray(action[2])
    assert stats.chisquare(np.bincount(index, minlength=24), DRAWS * np.exp(log_p)).pvalue > 1e-3
    again = chain.sample(SOURCES[source][0]())
    np.testing.assert_array_equal(again[2], action[2])
    # Along draws, entropy and divergence are right on average.
    other = Autoregressive(jax.tree.map(lambda x: -0.5 * x, chain.parameters), by_lane, 3)
    log_q = table_of(Autoregressive(jax.tree.map(lambda x: -0.5 * x, TABLES), by_table, 3))
    np.testing.assert_allclose(chain.entropy(action).mean(), -(np.exp(log_p) * log_p).sum(), rtol=0.01)
    np.testing.assert_allclose(chain.kl(other, action).mean(), (np.exp(log_p) * (log_p - log_q)).sum(), rtol=0.03)
    np.testing.assert_allclose(chain.entropy(), chain.entropy(chain.mode()))
    np.testing.assert_allclose(chain.kl(other), chain.kl(other, chain.mode()))


def mixed(parameters, earlier):
    """A choice, then a number that depends on it."""
    if not earlier:
        return Categorical(parameters)
    mean = parameters[..., :1] + earlier[0][..., None]
    return TanhNormal(mean, 0.1 * mean)


def test_a_chain_of_kinds_has_slopes(run):
    key = jax.random.key(0)
    for question in (
        lambda x: Autoregressive(x, mixed, 2).sample_and_log_prob(key)[1],
        lambda x: Autoregressive(x, mixed, 2).log_prob((CHOICES, MEAN[..., :1].clip(-1, 1))),
        lambda x: Autoregressive(100.0 * x, by_logits, 2).entropy(),
    ):
        slope = run(jax.grad(lambda x, q=question: q(x).sum()), jnp.asarray(LOGITS))
        assert np.isfinite(slope).all()
        assert (slope != 0).any()
    mapped = run(jax.vmap(lambda x, a: Autoregressive(x, by_logits, 2).log_prob(a)), LOGITS, (CHOICES, CHOICES))
    np.testing.assert_allclose(mapped, Autoregressive(LOGITS, by_logits, 2).log_prob((CHOICES, CHOICES)), rtol=1e-5)


def by_logits(logits, earlier):
    """The second choice avoids the first."""
    return Categorical(logits - 5.0 * jax.nn.one_hot(earlier[0], 4)) if earlier else Categorical(jnp.asarray(logits))


def test_sample_and_log_prob_of_any(run):
    action, log_prob = run(sample_and_log_prob, Categorical(jnp.asarray(LOGITS)), jax.random.key(0))
    np.testing.assert_allclose(log_prob, Categorical(LOGITS).log_prob(action), rtol=1e-5)


PAIRS = [
    (Bernoulli(LOGITS), BITS),
    (Categorical(LOGITS).masked(LEGAL), CHOICES),
    (EpsilonGreedy(LOGITS, np.float32(0.3)), CHOICES),
    (EpsilonGreedy(LOGITS, np.float32(0.3)).masked(LEGAL), CHOICES),
]


@pytest.mark.parametrize(("ours", "action"), PAIRS, ids=lambda x: type(x).__name__)
def test_numpy_and_jax_agree(ours, action, run):
    other = jax.tree.map(jnp.asarray, ours)
    for question in (lambda d, a: d.log_prob(a), lambda d, a: d.mode(), lambda d, a: d.entropy(), lambda d, a: d.kl(d)):
        numpy = question(ours, action)
        assert isinstance(numpy, np.ndarray)
        np.testing.assert_allclose(numpy, run(question, other, action), rtol=1e-4, atol=1e-5)
    for drawn in (ours.sample(Noise(0)), ours.sample(jax.random.key(0))):
        assert drawn.shape == action.shape
        assert drawn.dtype == action.dtype
