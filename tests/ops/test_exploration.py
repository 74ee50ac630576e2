"""Exploration and curiosity: the published vectors, rlax, moments, and the papers' formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax
from rlax._src.exploration import IntrinsicRewardState
from scipy import stats

from ecotone.ops import exploration
from ecotone.ops.curiosity import EpisodicMemory, episodic_bonus, episodic_memory, forget_episode, icm, nearest, rnd
from ecotone.ops.exploration import boltzmann, epsilon_greedy, greedy
from ecotone.ops.noise import Noise

GENERATOR = np.random.default_rng(0)
VALUES = GENERATOR.normal(size=(2, 3, 5)).astype(np.float32)
LEGAL = np.ones((2, 3, 5), bool)
LEGAL[0, 0, :3], LEGAL[1, 2, VALUES[1, 2].argmax()], LEGAL[0, 1] = False, False, False
SOURCES = {"numpy": (lambda: Noise(0), np.asarray), "jax": (lambda: jax.random.key(0), jnp.asarray)}


def both(function, *arguments):
    """The result of NumPy arrays, once it equals that of JAX arrays, jitted and mapped."""
    result = function(*arguments)
    assert isinstance(result, np.ndarray)
    assert result.dtype == np.float32
    onto = jax.tree.map(jnp.asarray, arguments)
    np.testing.assert_allclose(jax.jit(function)(*onto), result, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(jax.vmap(function)(*onto), result, rtol=1e-5, atol=1e-7)
    return result


@pytest.mark.parametrize(
    ("values", "epsilon", "legal", "expected"),
    [
        ([0.9, 1, 0.9, 0.1, -0.6], 0.1, None, [0.02, 0.92, 0.02, 0.02, 0.02]),
        ([0.9, 1, 0.9, 0.1, -0.6], 0.1, [0, 1, 1, 1, 1], [0, 0.925, 0.025, 0.025, 0.025]),
        ([1, 1, 1, 1], 0.0, None, [0.25] * 4),
        ([1, 1, 0, 0], 0.2, None, [0.45, 0.45, 0.05, 0.05]),
        ([5, 1, 1], 0.3, [0, 0, 0], [0.8, 0.1, 0.1]),
        ([5, -1e30, -np.inf], 0.0, [0, 1, 1], [0, 1, 0]),
    ],
)
def test_epsilon_greedy_vectors(run, values, epsilon, legal, expected):
    legal = None if legal is None else np.asarray(legal, bool)
    ours = run(epsilon_greedy, np.asarray(values, np.float32), epsilon, legal)
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)


def test_probabilities_of_choices():
    arguments = VALUES, np.float32([[0.1] * 3, [0.4] * 3]), LEGAL
    ours = both(epsilon_greedy, *arguments)
    np.testing.assert_allclose(ours.sum(-1), 1.0, rtol=1e-6)
    assert (ours[~LEGAL & LEGAL.any(-1, keepdims=True)] == 0).all()
    np.testing.assert_allclose(epsilon_greedy(VALUES, 0.0, LEGAL), both(greedy, VALUES, LEGAL))
    theirs = rlax.epsilon_greedy(0.3).probs(jnp.asarray(VALUES))
    np.testing.assert_allclose(epsilon_greedy(VALUES, 0.3), theirs, rtol=1e-5)
    with pytest.raises(ValueError, match=r"\(2, 3, 5\).*\(5,\)"):
        greedy(VALUES, LEGAL[0, 0])


def test_boltzmann():
    warm = both(boltzmann, VALUES, np.float32([[0.5] * 3, [2.0] * 3]), LEGAL)
    np.testing.assert_allclose(warm.sum(-1), 1.0, rtol=1e-6)
    assert (warm[~LEGAL & LEGAL.any(-1, keepdims=True)] == 0).all()
    np.testing.assert_allclose(boltzmann(VALUES, 0.7), rlax.softmax(0.7).probs(jnp.asarray(VALUES)), rtol=1e-5)
    np.testing.assert_allclose(boltzmann(VALUES, 0.0, LEGAL), greedy(VALUES, LEGAL))
    np.testing.assert_allclose(boltzmann(VALUES * 1e3, 1e9), 0.2, rtol=1e-4)
    for scale in (1000.0, 0.0):
        slope = jax.grad(lambda v, s=scale: boltzmann(s * v, 1.0, LEGAL)[..., 0].sum())(VALUES)
        assert np.isfinite(slope).all()


@pytest.mark.parametrize("source", SOURCES)
def test_gaussian_noise(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    action = library(np.full((20_000, 1), 0.5, np.float32))
    noisy = np.asarray(exploration.gaussian_noise(key, action, 0.3))
    assert stats.kstest(noisy[:, 0], stats.norm(0.5, 0.3).cdf).pvalue > 1e-3
    clipped = np.asarray(exploration.gaussian_noise(key, action, 0.3, 0.2)) - 0.5
    assert np.isclose(abs(clipped).max(), 0.2)
    assert 0.4 < (abs(clipped) > 0.199).mean() < 0.6


@pytest.mark.parametrize("source", SOURCES)
def test_ornstein_uhlenbeck_noise_remembers(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    states = [library(np.zeros(4_000, np.float32))]
    for k in jax.random.split(jax.random.key(1), 60):
        states.append(exploration.ornstein_uhlenbeck(k if source == "jax" else key, states[-1], 0.15, 0.2))
    last, before = np.asarray(states[-1]), np.asarray(states[-2])
    # An autoregressive process of coefficient 1 - θ: its standing deviation and its correlation over one step.
    np.testing.assert_allclose(last.std(), 0.2 / np.sqrt(1 - 0.85**2), rtol=0.05)
    np.testing.assert_allclose(np.corrcoef(last, before)[0, 1], 0.85, atol=0.03)
    assert abs(last.mean()) < 0.03


def test_ornstein_uhlenbeck_matches_rlax_and_scales_with_time():
    key, state = jax.random.key(0), jnp.asarray([0.3, -1.0])
    theirs = rlax.add_ornstein_uhlenbeck_noise(key, jnp.zeros(2), state, 0.15, 0.2)
    np.testing.assert_allclose(exploration.ornstein_uhlenbeck(key, state, 0.15, 0.2), theirs, rtol=1e-6)
    quarter = exploration.ornstein_uhlenbeck(key, jnp.zeros(2), 0.15, 0.2, seconds=0.25)
    np.testing.assert_allclose(quarter, 0.5 * exploration.ornstein_uhlenbeck(key, jnp.zeros(2), 0.15, 0.2), rtol=1e-6)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("concentration", [0.03, 2.0])
def test_dirichlet_noise(source, concentration):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    prior = library(np.broadcast_to(np.float32([0.5, 0.3, 0.2, 0.0]), (20_000, 4)))
    legal = library(np.broadcast_to([True, True, True, False], (20_000, 4)))
    mixed = np.asarray(exploration.mix_dirichlet(key, prior, concentration, 0.25, legal))
    assert mixed.dtype == np.float32
    np.testing.assert_allclose(mixed.sum(-1), 1.0, rtol=1e-5)
    assert (mixed[:, 3] == 0).all()
    noise = (mixed - 0.75 * np.asarray(prior))[:, :3] / 0.25
    assert noise.min() > -1e-6
    law = stats.dirichlet([concentration] * 3)
    np.testing.assert_allclose(noise.mean(0), 1 / 3, atol=0.02)
    np.testing.assert_allclose(noise.var(0), law.var(), rtol=0.05)
    everywhere = exploration.mix_dirichlet(key, prior, concentration, 1.0)
    np.testing.assert_allclose(np.asarray(everywhere).mean(0), 0.25, atol=0.02)


def test_epsilons_of_lanes():
    ours = exploration.lane_epsilons(360)
    np.testing.assert_allclose([ours[0], ours[-1]], [0.4, 0.4**8], rtol=1e-5)
    np.testing.assert_allclose(np.diff(np.log(ours)), 7 * np.log(0.4) / 359, rtol=1e-2)
    np.testing.assert_allclose(exploration.lane_epsilons(1), [0.4], rtol=1e-6)


@pytest.mark.parametrize("source", SOURCES)
def test_perturbed_weights(source):
    key, library = SOURCES[source][0](), SOURCES[source][1]
    tree = {"w": library(np.ones((200, 100), np.float32)), "b": (library(np.zeros(5000, np.float32)), library(np.arange(3)))}
    moved = exploration.perturb(key, tree, 0.2)
    assert stats.kstest(np.asarray(moved["w"]).ravel(), stats.norm(1, 0.2).cdf).pvalue > 1e-3
    np.testing.assert_allclose(np.std(moved["b"][0]), 0.2, rtol=0.05)
    np.testing.assert_array_equal(moved["b"][1], np.arange(3))
    assert exploration.perturb(key, (), 0.2) == ()


def test_the_size_of_perturbations_is_found(run):
    """Of actions that move as far as the weights do, the deviation settles where the distance is the threshold."""
    deviation = jnp.asarray(1.0)
    for _ in range(300):
        distance = exploration.action_distance(jnp.zeros((8, 2)), jnp.full((8, 2), 2.0) * deviation)
        deviation = run(exploration.adapt_deviation, deviation, distance, 0.3)
    np.testing.assert_allclose(deviation, 0.15, rtol=0.02)
    threshold = exploration.greedy_threshold(0.1, 4)
    greedy_policy, noisy = np.asarray([1.0, 0, 0, 0]), epsilon_greedy(np.float32([1, 0, 0, 0]), 0.1)
    np.testing.assert_allclose(threshold, stats.entropy(greedy_policy, noisy), rtol=1e-5)
    with pytest.raises(ValueError, match="one shape"):
        exploration.action_distance(jnp.zeros((8, 2)), jnp.zeros(2))


@pytest.mark.parametrize("source", SOURCES)
def test_factorised_noise(source):
    weights, bias = exploration.factorised_noise(SOURCES[source][0](), 400, 300)
    weights, bias = np.asarray(weights), np.asarray(bias)
    assert np.linalg.matrix_rank(weights) == 1
    np.testing.assert_allclose(weights[:, 1] / bias[1], weights[:, 0] / bias[0], rtol=1e-4)
    signed = np.sign(bias) * bias**2
    assert stats.kstest(signed, stats.norm.cdf).pvalue > 1e-3
    assert stats.kstest(np.sign(weights[:, 0] / bias[0]) * (weights[:, 0] / bias[0]) ** 2, stats.norm.cdf).pvalue > 1e-3


def test_nearest_vector(run):
    points, queries = jnp.asarray([[0, 0], [7.5, 1], [40, 40]]), jnp.asarray([[2, 1.3], [7.5, 0]])
    found = run(lambda p, q: nearest(p, q, 2), points, queries)
    np.testing.assert_array_equal(found.index, [[0, 1], [1, 0]])
    np.testing.assert_allclose(found.distance, [[5.69, 30.34], [1, 56.25]], rtol=1e-5)
    assert nearest(points, queries, 9).index.shape == (2, 3)
    mapped = run(jax.vmap(lambda q: nearest(points, q, 2)), queries)
    np.testing.assert_array_equal(mapped.index, found.index)
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        nearest(points, jnp.ones(3), 1)


def test_episodic_bonus_matches_rlax(run):
    """Distances are large, so that rlax's constant beside their (negative) mean does not matter."""
    capacity, size, k = 12, 3, 4
    points = (100 * GENERATOR.normal(size=(capacity, size))).astype(np.float32)
    embedding = (100 * GENERATOR.normal(size=size)).astype(np.float32)
    past = 5_000.0
    mine = EpisodicMemory(jnp.asarray(points), jnp.asarray(capacity + 2), jnp.asarray(past), jnp.asarray(20.0))
    theirs = IntrinsicRewardState(
        memory=jnp.asarray(points), next_memory_index=2, distance_sum=-past * 20, distance_count=20
    )
    bonus, after = run(lambda m, e: episodic_bonus(m, e, k, kernel=1e-2), mine, embedding)
    expected, state = rlax.episodic_memory_intrinsic_rewards(
        jnp.asarray(embedding)[None], k, 1.0, theirs, epsilon=1e-2, max_memory_size=capacity
    )
    np.testing.assert_allclose(bonus, expected[0], rtol=1e-4)
    np.testing.assert_allclose(after.points, state.memory)
    np.testing.assert_allclose(after.distance, -state.distance_sum / state.distance_count, rtol=1e-5)


