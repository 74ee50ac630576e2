"""Every return is one recurrence: a row without a decision is worth its own value.

With `v[t]` the value of row t,

    delta[t] = acted[t] · (reward[t] + γ · discount[t] · v[t+1] − v[t])
    k[t]     = acted[t] · γ · discount[t] · trace[t]
    y[t]     = delta[t] + k[t] · y[t+1]

and the choice of `trace` gives the classic estimators. Arrays have time on axis 0 (`[T + 1, ...]` for what rows hold and
for values); results have T rows, since the last row of a trajectory is only looked at.
"""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.trajectory import Trajectory

Array = Any


def recur(delta: Array, k: Array) -> Array:
    """y with `y[t] = delta[t] + k[t] · y[t+1]` and y = 0 behind the end; all `[T, ...]`."""

    def back(following: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        y = row[0] + row[1] * following
        return y, y

    return jax.lax.scan(back, jnp.zeros_like(delta[0]), (delta, k), reverse=True)[1]


def temporal_differences(rows: Trajectory, values: Array, gamma: Array) -> tuple[Array, Array]:
    """`(delta [T, ...], acted · γ · discount [T, ...])` of rows with values `[T + 1, ...]`."""
    acted = rows.acted[:-1].astype(values.dtype)
    onward = acted * gamma * rows.discount[:-1]
    return acted * (rows.reward[:-1] - values[:-1]) + onward * values[1:], onward


def gae(rows: Trajectory, values: Array, gamma: Array, trace: Array) -> Array:
    """Generalised advantage estimates `[T, ...]` (arXiv:1506.02438, eq. 16); 0 on rows without a decision.

    Arguments:
        rows: T + 1 rows.
        values: value of every row's observation, `[T + 1, ...]`.
        gamma: discount per step, in [0, 1].
        trace: λ in [0, 1]; 0 trusts the values, 1 the rewards.
    """
    delta, onward = temporal_differences(rows, values, gamma)
    return recur(delta, onward * trace)


def lambda_returns(rows: Trajectory, values: Array, gamma: Array, trace: Array) -> Array:
    """TD(λ) returns `[T, ...]` (Sutton & Barto 2018, eq. 12.18); a row without a decision returns its own value."""
    return values[:-1] + gae(rows, values, gamma, trace)


def n_step_return(rows: Trajectory, values: Array, gamma: Array) -> Array:
    """The return of row 0 in a window of n + 1 rows, bootstrapped from the last row reached `[...]`.

    That is the window's last row, or the final observation of a truncated episode; nothing behind a termination counts.
    """
    return lambda_returns(rows, values, gamma, 1.0)[0]


def vtrace(
    rows: Trajectory, values: Array, gamma: Array, ratio: Array, trace: Array = 1.0, clip_delta: float = 1.0,
    clip_trace: float = 1.0, clip_advantage: float = 1.0,
) -> tuple[Array, Array]:  # fmt: skip
    """V-trace targets and policy-gradient advantages, both `[T, ...]` (arXiv:1802.01561, eq. 1 and section 4.2).

    Arguments:
        rows: T + 1 rows of a behaviour policy μ.
        values: value of every row's observation under the learner, `[T + 1, ...]`.
        gamma: discount per step.
        ratio: π(a|x) / μ(a|x) of the chosen actions, `[T, ...]`.
        trace: λ of the paper's remark 2.
        clip_delta, clip_trace, clip_advantage: ρ̄, c̄, and the ρ̄ of the policy gradient.
    """
    delta, onward = temporal_differences(rows, values, gamma)
    errors = recur(jnp.minimum(ratio, clip_delta) * delta, onward * trace * jnp.minimum(ratio, clip_trace))
    acted = rows.acted[:-1].astype(values.dtype)
    following = jnp.concatenate([trace * errors[1:], jnp.zeros_like(errors[:1])]) + values[1:]
    advantages = acted * (rows.reward[:-1] - values[:-1]) + onward * following
    return values[:-1] + errors, jnp.minimum(ratio, clip_advantage) * advantages
