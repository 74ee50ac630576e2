"""Categorical value learning: one loss per entry of `[...]`, never reduced; no gradient flows through targets.

Values are logits `[..., N]` over `atoms` `[N]`; action values have their axis before that, `[..., A, N]`. Other arguments
are those of `values`: prediction and `action` at t, `reward` and `discount` between, `next_…` at t + 1.
"""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import same_shape

Array = Any


def categorical_projection(support: Array, probabilities: Array, onto: Array) -> Array:
    """A categorical distribution moved to other atoms, `[..., M]`: its Cramér projection (arXiv:1707.06887, eq. 7).

    Each atom's probability is shared by its two neighbours on the new support, the nearer takes more; what lies beyond its
    ends goes to the end.

    Arguments:
        support: atoms, `[N]` or `[..., N]`, of any spacing and order.
        probabilities: `[..., N]`.
        onto: new atoms, strictly increasing, `[M]` or `[..., M]`.

    >>> categorical_projection(jnp.asarray([0.25, 7.0]), jnp.asarray([0.5, 0.5]), jnp.asarray([0.0, 1.0, 2.0])).tolist()
    [0.375, 0.125, 0.5]
    """
    if support.ndim > 1:
        same_shape(support=support, probabilities=probabilities)
    same_shape(support_atoms=support.shape[-1:], probabilities_atoms=probabilities.shape[-1:])
    kept = jnp.clip(support, onto[..., :1], onto[..., -1:])[..., None, :] - onto[..., :, None]
    gap = jnp.diff(onto)
    end = jnp.full_like(onto[..., :1], jnp.inf)
    rise = 1.0 + kept / jnp.concatenate([end, gap], -1)[..., :, None]
    fall = 1.0 - kept / jnp.concatenate([gap, end], -1)[..., :, None]
    share = jnp.clip(jnp.minimum(rise, fall), 0.0, 1.0)
    return (share * probabilities[..., None, :]).sum(-1)


def categorical_target(atoms: Array, reward: Array, discount: Array, next_logits: Array) -> Array:
    """Probabilities `[..., N]` of `reward + discount · atoms`, projected onto `atoms` (arXiv:1707.06887, algorithm 1).

    Arguments:
        atoms: `[N]`, strictly increasing.
        reward, discount: `[...]`.
        next_logits: `[..., N]` at t + 1.

    >>> atoms, even = jnp.asarray([0.0, 1.0]), jnp.zeros((1, 2))
    >>> categorical_target(atoms, jnp.full(1, 0.25), jnp.full(1, 0.5), even).tolist()
    [[0.5, 0.5]]
    """
    same_shape(reward=reward, discount=discount, next_logits_without_atoms=next_logits.shape[:-1])
    same_shape(atoms=atoms.shape, next_logits_atoms=next_logits.shape[-1:])
    moved = reward[..., None] + discount[..., None] * atoms
    return categorical_projection(moved, jax.nn.softmax(next_logits), atoms)


def categorical_cross_entropy(probabilities: Array, logits: Array) -> Array:
    """−Σ p log q in nats, `[...]`, of targets p and predicted logits of q, both `[..., N]` (arXiv:1707.06887, section 4).

    No gradient flows through the probabilities.

    >>> round(float(categorical_cross_entropy(jnp.asarray([0.5, 0.5]), jnp.zeros(2))), 4)
    0.6931
    """
    same_shape(probabilities=probabilities, logits=logits)
    probabilities = jax.lax.stop_gradient(probabilities)
    return -(probabilities * jnp.where(probabilities > 0.0, jax.nn.log_softmax(logits), 0.0)).sum(-1)


def chosen_distribution(values: Array, action: Array) -> Array:
    """Distributions `[..., N]` of the actions `[...]`, out of all actions' `[..., A, N]` of that time (arXiv:1707.06887).

    >>> chosen_distribution(jnp.asarray([[[1.0, 2.0], [3.0, 4.0]]]), jnp.asarray([1])).tolist()
    [[3.0, 4.0]]
    """
    same_shape(values_without_actions_and_atoms=values.shape[:-2], action=action)
    return jnp.take_along_axis(values, action[..., None, None], -2)[..., 0, :]


def categorical_td_learning(logits: Array, atoms: Array, reward: Array, discount: Array, next_logits: Array) -> Array:
    """Categorical TD learning of state values, loss `[...]` in nats (arXiv:1707.06887, algorithm 1).

    Arguments:
        logits: `[..., N]` at t.
        atoms: `[N]`, strictly increasing.
        reward, discount: `[...]`.
        next_logits: `[..., N]` at t + 1.

    >>> atoms, even = jnp.asarray([0.0, 1.0]), jnp.zeros((1, 2))
    >>> round(categorical_td_learning(even, atoms, jnp.ones(1), jnp.zeros(1), even).item(), 4)
    0.6931
    """
    return categorical_cross_entropy(categorical_target(atoms, reward, discount, next_logits), logits)


def categorical_double_q_learning(
    logits: Array, atoms: Array, action: Array, reward: Array, discount: Array, next_logits: Array, selector: Array
) -> Array:
    """Categorical double Q-learning, loss `[...]` in nats (arXiv:1707.06887, algorithm 1, as in arXiv:1710.02298).

    Arguments:
        logits: `[..., A, N]` at t.
        atoms: `[N]`, strictly increasing.
        action, reward, discount: `[...]` of the action at t.
        next_logits: `[..., A, N]` at t + 1.
        selector: action values `[..., A]` at t + 1, whose best action bootstraps.

    >>> atoms, even = jnp.asarray([0.0, 1.0]), jnp.zeros((1, 3, 2))
    >>> loss = categorical_double_q_learning(even, atoms, jnp.zeros(1, int), jnp.ones(1), jnp.ones(1), even, even[..., 0])
    >>> round(loss.item(), 4)
    0.6931
    """
    same_shape(selector=selector, next_logits_without_atoms=next_logits.shape[:-1])
    following = chosen_distribution(next_logits, selector.argmax(-1))
    return categorical_td_learning(chosen_distribution(logits, action), atoms, reward, discount, following)


def categorical_q_learning(
    logits: Array, atoms: Array, action: Array, reward: Array, discount: Array, next_logits: Array
) -> Array:
    """Categorical Q-learning (C51), loss `[...]` in nats (arXiv:1707.06887, algorithm 1).

    The action of highest mean bootstraps.

    Arguments:
        logits: `[..., A, N]` at t.
        atoms: `[N]`, strictly increasing.
        action, reward, discount: `[...]` of the action at t.
        next_logits: `[..., A, N]` at t + 1.

    >>> atoms, even = jnp.asarray([0.0, 1.0]), jnp.zeros((1, 3, 2))
    >>> loss = categorical_q_learning(even, atoms, jnp.zeros(1, int), jnp.ones(1), jnp.ones(1), even)
    >>> round(loss.item(), 4)
    0.6931
    """
    same_shape(atoms=atoms, next_logits_atoms=next_logits.shape[-1:])
    means = (jax.nn.softmax(next_logits) * atoms).sum(-1)
    return categorical_double_q_learning(logits, atoms, action, reward, discount, next_logits, means)