def test_episodic_bonus_by_hand(run):
    memory, bonuses = episodic_memory(4, 1), []
    step = lambda m, x: episodic_bonus(m, x, 2, kernel=1e-3)
    for x in (0.0, 1.0, 3.0):
        bonus, memory = run(step, memory, jnp.asarray([x]))
        bonuses.append(float(bonus))
    kernel = lambda squares, mean: np.sqrt(sum(1e-3 / (max(d / mean - 8e-3, 0) + 1e-3) for d in squares)) + 1e-3
    expected = [0.0, 1 / kernel([1.0], 1.0), 1 / kernel([4.0, 9.0], 14 / 3)]
    np.testing.assert_allclose(bonuses, expected, rtol=1e-4)
    np.testing.assert_allclose(memory.distance, 14 / 3, rtol=1e-6)
    empty = forget_episode(memory, jnp.asarray(True))
    assert step(empty, jnp.asarray([9.0]))[0] == 0.0
    assert empty.distance == memory.distance
    kept = forget_episode(memory, jnp.asarray(False))
    np.testing.assert_allclose(step(kept, jnp.asarray([9.0]))[0], step(memory, jnp.asarray([9.0]))[0])


def test_what_is_too_familiar_brings_nothing(run):
    memory = EpisodicMemory(jnp.zeros((100, 2)), jnp.asarray(100), jnp.asarray(1.0), jnp.asarray(50.0))
    assert run(lambda m, x: episodic_bonus(m, x, 100), memory, jnp.zeros(2))[0] == 0.0
    assert run(lambda m, x: episodic_bonus(m, x, 100), memory, jnp.full(2, 5.0))[0] > 0.0


