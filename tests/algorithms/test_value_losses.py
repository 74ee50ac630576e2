"""The loss of every head against the blocks it is made of and slow loops; options of DQN one by one."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms.value_losses import Backup, greedy_backup, q_loss, soft_backup
from ecotone.networks.values import CategoricalValues, QuantileValues
from ecotone.ops.losses import huber
from ecotone.ops.minibatches import Transition
from ecotone.ops.quantiles import implicit_quantile_q_learning, midpoints, quantile_double_q_learning
from ecotone.ops.transforms import SIGNED_HYPERBOLIC, SYMLOG, transformed
from ecotone.ops.value_distributions import categorical_double_q_learning
from ecotone.ops.values import double_q_learning, expected_sarsa

KEYS = jax.random.split(jax.random.key(0), 8)
ROWS, CHOICES, ATOMS = 6, 3, 5
ACTION = jax.random.randint(KEYS[0], (ROWS,), 0, CHOICES)
REWARD, DISCOUNT = jax.random.normal(KEYS[1], (ROWS,)), jnp.asarray([0.9, 0.9, 0.0, 0.5, 0.99, 0.9])
VALUES, AHEAD, SELECTOR = (2.0 * jax.random.normal(key, (ROWS, CHOICES)) for key in KEYS[2:5])
NOW_EACH, AHEAD_EACH = (jax.random.normal(key, (ROWS, CHOICES, ATOMS)) for key in KEYS[5:7])
BATCH = Transition((), ACTION, REWARD, DISCOUNT, (), jnp.ones(ROWS))
CATEGORIES = partial(CategoricalValues, legal=None, low=-2.0, high=2.0)
EVEN = jnp.broadcast_to(midpoints(ATOMS), (ROWS, ATOMS))
DRAWN = jax.random.uniform(KEYS[7], (ROWS, ATOMS))
GREEDY = greedy_backup(BATCH, SELECTOR)


def test_losses_are_the_blocks_of_their_papers():
    arguments = ACTION, REWARD, DISCOUNT
    loss = q_loss(VALUES, ACTION, AHEAD, GREEDY)
    error = double_q_learning(VALUES, *arguments, AHEAD, SELECTOR).error
    np.testing.assert_allclose(loss.each, huber(error), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(loss.surprise, abs(error), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(q_loss(VALUES, ACTION, AHEAD, GREEDY, squares=True).each, error**2 / 2, rtol=1e-5, atol=1e-6)
    ours = q_loss(CATEGORIES(NOW_EACH), ACTION, CATEGORIES(AHEAD_EACH), GREEDY)
    theirs = categorical_double_q_learning(NOW_EACH, jnp.linspace(-2.0, 2.0, ATOMS), *arguments, AHEAD_EACH, SELECTOR)
    np.testing.assert_allclose(ours.each, theirs, rtol=1e-5)
    for levels in (EVEN, DRAWN):
        ours = q_loss(QuantileValues(NOW_EACH, levels), ACTION, QuantileValues(AHEAD_EACH, levels), GREEDY)
        theirs = quantile_double_q_learning(NOW_EACH, levels, *arguments, AHEAD_EACH, SELECTOR)
        np.testing.assert_allclose(ours.each, theirs, rtol=1e-5)
    theirs = implicit_quantile_q_learning(NOW_EACH, DRAWN, *arguments, AHEAD_EACH, SELECTOR)
    np.testing.assert_allclose(ours.each, theirs, rtol=1e-5)


def test_a_prediction_that_is_its_target_is_no_surprise():
    """A termination with reward 1 on an atom is learned once all is on that atom, and then the divergence is 0."""
    backup = Backup(jnp.ones(1), jnp.zeros(1), jnp.zeros(1, int))
    sure, zero = jnp.asarray([[[-50.0, -50.0, -50.0, 50.0, -50.0]]]), jnp.zeros(1, int)
    ahead = CATEGORIES(jnp.zeros((1, 1, ATOMS)))
    assert q_loss(CATEGORIES(sure), zero, ahead, backup).surprise[0] < 1e-5
    assert q_loss(CATEGORIES(-sure), zero, ahead, backup).surprise[0] > 10.0


@pytest.mark.parametrize("transform", [SIGNED_HYPERBOLIC, SYMLOG])
def test_rescaled_values_are_non_linear_bellman_equations(transform):
    backup = greedy_backup(BATCH, SELECTOR, transform)
    error = transformed(double_q_learning, transform)(VALUES, ACTION, REWARD, DISCOUNT, AHEAD, SELECTOR).error
    np.testing.assert_allclose(q_loss(VALUES, ACTION, AHEAD, backup).each, huber(error), rtol=1e-4, atol=1e-5)
    row, best, atoms = 3, int(SELECTOR[3].argmax()), np.linspace(-2.0, 2.0, ATOMS)
    moved = lambda x: transform.apply(REWARD[row] + DISCOUNT[row] * transform.invert(x))
    np.testing.assert_allclose(backup.target(AHEAD_EACH[:, best])[row], moved(AHEAD_EACH[row, best]), rtol=1e-5)
    p, goal = np.asarray(jax.nn.softmax(AHEAD_EACH[row, best])), np.zeros(ATOMS)
    for atom, share in zip(np.clip(np.asarray(moved(jnp.asarray(atoms))), -2.0, 2.0), p, strict=True):
        goal += share * np.maximum(1.0 - np.abs(atoms - atom), 0.0)  # the atoms are 1 apart
    expected = -(goal * np.asarray(jax.nn.log_softmax(NOW_EACH[row, ACTION[row]]))).sum()
    loss = q_loss(CATEGORIES(NOW_EACH), ACTION, CATEGORIES(AHEAD_EACH), backup).each[row]
    np.testing.assert_allclose(loss, expected, rtol=1e-4)


def test_soft_values_are_expected_values_and_entropy():
    temperature = 0.5
    policy = jax.nn.softmax(SELECTOR / temperature)
    log_policy = jax.nn.log_softmax(SELECTOR / temperature)
    error = expected_sarsa(VALUES, ACTION, REWARD, DISCOUNT, AHEAD - temperature * log_policy, policy).error
    soft = soft_backup(BATCH, SELECTOR, VALUES, temperature, None)
    np.testing.assert_allclose(q_loss(VALUES, ACTION, AHEAD, soft).each, huber(error), rtol=1e-4, atol=1e-5)
    bonus = 0.9 * np.clip(temperature * np.asarray(jax.nn.log_softmax(VALUES / temperature)), -1.0, 0.0)
    expected = np.take_along_axis(bonus, np.asarray(ACTION)[:, None], 1)[:, 0]
    added = soft_backup(BATCH, SELECTOR, VALUES, temperature, 0.9).reward - soft.reward
    np.testing.assert_allclose(added, expected, rtol=1e-4, atol=1e-5)
    assert expected.min() < -0.5


def test_soft_values_become_greedy_ones_as_their_policy_cools():
    cold = soft_backup(BATCH, SELECTOR, VALUES, 1e-3, None)
    quantiles = QuantileValues(NOW_EACH, EVEN), ACTION, QuantileValues(AHEAD_EACH, EVEN)
    categories = CATEGORIES(NOW_EACH), ACTION, CATEGORIES(AHEAD_EACH)
    for told in ((VALUES, ACTION, AHEAD), quantiles, categories):
        np.testing.assert_allclose(q_loss(*told, cold).each, q_loss(*told, GREEDY).each, rtol=1e-3, atol=1e-4)


def test_soft_values_do_not_see_illegal_choices():
    masked = SELECTOR.at[:, 0].set(-1e30), AHEAD.at[:, 0].set(-1e30)
    soft, fewer = (soft_backup(BATCH, chooser, chooser, 0.5, None) for chooser in (masked[0], SELECTOR[:, 1:]))
    np.testing.assert_allclose(soft.reward, fewer.reward, rtol=1e-5)
    np.testing.assert_allclose(soft.follows(masked[1]), fewer.follows(AHEAD[:, 1:]), rtol=1e-5)


def test_gradients_go_through_the_prediction_alone():
    def total(now, ahead, chooser, told):
        backup = soft_backup(BATCH, chooser, chooser, 0.5, 0.9)
        loss = q_loss(told(now), ACTION, told(ahead), backup)
        return loss.each.sum() + loss.surprise.sum()

    for told, now, ahead in (
        (lambda x: x, VALUES, AHEAD),
        (CATEGORIES, NOW_EACH, AHEAD_EACH),
        (lambda x: QuantileValues(x, EVEN), NOW_EACH, AHEAD_EACH),
    ):
        mine, *others = jax.grad(total, argnums=(0, 1, 2))(now, ahead, SELECTOR, told)
        assert abs(mine).max() > 0.0
        assert all(not np.any(each) for each in others)
