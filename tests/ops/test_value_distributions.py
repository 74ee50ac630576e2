"""Distributional value learning against Dopamine's, TRFL's and RLax's published numbers, and rlax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax
from hypothesis import given
from hypothesis import strategies as st

from ecotone.ops import quantiles as qs
from ecotone.ops import value_distributions as vd
from ecotone.ops.losses import expectile, huber, pinball
from tests.ops.vectors import numbers

GENERATOR = np.random.default_rng(0)
LANES, ACTIONS, ATOMS = 4, 3, 5
NORMAL = lambda *shape: GENERATOR.normal(size=shape).astype(np.float32)
LOGITS, NEXT_LOGITS = NORMAL(2, LANES, ACTIONS, ATOMS)
SUPPORT = np.sort(NORMAL(ATOMS))
ACTION, REWARD = GENERATOR.integers(0, ACTIONS, LANES), NORMAL(LANES)
DISCOUNT = numbers(0.9, 0.0, 0.9, 1.0)
SELECTOR = NORMAL(LANES, ACTIONS)
POLICY = np.asarray(jax.nn.softmax(NORMAL(LANES, ACTIONS)))
FOLLOWING = NORMAL(LANES, ACTIONS, 7)
LEVELS, MANY_LEVELS = np.sort(GENERATOR.random(ATOMS).astype(np.float32)), GENERATOR.random((LANES, ATOMS), np.float32)
close = lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)

PROJECTIONS = [
    (range(5), [0.1, 0.2, 0.1, 0.3, 0.3], [3, 4, 5, 6, 7], [0.7, 0.3, 0, 0, 0]),
    ([0, 2, 4, 6, 8], [0.1, 0.6, 0.1, 0.1, 0.1], [4, 5, 6, 7, 8], [0.8, 0, 0.1, 0, 0.1]),
    ([1, 3, 4, 5, 6], [0.1, 0.2, 0.5, 0.1, 0.1], [4, 5, 6, 7, 8], [0.8, 0.1, 0.1, 0, 0]),
    ([0, 2, 4, 6, 8], [0.1, 0.2, 0.2, 0.2, 0.3], [0, 4, 8, 12, 16], [0.2, 0.4, 0.4, 0, 0]),
    ([8, 9, 10, 12, 14], [0.1, 0.2, 0.4, 0.1, 0.2], [0, 4, 8, 12, 16], [0, 0, 0.45, 0.45, 0.1]),
    (np.arange(-1, 1, 0.25), [0, -0.75, 0, -0.25, 0, 0.25, 0, 0.75], np.arange(-1, 1, 0.5), [-0.375, -0.5, 0, 0.875]),
    (np.arange(0, 2, 0.25), [0, 0, 0.5, 0, 1, 0, 1.5, 0], np.arange(0, 2, 0.5), [0, 0.5, 1, 1.5]),
]


@pytest.mark.parametrize(("support", "probabilities", "onto", "expected"), PROJECTIONS)
def test_published_projections(run, support, probabilities, onto, expected):
    close(run(vd.categorical_projection, numbers(*support), numbers(*probabilities), numbers(*onto)), expected)


def test_projections_with_a_support_for_each_entry(run):
    support, probabilities, onto, expected = zip(*PROJECTIONS[:5], strict=True)
    arrays = [np.asarray([list(x) for x in each], np.float32) for each in (support, probabilities, onto)]
    close(run(vd.categorical_projection, *arrays), expected)
    close(run(jax.vmap(vd.categorical_projection), *arrays), expected)


@given(st.integers(0, 2**32 - 1))
def test_projection_matches_rlax_and_keeps_mass_and_mean(seed):
    generator = np.random.default_rng(seed)
    support, onto = np.sort(generator.normal(size=(2, 6)), -1).astype(np.float32) + np.arange(6, dtype=np.float32) * 0.01
    probabilities = generator.dirichlet(np.ones(6)).astype(np.float32)
    ours = jax.jit(vd.categorical_projection)(support, probabilities, onto)
    np.testing.assert_allclose(ours, rlax.categorical_l2_project(support, probabilities, onto), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.sum(), 1.0, rtol=1e-5)
    inside = support.clip(onto[0], onto[-1])
    np.testing.assert_allclose((ours * onto).sum(), (probabilities * inside).sum(), rtol=1e-3, atol=1e-4)


def test_published_categorical_td(run):
    now = numbers([0, 9, 0], [9, 0, 9], [0, 9, 0], [9, 9, 0], [9, 0, 9])
    following = numbers([0, 0, 9], [1, 1, 1], [0, 0, 9], [1, 1, 1], [0, 9, 9])
    atoms, reward, discount = numbers(0.5, 1, 1.5), numbers(0.5, 0, 0.5, 0.8, -0.1), numbers(0.8, 1, 0.8, 0, 1)
    target = run(vd.categorical_target, atoms, reward, discount, following)
    third = 1 / 3
    expected = [[0, 0, 1], [third] * 3, [0, 0, 1], [0.4, 0.6, 0], [0.1, 0.5, 0.4]]
    np.testing.assert_allclose(target, expected, atol=1e-3)
    loss = run(vd.categorical_td_learning, now, atoms, reward, discount, following)
    np.testing.assert_allclose(loss, [8.998915, 3.693209, 8.998915, 0.693209, 5.192931], rtol=1e-4)


CATEGORICAL = (LOGITS, SUPPORT, ACTION, REWARD, DISCOUNT, NEXT_LOGITS)


def test_categorical_learning_matches_rlax(run):
    every = (None, 0, 0, 0, None, 0)
    oracle = jax.vmap(rlax.categorical_td_learning, every)
    loss = run(vd.categorical_td_learning, LOGITS[:, 0], SUPPORT, REWARD, DISCOUNT, NEXT_LOGITS[:, 0])
    close(loss, oracle(SUPPORT, LOGITS[:, 0], REWARD, DISCOUNT, SUPPORT, NEXT_LOGITS[:, 0]))
    arguments = (SUPPORT, LOGITS, ACTION, REWARD, DISCOUNT, SUPPORT, NEXT_LOGITS)
    every = (None, 0, 0, 0, 0, None, 0)
    close(run(vd.categorical_q_learning, *CATEGORICAL), jax.vmap(rlax.categorical_q_learning, every)(*arguments))
    oracle = jax.vmap(rlax.categorical_double_q_learning, (*every, 0))
    close(run(vd.categorical_double_q_learning, *CATEGORICAL, SELECTOR), oracle(*arguments, SELECTOR))


QUANTILES = numbers([1, 3], [-5, 1], [5, -1])
THREE_LEVELS = numbers([0.2, 0.7], [0.1, 0.5], [0.3, 0.4])
TARGETS = numbers([3, -1], [-1, -1], [-2, 1])


@pytest.mark.parametrize(
    ("levels", "plain", "smooth"), [([0.2, 0.7], 2.0, 2.5), ([0.0, 0.4], 2.2, 8.5 / 3)], ids=["one", "two"]
)
def test_published_quantile_regression(run, levels, plain, smooth):
    arguments = numbers(-1, 3), numbers(*levels), numbers(-3, 4, 2)
    close(run(lambda *x: qs.quantile_regression(*x, 0.0), *arguments), plain)
    close(run(lambda *x: qs.quantile_regression(*x, 2.0), *arguments), smooth)


@pytest.mark.parametrize(("delta", "expected"), [(0.0, [1.6, 1.4, 4.55]), (1.0, [1.275, 1.1, 3.95])])
def test_published_quantile_q(run, delta, expected):
    """The chosen action is the second; following values are the targets once reward is added, for the best action."""
    action, half = np.ones(3, int), np.full(3, 0.5, np.float32)
    quantiles, following = np.stack([9 + QUANTILES, QUANTILES], 1), np.stack([2 * (TARGETS - 0.5), -9 + 0 * TARGETS], 1)
    ours = run(lambda *x: qs.quantile_q_learning(*x, delta), quantiles, THREE_LEVELS, action, half, half, following)
    close(ours, expected)


@pytest.mark.parametrize(("delta", "expected"), [(0.0, [0.9625, 1.4, 5.7]), (1.0, [0.65625, 1.1, 5.1])])
def test_published_quantile_expected_sarsa(run, delta, expected):
    target = numbers(
        [[0.5, 3, 1.5, 1.5], [0.5, -1, 1.5, 1.5]], [[-1] * 4, [-1] * 4], [[-2, 2, -5, -7], [1, 3, 2, -2]]
    ).swapaxes(1, 2)  # fmt: skip
    quantiles = np.stack([QUANTILES] * 4, 1)
    arguments = (quantiles, THREE_LEVELS, np.zeros(3, int), np.zeros(3, np.float32), np.ones(3, np.float32), target)
    policy = np.full((3, 4), 0.25, np.float32)
    close(run(lambda *x: qs.quantile_expected_sarsa(*x, delta), *arguments, policy), expected)


QUANTILE = (LOGITS, MANY_LEVELS, ACTION, REWARD, DISCOUNT, FOLLOWING)


@pytest.mark.parametrize("delta", [0.0, 0.7])
def test_quantile_learning_matches_rlax(run, delta):
    turn = lambda x: np.swapaxes(x, -1, -2)
    bind = lambda function: lambda *x: function(*x, delta)
    oracle = lambda q, tau, a, r, d, w: rlax.quantile_q_learning(q, tau, a, r, d, w, w, delta)
    theirs = jax.vmap(oracle)(turn(LOGITS), MANY_LEVELS, ACTION, REWARD, DISCOUNT, turn(FOLLOWING))
    close(run(bind(qs.quantile_q_learning), *QUANTILE), theirs)
    oracle = lambda q, tau, a, r, d, s, w: rlax.quantile_q_learning(q, tau, a, r, d, s, w, delta)
    theirs = jax.vmap(oracle)(
        turn(LOGITS), MANY_LEVELS, ACTION, REWARD, DISCOUNT, SELECTOR[:, None], turn(FOLLOWING)
    )  # fmt: skip
    close(run(bind(qs.quantile_double_q_learning), *QUANTILE, SELECTOR), theirs)
    if delta:
        close(run(bind(qs.implicit_quantile_q_learning), *QUANTILE, SELECTOR), theirs / delta)
    oracle = lambda q, tau, a, r, d, w, p: rlax.quantile_expected_sarsa(q, tau, a, r, d, w, p, delta)
    theirs = jax.vmap(oracle)(turn(LOGITS), MANY_LEVELS, ACTION, REWARD, DISCOUNT, turn(FOLLOWING), POLICY)
    close(run(bind(qs.quantile_expected_sarsa), *QUANTILE, POLICY), theirs)
    shared = run(bind(qs.quantile_expected_sarsa), LOGITS, LEVELS, *QUANTILE[2:], POLICY)
    each = run(bind(qs.quantile_expected_sarsa), LOGITS, np.tile(LEVELS, (LANES, 1)), *QUANTILE[2:], POLICY)
    close(shared, each)


@pytest.mark.parametrize(
    ("errors", "delta", "expected"),
    [
        ([-2, -1, -0.5, 0, 0.5, 1, 2], 1.0, [1.5, 0.5, 0.125, 0, 0.125, 0.5, 1.5]),
        ([3.5, -3.5], 2.0, [5, 5]),
        ([1, 0, -1, -2, -3], 1.0, [0.5, 0, 0.5, 1.5, 2.5]),
        ([1, 0, -1, -2, -3], 2.0, [0.5, 0, 0.5, 2, 4]),
        ([1], 0.5, [0.375]),
    ],
)
def test_published_huber(run, errors, delta, expected):
    close(run(huber, numbers(*errors), delta), expected)
    slope = run(jax.vmap(jax.grad(huber), (0, None)), numbers(*errors), delta)
    close(slope, np.clip(errors, -delta, delta))


def test_published_expectiles(run):
    errors = -numbers(-2, -1, -0.5, 0, 0.5, 1, 2)
    close(run(expectile, errors, 0.75), [3, 0.75, 0.1875, 0, 0.0625, 0.25, 1])


@pytest.mark.parametrize("delta", [0.0, 0.01])
def test_regressions_find_what_they_are_named_after(delta):
    """Descent on the loss ends at the quantiles of the targets, at the expectiles, and at the mean for level ½."""
    targets = np.sort(NORMAL(400))
    levels = numbers(0.1, 0.5, 0.9)

    def descend(loss):
        step = jax.jit(lambda x, rate: x - rate * jax.grad(loss)(x))
        x = jnp.zeros(3)
        for i in range(600):
            x = step(x, 0.5 / (1 + i / 30))
        return x

    found = descend(lambda x: qs.quantile_regression(x, levels, targets, delta) / (delta or 1.0))
    np.testing.assert_allclose(found, np.quantile(targets, levels), atol=0.08)
    found = descend(lambda x: qs.expectile_regression(x, levels, targets))
    above = lambda x: np.maximum(targets - x, 0).mean()
    below = lambda x: np.maximum(x - targets, 0).mean()
    for level, x in zip(levels, np.asarray(found), strict=True):
        np.testing.assert_allclose(level * above(x), (1 - level) * below(x), atol=1e-3)
    np.testing.assert_allclose(found[1], targets.mean(), atol=1e-3)


def test_pinball_and_expectile_batch_and_differentiate(run):
    errors = NORMAL(10)
    for function in (pinball, expectile, lambda x, level: pinball(x, level, 0.5)):
        close(run(jax.vmap(function, (0, None)), errors, 0.3), function(errors, 0.3))
    slope = run(jax.vmap(jax.grad(pinball), (0, None)), numbers(-2, 2), 0.25)
    close(slope, [-0.75, 0.25])


def test_cosine_features(run):
    features = run(lambda x: qs.cosine_features(x, 4), MANY_LEVELS)
    assert features.shape == (LANES, ATOMS, 4)
    close(features, np.cos(np.pi * np.arange(4) * MANY_LEVELS[..., None]))
    close(qs.midpoints(5), [0.1, 0.3, 0.5, 0.7, 0.9])


LOSSES = {
    "td": (lambda x, r, y: vd.categorical_td_learning(x[:, 0], SUPPORT, r, DISCOUNT, y[:, 0]), NEXT_LOGITS),
    "q": (lambda x, r, y: vd.categorical_q_learning(x, SUPPORT, ACTION, r, DISCOUNT, y), NEXT_LOGITS),
    "double q": (
        lambda x, r, y: vd.categorical_double_q_learning(x, SUPPORT, ACTION, r, DISCOUNT, y, SELECTOR),
        NEXT_LOGITS,
    ),
    "quantile q": (lambda x, r, y: qs.quantile_q_learning(x, LEVELS, ACTION, r, DISCOUNT, y), FOLLOWING),
    "sarsa": (lambda x, r, y: qs.quantile_expected_sarsa(x, LEVELS, ACTION, r, DISCOUNT, y, POLICY), FOLLOWING),
}


@pytest.mark.parametrize("name", LOSSES)
def test_only_the_prediction_learns(run, name):
    loss, following = LOSSES[name]
    assert loss(LOGITS, REWARD, following).shape == (LANES,)
    slopes = run(jax.grad(lambda *x: loss(*x).sum(), (0, 1, 2)), LOGITS, REWARD, following)
    assert np.abs(slopes[0]).sum() > 0
    assert not np.abs(slopes[1]).sum()
    assert not np.abs(slopes[2]).sum()


@pytest.mark.parametrize("logit", [1000.0, -1000.0])
def test_certain_distributions(run, logit):
    now = LOGITS.copy()
    now[..., 0] = logit
    value, slope = run(jax.value_and_grad(lambda x: vd.categorical_q_learning(x, *CATEGORICAL[1:5], -x).sum()), now)
    assert np.isfinite(value)
    assert np.isfinite(slope).all()
    certain = jax.nn.softmax(now)
    impossible = np.where(certain > 0, 0.0, -np.inf).astype(np.float32)
    np.testing.assert_allclose(
        run(vd.categorical_cross_entropy, certain, impossible), np.log((certain > 0).sum(-1)), atol=1e-5
    )


def test_vmap_over_entries(run):
    mapped = run(jax.vmap(lambda x, a, r, d, y: vd.categorical_q_learning(x, SUPPORT, a, r, d, y)), LOGITS, *CATEGORICAL[2:])
    close(mapped, vd.categorical_q_learning(*CATEGORICAL))
    close(run(jax.vmap(qs.quantile_q_learning), *QUANTILE), qs.quantile_q_learning(*QUANTILE))
    mapped = run(jax.vmap(qs.quantile_expected_sarsa), *QUANTILE, POLICY)
    close(mapped, qs.quantile_expected_sarsa(*QUANTILE, POLICY))


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (vd.categorical_q_learning, CATEGORICAL),
        (vd.categorical_double_q_learning, (*CATEGORICAL, SELECTOR)),
        (qs.quantile_q_learning, QUANTILE),
        (qs.quantile_double_q_learning, (*QUANTILE, SELECTOR)),
        (qs.quantile_expected_sarsa, (*QUANTILE, POLICY)),
    ],
)
def test_shapes_that_would_broadcast_are_errors(function, arguments):
    for i, array in enumerate(arguments):
        for wrong in (array[:1], array[..., None]) if array is not LOGITS else (array[:1], array[..., :1]):
            with pytest.raises(ValueError, match=r"one shape.*\(.*\).*\(.*\)"):
                function(*arguments[:i], wrong, *arguments[i + 1 :])
