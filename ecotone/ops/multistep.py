"""Multi-step returns of plain arrays, time on axis 0 and any axes behind it: all of them one recurrence.

With `v[t]` the value of row t,

    delta[t] = acted[t] · (reward[t] + discount[t] · v[t+1] − v[t])
    k[t]     = acted[t] · discount[t] · trace[t]
    y[t]     = delta[t] + k[t] · y[t+1]

and the choice of `trace` gives the classic estimators. `reward[t]` and `discount[t]` (γ, or 0 behind a termination) are
what the action of row t brought. `values` have one row more, to bootstrap from. Where `acted` is false no action was taken:
such a row, the final observation of an episode, is worth its own value. Nothing here stops a gradient.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import pick, same_or_scalar, same_shape

Array = Any


def recur(delta: Array, k: Array) -> Array:
    """y with `y[t] = delta[t] + k[t] · y[t+1]` and y = 0 behind the end; all `[T, ...]` (Sutton & Barto 2018, eq. 12.9).

    >>> recur(jnp.asarray([1.0, 2.0, 4.0]), jnp.asarray([0.5, 0.0, 9.0])).tolist()
    [2.0, 2.0, 4.0]
    """

    def back(following: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        y = row[0] + row[1] * following
        return y, y

    return jax.lax.scan(back, jnp.zeros_like(delta[0]), (delta, k), reverse=True)[1]


def discounted_sums(
    sequence: Array, decay: Array, initial: Array = 0.0, *, forward: bool = False, lengths: Array | None = None
) -> Array:
    """Running sums `y[t] = sequence[t] + decay[t] · y[t+1]`, or `y[t-1]` if `forward`, `[T, ...]`.

    Sutton & Barto 2018, eq. 3.9.

    Arguments:
        sequence, decay: `[T, ...]`.
        initial: the y behind the end (or before the beginning), a number or `[...]`.
        forward: from the beginning to the end.
        lengths: rows that count in each sequence, int `[...]`; rows from there on are 0. None means all.

    >>> discounted_sums(jnp.asarray([3.0, 1.0, 5.0]), jnp.asarray([0.5, 0.5, 1.0])).tolist()
    [4.75, 3.5, 5.0]
    """
    same_shape(sequence=sequence, decay=decay)
    steps = sequence.shape[0]
    same_or_scalar(sequence.shape[1:], initial=initial, lengths=0 if lengths is None else lengths)
    row = jnp.arange(steps).reshape((steps,) + (1,) * (sequence.ndim - 1))
    end = jnp.asarray(steps if lengths is None else lengths)
    edge = row == (0 if forward else end - 1)
    start = jnp.where(edge, decay * initial, jnp.zeros_like(sequence))
    sequence, decay = jnp.where(row < end, sequence + start, 0.0), jnp.where(edge | (row >= end), 0.0, decay)
    if not forward:
        return recur(sequence, decay)
    return jnp.where(row < end, jnp.flip(recur(jnp.flip(sequence, 0), jnp.flip(decay, 0)), 0), 0.0)


def temporal_differences_of(
    reward: Array, discount: Array, values: Array, acted: Array | None = None
) -> tuple[Array, Array]:
    """Errors `reward[t] + discount[t] · values[t+1] − values[t]` and discounts, both `[T, ...]`, 0 where not `acted`.

    Arguments:
        reward, discount, acted: of the actions at t, `[T, ...]`.
        values: at t = 0 … T, `[T + 1, ...]` (Sutton & Barto 2018, eq. 6.5).

    >>> delta, onward = temporal_differences_of(jnp.ones(2), jnp.asarray([0.5, 0.0]), jnp.asarray([1.0, 4.0, 9.0]))
    >>> delta.tolist()
    [2.0, -3.0]
    """
    acted = jnp.ones_like(values[:-1]) if acted is None else acted.astype(values.dtype)
    same_shape(reward=reward, discount=discount, acted=acted, values_without_the_last=values[:-1].shape)
    onward = acted * discount
    return acted * (reward - values[:-1]) + onward * values[1:], onward


def truncated_gae(reward: Array, discount: Array, values: Array, trace: Array, acted: Array | None = None) -> Array:
    """Generalised advantage estimates at t = 0 … T − 1, `[T, ...]` (arXiv:1506.02438, eq. 16).

    Arguments:
        reward, discount, acted: of the actions at t, `[T, ...]`.
        values: at t = 0 … T, `[T + 1, ...]`.
        trace: λ in [0, 1], one number or `[T, ...]`.

    >>> truncated_gae(jnp.ones(2), jnp.full(2, 0.5), jnp.asarray([1.0, 2.0, 4.0]), 1.0).tolist()
    [1.5, 1.0]
    """
    delta, onward = temporal_differences_of(reward, discount, values, acted)
    same_or_scalar(delta.shape, trace=trace)
    return recur(delta, onward * trace)


def generalised_lambda_returns(
    reward: Array, discount: Array, values: Array, trace: Array, acted: Array | None = None
) -> Array:
    """λ-returns `G[t] = reward[t] + discount[t]·((1 − λ[t])·values[t+1] + λ[t]·G[t+1])`, `[T, ...]`.

    Sutton & Barto 2018, eq. 12.18. `values[0]` only matters where row 0 has not `acted`.

    Arguments:
        reward, discount, acted: of the actions at t, `[T, ...]`.
        values: at t = 0 … T, `[T + 1, ...]`.
        trace: λ in [0, 1], one number or one for each return, `[T, ...]`.

    >>> generalised_lambda_returns(jnp.ones(2), jnp.full(2, 0.5), jnp.asarray([9.0, 2.0, 4.0]), 0.5).tolist()
    [2.25, 3.0]
    """
    return values[:-1] + truncated_gae(reward, discount, values, trace, acted)


def discounted_returns(reward: Array, discount: Array, bootstrap: Array = 0.0) -> Array:
    """`G[t] = reward[t] + discount[t] · G[t+1]`, `[T, ...]`, with `bootstrap` `[...]` behind the end.

    Sutton & Barto 2018, eq. 3.9. `reward` and `discount` are those of the actions at t, `[T, ...]`.

    >>> discounted_returns(jnp.ones(3), jnp.full(3, 0.5), 4.0).tolist()
    [2.25, 2.5, 3.0]
    """
    return discounted_sums(reward, discount, bootstrap)


def n_step_returns(
    reward: Array, discount: Array, values: Array, steps: int, trace: Array = 1.0, acted: Array | None = None
) -> Array:
    """Returns of `steps` rewards and then a value, for every row, `[T, ...]` (Sutton & Barto 2018, eq. 7.1).

    A return whose window meets the end of the arrays, or a row without a decision, bootstraps there.

    Arguments:
        reward, discount, acted: of the actions at t, `[T, ...]`.
        values: at t = 0 … T, `[T + 1, ...]`.
        steps: n, at least 1.
        trace: λ within the window, one number or `[T, ...]`; 1 gives the plain n-step return.

    >>> n_step_returns(jnp.ones(3), jnp.full(3, 0.5), jnp.asarray([0.0, 0.0, 4.0, 8.0]), 2).tolist()
    [2.5, 3.5, 5.0]
    """
    if steps < 1:
        raise ValueError(f"A return has at least one step, not {steps}.")
    delta, onward = temporal_differences_of(reward, discount, values, acted)
    same_or_scalar(delta.shape, trace=trace)
    count = delta.shape[0]

    def windows(x: Array) -> Array:
        padded = jnp.concatenate([x, jnp.zeros_like(x[:1]).repeat(steps - 1, 0)])
        return jnp.stack([padded[i : i + count] for i in range(steps)])

    return values[:-1] + recur(windows(delta), windows(onward * trace))[0]


def importance_corrected_errors(
    reward: Array, discount: Array, values: Array, ratio: Array, trace: Array = 1.0, acted: Array | None = None
) -> Array:
    """Off-policy λ-errors `error[t] = ρ[t]·(δ[t] + discount[t]·λ[t]·error[t+1])`, `[T, ...]`.

    Importance sampling per decision (Precup et al. 2000; Sutton & Barto 2018, section 12.9).

    Arguments:
        reward, discount, acted: of the actions at t, `[T, ...]`.
        values: at t = 0 … T, `[T + 1, ...]`.
        ratio: ρ = π(a|x) / μ(a|x) of the actions at t, `[T, ...]`; not clipped.
        trace: λ in [0, 1], one number or `[T, ...]`.

    >>> importance_corrected_errors(jnp.ones(2), jnp.full(2, 0.5), jnp.zeros(3), jnp.asarray([2.0, 0.5])).tolist()
    [2.5, 0.5]
    """
    delta, onward = temporal_differences_of(reward, discount, values, acted)
    same_shape(ratio=ratio, reward=reward)
    same_or_scalar(delta.shape, trace=trace)
    return recur(ratio * delta, onward * trace * ratio)


def off_policy_returns(
    q: Array, reward: Array, discount: Array, next_value: Array, weight: Array, acted: Array | None = None
) -> Array:
    """Returns `G[t] = reward[t] + discount[t]·(V[t+1] + c[t+1]·(G[t+1] − Q[t+1]))`, `[T, ...]` (arXiv:1606.02647, eq. 3).

    The weights c name the estimator: ρ importance sampling, λ Q(λ) of Harutyunyan et al. 2016, λ·π(a|x) tree backup,
    λ·min(1, ρ) Retrace.

    Arguments:
        q: of the observations and actions at t = 0 … T − 1, `[T, ...]`; row 0 only matters where it has not `acted`.
        reward, discount, acted: of the actions at t, `[T, ...]`.
        next_value: V = Σ π(a|x) Q(x, a) at t + 1, `[T, ...]`.
        weight: c of the actions at t, `[T, ...]`; row 0 is not used.

    >>> off_policy_returns(jnp.zeros(2), jnp.ones(2), jnp.ones(2), jnp.asarray([1.0, 2.0]), jnp.full(2, 0.5)).tolist()
    [3.5, 3.0]
    """
    acted = jnp.ones_like(q) if acted is None else acted.astype(q.dtype)
    same_shape(q=q, reward=reward, discount=discount, next_value=next_value, weight=weight, acted=acted)
    onward = acted * discount
    delta = acted * (reward - q) + onward * next_value
    return q + recur(delta, onward * jnp.concatenate([weight[1:], jnp.zeros_like(weight[:1])]))


def off_policy_returns_from_q(
    q: Array, action: Array, reward: Array, discount: Array, probabilities: Array, weight: Array, acted: Array | None = None
) -> Array:
    """`off_policy_returns` from action values alone: V = Σ π(a|x) Q(x, a) (arXiv:1606.02647, eq. 3), `[T, ...]`.

    Arguments:
        q: action values at t = 0 … T, `[T + 1, ..., A]`.
        action, reward, discount, acted: of t = 0 … T − 1, `[T, ...]`.
        probabilities: π(·|x) at t = 0 … T, `[T + 1, ..., A]`; row 0 is not used.
        weight: c of the actions at t, `[T, ...]`; row 0 is not used.

    >>> q, half = jnp.asarray([[0.0, 0.0], [1.0, 3.0]]), jnp.full((2, 2), 0.5)
    >>> off_policy_returns_from_q(q, jnp.asarray([1]), jnp.ones(1), jnp.ones(1), half, jnp.ones(1)).tolist()
    [3.0]
    """
    same_shape(q=q, probabilities=probabilities)
    same_shape(q_without_the_last_row_and_axis=q[:-1].shape[:-1], action=action)
    return off_policy_returns(pick(q[:-1], action), reward, discount, (q * probabilities).sum(-1)[1:], weight, acted)


class VTrace(NamedTuple):
    """What V-trace gives (arXiv:1802.01561): value targets and advantages for the policy gradient, both `[T, ...]`.

    >>> VTrace(targets=jnp.ones(2), advantages=jnp.zeros(2)).targets.tolist()
    [1.0, 1.0]
    """

    targets: Array
    advantages: Array


def vtrace_returns(
    reward: Array, discount: Array, values: Array, ratio: Array, trace: Array = 1.0, *, clip_delta: Array = 1.0,
    clip_trace: Array = 1.0, clip_advantage: Array = 1.0, mix: Array = 1.0, acted: Array | None = None,
) -> VTrace:  # fmt: skip
    """V-trace (arXiv:1802.01561, eq. 1 and section 4.2) and, for `mix` below 1, leaky V-trace (arXiv:2002.12928).

    Arguments:
        reward, discount, acted: of the actions at t, `[T, ...]`.
        values: of the learner at t = 0 … T, `[T + 1, ...]`.
        ratio: ρ = π(a|x) / μ(a|x) of the actions at t, `[T, ...]`.
        trace: λ of the paper's remark 2, one number or `[T, ...]`.
        clip_delta, clip_trace, clip_advantage: ρ̄, c̄, and the ρ̄ of the policy gradient.
        mix: α in [0, 1]: the part of the clipped ratio; the rest is the ratio itself.

    >>> vtrace_returns(jnp.ones(2), jnp.full(2, 0.5), jnp.zeros(3), jnp.asarray([0.5, 2.0])).targets.tolist()
    [0.75, 1.0]
    """
    delta, onward = temporal_differences_of(reward, discount, values, acted)
    same_shape(ratio=ratio, reward=reward)
    same_or_scalar(delta.shape, trace=trace)
    leak = lambda bound: jnp.where(mix < 1.0, (1.0 - mix) * jnp.maximum(ratio - bound, 0.0), 0.0)
    clipped = lambda bound: jnp.minimum(ratio, bound) + leak(bound)
    errors = recur(clipped(clip_delta) * delta, onward * trace * clipped(clip_trace))
    behind = jnp.concatenate([errors[1:], jnp.zeros_like(errors[:1])])
    return VTrace(values[:-1] + errors, clipped(clip_advantage) * (delta + onward * trace * behind))
