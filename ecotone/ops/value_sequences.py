"""Multi-step value learning: targets of whole sequences, time on axis 0 and any axes behind it.

Arguments are those of `values`, one row a step: `q` `[T, ..., A]` or `value` `[T, ...]` at t = 0 … T − 1 learn; `action`,
`reward` and `discount` `[T, ...]` belong to the same rows; `next_q` `[T, ..., A]` or `next_value` `[T, ...]` are of
t = 1 … T, usually by a target network. A row that has not `acted` `[T, ...]` bool is its own target, so its error is 0,
and what comes before it bootstraps from its value.
"""

from typing import Any

import jax.numpy as jnp

from ecotone.ops.arrays import pick, same_or_scalar, same_shape
from ecotone.ops.multistep import generalised_lambda_returns, n_step_returns, off_policy_returns
from ecotone.ops.values import TD, chosen, towards

Array = Any


def _rows(prediction: Array, next_value: Array) -> Array:
    """Values at t = 0 … T; row 0 only counts where it has not acted."""
    same_shape(prediction_behind_time=prediction.shape[1:], next_value_behind_time=next_value.shape[1:])
    return jnp.concatenate([prediction[:1], next_value])


def _learn(prediction: Array, target: Array, acted: Array | None) -> TD:
    """A row without a decision is its own target."""
    return towards(prediction, target if acted is None else jnp.where(acted, target, prediction))


def td_lambda(
    value: Array, reward: Array, discount: Array, next_value: Array, trace: Array, acted: Array | None = None
) -> TD:
    """TD(λ), forward view (Sutton 1988; Sutton & Barto 2018, eq. 12.18).

    Arguments:
        value: `[T, ...]` at t = 0 … T − 1.
        reward, discount: `[T, ...]` of the actions at t.
        next_value: `[T, ...]` at t = 1 … T.
        trace: λ in [0, 1], one number or `[T, ...]`.
        acted: `[T, ...]` bool; none means all.

    >>> td_lambda(jnp.zeros(2), jnp.ones(2), jnp.full(2, 0.5), jnp.asarray([2.0, 4.0]), 1.0).target.tolist()
    [2.5, 3.0]
    """
    target = generalised_lambda_returns(reward, discount, _rows(value, next_value), trace, acted)
    return _learn(value, target, acted)


def q_lambda(
    q: Array, action: Array, reward: Array, discount: Array, next_q: Array, trace: Array, acted: Array | None = None
) -> TD:
    """Q(λ): λ-returns of the greedy values (Watkins 1989; Peng & Williams 1994).

    Arguments:
        q: `[T, ..., A]` at t = 0 … T − 1.
        action, reward, discount: `[T, ...]` of the actions at t.
        next_q: `[T, ..., A]` at t = 1 … T.
        trace: λ; one number gives Peng's Q(λ), `watkins_trace` `[T, ...]` gives Watkins'.
        acted: `[T, ...]` bool; none means all.

    >>> q, next_q = jnp.zeros((2, 2)), jnp.asarray([[0.0, 2.0], [4.0, 0.0]])
    >>> q_lambda(q, jnp.asarray([0, 1]), jnp.ones(2), jnp.full(2, 0.5), next_q, 1.0).target.tolist()
    [2.5, 3.0]
    """
    prediction = chosen(q, action)
    target = generalised_lambda_returns(reward, discount, _rows(prediction, next_q.max(-1)), trace, acted)
    return _learn(prediction, target, acted)


def watkins_trace(next_q: Array, action: Array, trace: Array) -> Array:
    """λ that is cut where the next action is not greedy, `[T, ...]` (Watkins 1989; Sutton & Barto 2018, section 12.10).

    Arguments:
        next_q: `[T, ..., A]` at t = 1 … T.
        action: `[T, ...]` at t = 0 … T − 1.
        trace: λ, one number or `[T, ...]`.

    >>> watkins_trace(jnp.asarray([[0.0, 2.0], [4.0, 0.0], [1.0, 2.0]]), jnp.asarray([0, 1, 1]), 0.5).tolist()
    [0.5, 0.0, 0.5]
    """
    same_shape(next_q_without_actions=next_q.shape[:-1], action=action)
    same_or_scalar(action.shape, trace=trace)
    greedy = pick(next_q[:-1], action[1:]) >= next_q[:-1].max(-1)
    return trace * jnp.concatenate([greedy, jnp.ones_like(greedy, shape=action[:1].shape)]).astype(next_q.dtype)


def sarsa_lambda(
    q: Array, action: Array, reward: Array, discount: Array, next_q: Array, next_action: Array, trace: Array,
    acted: Array | None = None,
) -> TD:  # fmt: skip
    """SARSA(λ), forward view (Rummery & Niranjan 1994; Sutton & Barto 2018, section 12.7).

    Arguments:
        q: `[T, ..., A]` at t = 0 … T − 1.
        action, reward, discount: `[T, ...]` of the actions at t.
        next_q, next_action: `[T, ..., A]` and `[T, ...]` at t = 1 … T.
        trace: λ in [0, 1], one number or `[T, ...]`.
        acted: `[T, ...]` bool; none means all.

    >>> q, action, half = jnp.asarray([[0.0, 2.0], [4.0, 0.0]]), jnp.asarray([1, 1]), jnp.full(2, 0.5)
    >>> sarsa_lambda(q, action, jnp.ones(2), half, q, action, 1.0).target.tolist()
    [1.5, 1.0]
    """
    prediction = chosen(q, action)
    values = _rows(prediction, chosen(next_q, next_action))
    return _learn(prediction, generalised_lambda_returns(reward, discount, values, trace, acted), acted)


