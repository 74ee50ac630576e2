"""One-step value learning: targets of one transition, any leading axes `[...]`.

All share their arguments. At t: `value` `[...]` or action values `q` `[..., A]`, the prediction that learns, and `action`
`[...]` int. Between t and t + 1: `reward` `[...]`, and `discount` `[...]`, γ or 0 behind a termination. At t + 1:
`next_value` `[...]` or `next_q` `[..., A]`, usually of a target network. Shapes that would broadcast raise `ValueError`.
"""

from typing import Any, NamedTuple

import jax

from ecotone.ops.arrays import pick, same_shape

Array = Any


class TD(NamedTuple):
    """A target and its temporal-difference error, both `[...]` (Sutton 1988); the loss is `squared` or `huber` of the error.

    Attributes:
        target: what the prediction should be; no gradient flows through it.
        error: target − prediction; its gradient flows through the prediction only.

    >>> TD(target=jnp.asarray([3.0]), error=jnp.asarray([1.0])).error.tolist()
    [1.0]
    """

    target: Array
    error: Array


def towards(prediction: Array, target: Array) -> TD:
    """The `TD` of a prediction and its target, both `[...]` of one time t (Sutton 1988).

    >>> towards(jnp.asarray([1.0]), jnp.asarray([3.0])).error.tolist()
    [2.0]
    """
    same_shape(prediction=prediction, target=target)
    target = jax.lax.stop_gradient(target)
    return TD(target, target - prediction)


def chosen(q: Array, action: Array) -> Array:
    """Action values `[..., A]` at the actions `[...]` of the same time: `[...]` (Watkins 1989).

    >>> chosen(jnp.asarray([[1.0, 2.0], [3.0, 4.0]]), jnp.asarray([1, 0])).tolist()
    [2.0, 3.0]
    """
    same_shape(q_without_actions=q.shape[:-1], action=action)
    return pick(q, action)


def bootstrap(reward: Array, discount: Array, following: Array) -> Array:
    """`reward + discount · following`, each `[...]`; `following` is a value at t + 1 (Sutton & Barto 2018, eq. 6.2).

    >>> bootstrap(jnp.ones(2), jnp.asarray([0.5, 0.0]), jnp.full(2, 4.0)).tolist()
    [3.0, 1.0]
    """
    same_shape(reward=reward, discount=discount, following=following)
    return reward + discount * following


def td_learning(value: Array, reward: Array, discount: Array, next_value: Array) -> TD:
    """TD(0): `reward + discount · next_value` (Sutton 1988; Sutton & Barto 2018, eq. 6.2).

    Arguments:
        value, reward, discount, next_value: `[...]` each; at t, between, between, at t + 1.

    >>> td_learning(jnp.ones(2), jnp.ones(2), jnp.asarray([0.5, 0.0]), jnp.full(2, 4.0)).target.tolist()
    [3.0, 1.0]
    """
    return towards(value, bootstrap(reward, discount, next_value))


def q_learning(q: Array, action: Array, reward: Array, discount: Array, next_q: Array) -> TD:
    """Q-learning: `reward + discount · max_a next_q[a]` (Watkins 1989; Mnih et al. 2015).

    Arguments:
        q: `[..., A]` at t.
        action, reward, discount: `[...]` of the action at t.
        next_q: `[..., A]` at t + 1.

    >>> q = jnp.asarray([[1.0, 2.0]])
    >>> q_learning(q, jnp.asarray([0]), jnp.ones(1), jnp.full(1, 0.5), q).target.tolist()
    [2.0]
    """
    return towards(chosen(q, action), bootstrap(reward, discount, next_q.max(-1)))


def double_q_learning(q: Array, action: Array, reward: Array, discount: Array, next_q: Array, selector: Array) -> TD:
    """Double Q-learning: `reward + discount · next_q[argmax selector]` (van Hasselt 2010; arXiv:1509.06461, eq. 4).

    Arguments:
        q: `[..., A]` at t.
        action, reward, discount: `[...]` of the action at t.
        next_q: `[..., A]` at t + 1; gives the value (target network).
        selector: `[..., A]` at t + 1; chooses the action (online network).

    >>> q, selector = jnp.asarray([[1.0, 2.0]]), jnp.asarray([[5.0, 0.0]])
    >>> double_q_learning(q, jnp.asarray([0]), jnp.ones(1), jnp.ones(1), q, selector).target.tolist()
    [2.0]
    """
    same_shape(next_q=next_q, selector=selector)
    return towards(chosen(q, action), bootstrap(reward, discount, pick(next_q, selector.argmax(-1))))


