"""Returns of rows: every one is the recurrence of `multistep`, since a row without a decision is worth its own value.

Rows and values have time on axis 0, `[T + 1, ...]`; results have T rows, since the last row is only looked at. Times t are
those of the rows: `reward[t]` and `discount[t]` are what the choice of row t brought.
"""

from typing import Any

import jax.numpy as jnp

from ecotone.ops.multistep import temporal_differences_of, truncated_gae, vtrace_returns
from ecotone.trajectory import Trajectory

Array = Any


def temporal_differences(rows: Trajectory, values: Array, gamma: Array) -> tuple[Array, Array]:
    """`(delta [T, ...], acted · γ · discount [T, ...])` of rows with values `[T + 1, ...]` (Sutton & Barto 2018, eq. 6.5).

    >>> acted = jnp.asarray([True, True, False])
    >>> rows = Trajectory((), ~acted, acted, (), jnp.ones(3), jnp.ones(3), (), ())
    >>> temporal_differences(rows, jnp.asarray([1.0, 2.0, 4.0]), 0.5)[0].tolist()
    [1.0, 1.0]
    """
    return temporal_differences_of(rows.reward[:-1], gamma * rows.discount[:-1], values, rows.acted[:-1])


def gae(rows: Trajectory, values: Array, gamma: Array, trace: Array) -> Array:
    """Generalised advantage estimates `[T, ...]` (arXiv:1506.02438, eq. 16); 0 on rows without a decision.

    Arguments:
        rows: T + 1 rows.
        values: value of every row's observation, `[T + 1, ...]`.
        gamma: discount per step, in [0, 1].
        trace: λ in [0, 1]; 0 trusts the values, 1 the rewards.

    >>> acted = jnp.asarray([True, True, False])
    >>> rows = Trajectory((), ~acted, acted, (), jnp.ones(3), jnp.ones(3), (), ())
    >>> gae(rows, jnp.asarray([1.0, 2.0, 4.0]), 0.5, 1.0).tolist()
    [1.5, 1.0]
    """
    return truncated_gae(rows.reward[:-1], gamma * rows.discount[:-1], values, trace, rows.acted[:-1])


def lambda_returns(rows: Trajectory, values: Array, gamma: Array, trace: Array) -> Array:
    """TD(λ) returns `[T, ...]` (Sutton & Barto 2018, eq. 12.18); a row without a decision returns its own value.

    Arguments as of `gae`.

    >>> acted = jnp.asarray([True, True, False])
    >>> rows = Trajectory((), ~acted, acted, (), jnp.ones(3), jnp.ones(3), (), ())
    >>> lambda_returns(rows, jnp.asarray([1.0, 2.0, 4.0]), 0.5, 1.0).tolist()
    [2.5, 3.0]
    """
    return values[:-1] + gae(rows, values, gamma, trace)


def n_step_return(rows: Trajectory, values: Array, gamma: Array) -> Array:
    """The return of row 0 in a window of n + 1 rows, bootstrapped from the last row reached `[...]`.

    That is the window's last row, or the final observation of a truncated episode; nothing behind a termination counts
    (Sutton & Barto 2018, eq. 7.1). `values` are `[n + 1, ...]`.

    >>> acted = jnp.asarray([True, True, False])
    >>> rows = Trajectory((), ~acted, acted, (), jnp.ones(3), jnp.ones(3), (), ())
    >>> n_step_return(rows, jnp.asarray([1.0, 2.0, 4.0]), 0.5).tolist()
    2.5
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

    >>> acted = jnp.asarray([True, True, False])
    >>> rows = Trajectory((), ~acted, acted, (), jnp.ones(3), jnp.ones(3), (), ())
    >>> vtrace(rows, jnp.zeros(3), 0.5, jnp.asarray([0.5, 2.0]))[0].tolist()
    [0.75, 1.0]
    """
    given = vtrace_returns(
        rows.reward[:-1], gamma * rows.discount[:-1], values, ratio, trace, clip_delta=clip_delta,
        clip_trace=clip_trace, clip_advantage=clip_advantage, acted=rows.acted[:-1],
    )  # fmt: skip
    return given.targets, given.advantages


def end_interrupted(rows: Trajectory) -> Trajectory:
    """Rows `[T + 1, ...]` in which a row that acted, did not terminate and precedes an `is_first` row is only looked at.

    A stream that was cut (a crashed environment, a killed writer) lacks the final observation of its last episode, and
    values would leak across the cut; its last decision is given up instead, as RLDS ends interrupted episodes
    (arXiv:2111.02767).

    >>> is_first, acted = jnp.asarray([True, False, True]), jnp.ones(3, bool)
    >>> rows = Trajectory((), is_first, acted, (), jnp.ones(3), jnp.ones(3), (), ())
    >>> end_interrupted(rows).acted.tolist()
    [True, False, True]
    """
    cut = jnp.concatenate([rows.is_first[1:], jnp.zeros_like(rows.is_first[:1])]) & (rows.discount > 0)
    return rows._replace(acted=rows.acted & ~cut, reward=jnp.where(cut, 0.0, rows.reward))