def n_step_q_learning(
    q: Array, action: Array, reward: Array, discount: Array, next_q: Array, steps: int,
    selector: Array | None = None, acted: Array | None = None,
) -> TD:  # fmt: skip
    """n-step (double) Q-learning for every row of a sequence (arXiv:1602.01783, algorithm S2; Kapturowski et al. 2019).

    Arguments:
        q: `[T, ..., A]` at t = 0 … T − 1.
        action, reward, discount: `[T, ...]` of the actions at t.
        next_q: `[T, ..., A]` at t = 1 … T.
        steps: n; fewer where the sequence ends.
        selector: `[T, ..., A]` at t = 1 … T, whose best actions bootstrap; none means those of `next_q`.
        acted: `[T, ...]` bool; none means all.

    >>> q, next_q = jnp.zeros((2, 2)), jnp.asarray([[0.0, 2.0], [4.0, 0.0]])
    >>> n_step_q_learning(q, jnp.asarray([0, 1]), jnp.ones(2), jnp.full(2, 0.5), next_q, 2).target.tolist()
    [2.5, 3.0]
    """
    guide = next_q if selector is None else selector
    same_shape(next_q=next_q, selector=guide)
    prediction = chosen(q, action)
    values = _rows(prediction, pick(next_q, guide.argmax(-1)))
    return _learn(prediction, n_step_returns(reward, discount, values, steps, acted=acted), acted)


def retrace(
    q: Array, action: Array, reward: Array, discount: Array, next_q: Array, next_probabilities: Array, behaviour: Array,
    trace: Array = 1.0, acted: Array | None = None,
) -> TD:  # fmt: skip
    """Retrace(λ) for choices: off-policy returns with c = λ·min(1, π/μ) (arXiv:1606.02647, eq. 3 and section 3).

    Arguments:
        q: `[T, ..., A]` at t = 0 … T − 1.
        action, reward, discount: `[T, ...]` of the actions at t.
        next_q: `[T, ..., A]` at t = 1 … T.
        next_probabilities: π(·|x) of the target policy, `[T, ..., A]` at t = 1 … T.
        behaviour: μ(a|x) of the actions at t, `[T, ...]`; row 0 is not used.
        trace: λ of the actions at t, one number or `[T, ...]`.
        acted: `[T, ...]` bool; none means all.

    >>> q, half, action = jnp.asarray([[0.0, 2.0], [4.0, 0.0]]), jnp.full((2, 2), 0.5), jnp.asarray([1, 0])
    >>> retrace(q, action, jnp.ones(2), jnp.ones(2), q, half, jnp.ones(2)).target.tolist()
    [3.5, 3.0]
    """
    same_shape(next_q=next_q, next_probabilities=next_probabilities)
    same_shape(action=action, behaviour=behaviour, next_q_without_actions=next_q.shape[:-1])
    same_or_scalar(action.shape, trace=trace)
    prediction = chosen(q, action)
    at_action = lambda x: pick(x[:-1], action[1:])
    ratio = at_action(next_probabilities) / jnp.maximum(behaviour[1:], jnp.finfo(behaviour.dtype).tiny)
    ones = jnp.ones_like(behaviour[:1])
    weight = trace * jnp.minimum(1.0, jnp.concatenate([ones, ratio]))
    expected = (next_probabilities * next_q).sum(-1)
    target = off_policy_returns(_rows(prediction, at_action(next_q)), reward, discount, expected, weight, acted)
    return _learn(prediction, target, acted)


def retrace_continuous(
    q: Array, reward: Array, discount: Array, target_q: Array, next_value: Array, log_ratio: Array, trace: Array = 1.0,
    acted: Array | None = None,
) -> TD:  # fmt: skip
    """Retrace(λ) for actions of any kind, from log-probabilities (arXiv:1606.02647, eq. 3 and section 3).

    Arguments:
        q: Q(x, a) of the actions taken at t = 0 … T − 1, `[T, ...]`.
        reward, discount: `[T, ...]` of the actions at t.
        target_q: as `q`, by the target network, `[T, ...]`; row 0 is not used.
        next_value: E_π Q(x, ·), `[T, ...]` at t = 1 … T; usually the target network's mean over drawn actions.
        log_ratio: log π(a|x) − log μ(a|x) of the actions at t in nats, `[T, ...]`; row 0 is not used.
        trace: λ of the actions at t, one number or `[T, ...]`.
        acted: `[T, ...]` bool; none means all.

    >>> one, value = jnp.ones(2), jnp.asarray([1.0, 2.0])
    >>> retrace_continuous(jnp.zeros(2), one, one, one, value, jnp.zeros(2)).target.tolist()
    [4.0, 3.0]
    """
    same_shape(reward=reward, log_ratio=log_ratio)
    same_or_scalar(reward.shape, trace=trace)
    weight = trace * jnp.exp(jnp.minimum(log_ratio, 0.0))
    return _learn(q, off_policy_returns(target_q, reward, discount, next_value, weight, acted), acted)