def persistent_q_learning(
    q: Array, action: Array, reward: Array, discount: Array, next_q: Array, persistence: Array = 0.5
) -> TD:
    """Persistent Q-learning widens action gaps: the same action again is worth `persistence` (arXiv:1512.04860).

    The target is `reward + discount · ((1 − α) · max_a next_q[a] + α · next_q[action])`.

    Arguments:
        q: `[..., A]` at t.
        action, reward, discount: `[...]` of the action at t.
        next_q: `[..., A]` at t + 1.
        persistence: α in [0, 1]; 0 is Q-learning.

    >>> q = jnp.asarray([[1.0, 2.0]])
    >>> persistent_q_learning(q, jnp.asarray([0]), jnp.ones(1), jnp.ones(1), q).target.tolist()
    [2.5]
    """
    following = (1.0 - persistence) * next_q.max(-1) + persistence * chosen(next_q, action)
    return towards(chosen(q, action), bootstrap(reward, discount, following))


def sarsa(q: Array, action: Array, reward: Array, discount: Array, next_q: Array, next_action: Array) -> TD:
    """SARSA: `reward + discount · next_q[next_action]` (Rummery & Niranjan 1994; Sutton & Barto 2018, eq. 6.7).

    Arguments:
        q: `[..., A]` at t.
        action, reward, discount: `[...]` of the action at t.
        next_q, next_action: `[..., A]` and `[...]` at t + 1.

    >>> q = jnp.asarray([[1.0, 2.0]])
    >>> sarsa(q, jnp.asarray([1]), jnp.ones(1), jnp.ones(1), q, jnp.asarray([0])).target.tolist()
    [2.0]
    """
    return towards(chosen(q, action), bootstrap(reward, discount, chosen(next_q, next_action)))


def expected_sarsa(q: Array, action: Array, reward: Array, discount: Array, next_q: Array, next_probabilities: Array) -> TD:
    """Expected SARSA: `reward + discount · Σ_a π(a) · next_q[a]` (van Seijen et al. 2009; Sutton & Barto 2018, eq. 6.9).

    Arguments:
        q: `[..., A]` at t.
        action, reward, discount: `[...]` of the action at t.
        next_q, next_probabilities: `[..., A]` at t + 1; the probabilities of π sum to 1.

    >>> q, half = jnp.asarray([[1.0, 2.0]]), jnp.full((1, 2), 0.5)
    >>> expected_sarsa(q, jnp.asarray([1]), jnp.ones(1), jnp.ones(1), q, half).target.tolist()
    [2.5]
    """
    same_shape(next_q=next_q, next_probabilities=next_probabilities)
    return towards(chosen(q, action), bootstrap(reward, discount, (next_probabilities * next_q).sum(-1)))


def qv_learning(q: Array, action: Array, reward: Array, discount: Array, next_value: Array) -> TD:
    """QV-learning: action values towards `reward + discount · next_value` (Wiering 2005; Wiering & van Hasselt 2007).

    Arguments:
        q: `[..., A]` at t.
        action, reward, discount: `[...]` of the action at t.
        next_value: state value `[...]` at t + 1, learned by `td_learning`.

    >>> q = jnp.asarray([[1.0, 2.0]])
    >>> qv_learning(q, jnp.asarray([1]), jnp.ones(1), jnp.ones(1), jnp.asarray([3.0])).error.tolist()
    [2.0]
    """
    return towards(chosen(q, action), bootstrap(reward, discount, next_value))


def qv_max(value: Array, reward: Array, discount: Array, next_q: Array) -> TD:
    """QV-max: state values towards `reward + discount · max_a next_q[a]` (Wiering & van Hasselt 2009).

    Arguments:
        value, reward, discount: `[...]`; the value at t.
        next_q: `[..., A]` at t + 1, learned by `qv_learning`.

    >>> qv_max(jnp.ones(1), jnp.ones(1), jnp.ones(1), jnp.asarray([[1.0, 2.0]])).error.tolist()
    [2.0]
    """
    return towards(value, bootstrap(reward, discount, next_q.max(-1)))


def munchausen_bonus(log_prob: Array, temperature: Array, weight: Array = 0.9, floor: float = -1.0) -> Array:
    """What Munchausen Q-learning adds to a reward: α·τ·log π(a|x), clipped (arXiv:2007.14430, eq. 2 and section 3).

    Arguments:
        log_prob: log π(a|x) of the actions at t in nats, `[...]`; π is softmax(q / temperature).
        temperature: τ, in the values' unit; usually 0.03.
        weight: α in [0, 1]; usually 0.9.
        floor: l0, least of τ·log π(a|x), since the logarithm has no bound.

    >>> munchausen_bonus(jnp.asarray([-1.0, -1000.0]), 0.5, weight=0.5).tolist()
    [-0.25, -0.5]
    """
    return weight * (temperature * log_prob).clip(floor, 0.0)