def test_lanes_of_memories_are_a_vmap(run):
    lanes = jax.vmap(lambda _: episodic_memory(6, 2))(jnp.arange(3))
    embeddings = GENERATOR.normal(size=(9, 3, 2)).astype(np.float32)
    alone = episodic_memory(6, 2)
    for embedding in embeddings:
        bonus, lanes = run(jax.vmap(lambda m, x: episodic_bonus(m, x, 3)), lanes, embedding)
        one, alone = episodic_bonus(alone, embedding[1], 3)
        np.testing.assert_allclose(bonus[1], one, rtol=1e-4)
    assert int(lanes.count[0]) == 9
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        episodic_bonus(alone, jnp.ones(3))


def test_random_network_distillation(run):
    predicted, random = GENERATOR.normal(size=(2, 4, 3, 8)).astype(np.float32)
    result = run(rnd, predicted, random)
    np.testing.assert_allclose(result.bonus, np.square(predicted - random).mean(-1), rtol=1e-5)
    np.testing.assert_array_equal(result.bonus, result.loss)
    to_predicted, to_random = jax.grad(lambda p, r: rnd(p, r).loss.sum(), (0, 1))(predicted, random)
    np.testing.assert_allclose(to_predicted, 2 * (predicted - random) / 8, rtol=1e-5)
    assert (to_random == 0).all()
    assert (jax.grad(lambda p: rnd(p, random).bonus.sum())(predicted) == 0).all()
    np.testing.assert_allclose(run(jax.vmap(rnd), predicted, random).loss, result.loss, rtol=1e-6)
    with pytest.raises(ValueError, match="one shape"):
        rnd(predicted, random[0])


