"""Quantile value learning: one loss per entry of `[...]`, never reduced; no gradient flows through targets.

Values are numbers `[..., N]` at `levels` τ in [0, 1], `[N]` or `[..., N]`; action values have their axis before that,
`[..., A, N]`. Other arguments are those of `values`: prediction and `action` at t, `reward` and `discount` between,
`next_…` at t + 1.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import namespace, same_shape
from ecotone.ops.losses import expectile, pinball
from ecotone.ops.value_distributions import chosen_distribution

Array = Any


def _pairs(predictions: Array, levels: Array, targets: Array) -> tuple[Array, Array]:
    """Errors `[..., N, M]` of every target against every prediction, and the levels `[..., N, 1]`."""
    same_shape(predictions_without_atoms=predictions.shape[:-1], targets_without_atoms=targets.shape[:-1])
    if levels.ndim > 1:
        same_shape(predictions=predictions, levels=levels)
    same_shape(predictions_atoms=predictions.shape[-1:], levels_atoms=levels.shape[-1:])
    error = jax.lax.stop_gradient(targets)[..., None, :] - predictions[..., :, None]
    return error, jax.lax.stop_gradient(levels)[..., :, None]


def midpoints(count: int) -> Array:
    """The levels (i + ½) / N, `[N]` float32, at which N fixed quantiles are learned (arXiv:1710.10044, lemma 2).

    >>> midpoints(4).tolist()
    [0.125, 0.375, 0.625, 0.875]
    """
    return (jnp.arange(count, dtype=jnp.float32) + 0.5) / count


def quantile_regression(predictions: Array, levels: Array, targets: Array, delta: float = 1.0) -> Array:
    """Quantile (Huber) regression loss `[...]`: mean over the targets, sum over the predictions (arXiv:1710.10044, eq. 10).

    Arguments:
        predictions: `[..., N]`.
        levels: τ of the predictions, `[N]` or `[..., N]`.
        targets: draws or quantiles of the target, `[..., M]`.
        delta: where Huber's loss turns linear (κ); 0 gives the absolute error.

    >>> levels, targets = jnp.asarray([0.2, 0.7]), jnp.asarray([-3.0, 4.0, 2.0])
    >>> round(float(quantile_regression(jnp.asarray([-1.0, 3.0]), levels, targets, 2.0)), 3)
    2.5
    """
    error, levels = _pairs(predictions, levels, targets)
    return pinball(error, levels, delta).mean(-1).sum(-1)


def expectile_regression(predictions: Array, levels: Array, targets: Array) -> Array:
    """Expectile regression loss `[...]`: mean over the targets, sum over the predictions (arXiv:1902.08102).

    Arguments:
        predictions: `[..., N]`.
        levels: τ of the predictions, `[N]` or `[..., N]`.
        targets: draws of the target, `[..., M]`; expectiles are not draws and want an imputation first.

    >>> expectile_regression(jnp.asarray([1.0]), jnp.asarray([0.75]), jnp.asarray([2.0, 0.0])).tolist()
    0.5
    """
    error, levels = _pairs(predictions, levels, targets)
    return expectile(error, levels).mean(-1).sum(-1)


def quantile_double_q_learning(
    quantiles: Array, levels: Array, action: Array, reward: Array, discount: Array, next_quantiles: Array,
    selector: Array, delta: float = 1.0,
) -> Array:  # fmt: skip
    """Quantile double Q-learning, loss `[...]` (arXiv:1710.10044, algorithm 1; arXiv:1509.06461).

    Arguments:
        quantiles: `[..., A, N]` at t.
        levels: τ of the quantiles, `[N]` or `[..., N]`.
        action, reward, discount: `[...]` of the action at t.
        next_quantiles: `[..., A, M]` at t + 1.
        selector: action values `[..., A]` at t + 1, whose best action bootstraps.
        delta: of Huber's loss; 0 gives the absolute error.

    >>> now, following, best = jnp.zeros((1, 2, 2)), jnp.ones((1, 2, 3)), jnp.asarray([[1.0, 0.0]])
    >>> one, action = jnp.ones(1), jnp.zeros(1, int)
    >>> quantile_double_q_learning(now, midpoints(2), action, one, one, following, best).tolist()
    [1.5]
    """
    same_shape(reward=reward, discount=discount, action=action, leading_axes_of_next_quantiles=next_quantiles.shape[:-2])
    same_shape(selector=selector, next_quantiles_without_atoms=next_quantiles.shape[:-1])
    following = chosen_distribution(next_quantiles, selector.argmax(-1))
    target = reward[..., None] + discount[..., None] * following
    return quantile_regression(chosen_distribution(quantiles, action), levels, target, delta)


def quantile_q_learning(
    quantiles: Array, levels: Array, action: Array, reward: Array, discount: Array, next_quantiles: Array,
    delta: float = 1.0,
) -> Array:  # fmt: skip
    """Quantile Q-learning (QR-DQN), loss `[...]`; the action of highest mean bootstraps (arXiv:1710.10044, algorithm 1).

    Arguments:
        quantiles: `[..., A, N]` at t.
        levels: τ of the quantiles, `[N]` or `[..., N]`.
        action, reward, discount: `[...]` of the action at t.
        next_quantiles: `[..., A, M]` at t + 1.
        delta: of Huber's loss; 0 gives the absolute error.

    >>> now, following = jnp.zeros((1, 2, 2)), jnp.ones((1, 2, 3))
    >>> quantile_q_learning(now, midpoints(2), jnp.zeros(1, int), jnp.ones(1), jnp.ones(1), following).tolist()
    [1.5]
    """
    selector = next_quantiles.mean(-1)
    return quantile_double_q_learning(quantiles, levels, action, reward, discount, next_quantiles, selector, delta)


def quantile_expected_sarsa(
    quantiles: Array, levels: Array, action: Array, reward: Array, discount: Array, next_quantiles: Array,
    next_probabilities: Array, delta: float = 1.0,
) -> Array:  # fmt: skip
    """Quantile expected SARSA, loss `[...]`: regression on π's mixture (arXiv:1710.10044; van Seijen et al. 2009).

    Arguments:
        quantiles: `[..., A, N]` at t.
        levels: τ of the quantiles, `[N]` or `[..., N]`.
        action, reward, discount: `[...]` of the action at t.
        next_quantiles: `[..., A, M]` at t + 1.
        next_probabilities: π(·|x), `[..., A]` at t + 1.
        delta: of Huber's loss; 0 gives the absolute error.

    >>> now, following, half = jnp.zeros((1, 2, 2)), jnp.ones((1, 2, 3)), jnp.full((1, 2), 0.5)
    >>> one, action = jnp.ones(1), jnp.zeros(1, int)
    >>> quantile_expected_sarsa(now, midpoints(2), action, one, one, following, half).tolist()
    [1.5]
    """
    same_shape(reward=reward, discount=discount, action=action)
    same_shape(next_quantiles_without_atoms=next_quantiles.shape[:-1], next_probabilities=next_probabilities)
    target = reward[..., None, None] + discount[..., None, None] * next_quantiles
    prediction = chosen_distribution(quantiles, action)[..., None, :].repeat(target.shape[-2], -2)
    levels = levels if levels.ndim == 1 else levels[..., None, :].repeat(target.shape[-2], -2)
    losses = quantile_regression(prediction, levels, target, delta)
    return (jax.lax.stop_gradient(next_probabilities) * losses).sum(-1)


def cosine_features(levels: Array, count: int) -> Array:
    """cos(π i τ) for i = 0 … `count` − 1, `[..., count]`, of levels τ `[...]` (arXiv:1806.06923, eq. 4).

    >>> cosine_features(jnp.asarray([0.0, 1.0]), 3).round(3).tolist()
    [[1.0, 1.0, 1.0], [1.0, -1.0, 1.0]]
    """
    xp = namespace(levels)
    return xp.cos(math.pi * xp.arange(count, dtype=levels.dtype) * levels[..., None])


def implicit_quantile_q_learning(
    quantiles: Array, levels: Array, action: Array, reward: Array, discount: Array, next_quantiles: Array,
    selector: Array, delta: float = 1.0,
) -> Array:  # fmt: skip
    """Implicit quantile Q-learning (IQN), loss `[...]`: Huber's loss divided by κ (arXiv:1806.06923, eq. 3).

    Arguments:
        quantiles: `[..., A, N]` at t, at the levels.
        levels: τ drawn evenly from [0, 1], `[..., N]`.
        action, reward, discount: `[...]` of the action at t.
        next_quantiles: `[..., A, M]` at t + 1, at levels drawn anew.
        selector: action values `[..., A]` at t + 1: means over K further draws, under the policy's distortion of risk.
        delta: κ, above 0.

    >>> now, following, best = jnp.zeros((1, 2, 2)), jnp.ones((1, 2, 3)), jnp.asarray([[1.0, 0.0]])
    >>> one, action, levels = jnp.ones(1), jnp.zeros(1, int), jnp.asarray([[0.25, 0.75]])
    >>> implicit_quantile_q_learning(now, levels, action, one, one, following, best, 0.5).tolist()
    [1.75]
    """
    arguments = (quantiles, levels, action, reward, discount, next_quantiles, selector, delta)
    return quantile_double_q_learning(*arguments) / delta