def test_curiosity(run):
    predicted, following = GENERATOR.normal(size=(2, 5, 8)).astype(np.float32)
    log_prob = -np.abs(GENERATOR.normal(size=5)).astype(np.float32)
    result = run(lambda *x: icm(*x, scale=0.1, weight=0.3), predicted, following, log_prob)
    half = 0.5 * np.square(predicted - following).sum(-1)
    np.testing.assert_allclose(result.bonus, 0.1 * half, rtol=1e-5)
    np.testing.assert_allclose(result.forward, half, rtol=1e-5)
    np.testing.assert_allclose(result.inverse, -log_prob)
    np.testing.assert_allclose(result.loss, 0.7 * -log_prob + 0.3 * half, rtol=1e-5)
    to_all = jax.grad(lambda *x: icm(*x).loss.sum(), (0, 1, 2))(predicted, following, log_prob)
    assert (to_all[0] != 0).all()
    assert (to_all[1] == 0).all()
    np.testing.assert_allclose(to_all[2], -0.8, rtol=1e-6)
    assert (jax.grad(lambda p: icm(p, following, log_prob).bonus.sum())(predicted) == 0).all()
    with pytest.raises(ValueError, match=r"\(5,\).*\(4,\)"):
        icm(predicted, following, log_prob[:4])
