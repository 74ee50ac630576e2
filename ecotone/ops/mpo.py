"""Maximum a posteriori policy optimisation: weights, duals, and divergences of normal policies in two parts.

Temperatures and multipliers are positive numbers that learn, in the log or behind a softplus; each has its own dual loss,
whose gradient reaches nothing else.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import same_shape
from ecotone.ops.distributions import Normal

Array = Any
TINY = 1e-10


class Constraint(NamedTuple):
    """A bound on a divergence between the old and the new policy (arXiv:1806.06920, M-step).

    Attributes:
        kl: the divergence at t in nats, `[...]`, or `[..., D]` with a bound for each dimension.
        multiplier: α > 0, a number, or `[D]`.
        epsilon: the bound in nats; usually 1e-4 to 0.1 (covariance: 1e-6 to 1e-4).

    >>> Constraint(jnp.full(2, 0.1), 1.0, 0.05).epsilon
    0.05
    """

    kl: Array
    multiplier: Array
    epsilon: Array


def constrain(constraint: Constraint, axes: int) -> tuple[Array, Array]:
    """`(penalty, dual)` losses of a constraint, `[...]` of `axes` axes (arXiv:1806.06920, M-step; arXiv:1812.02256).

    The penalty `α · kl` teaches the policy, the dual `α · (ε − kl)` the multiplier. Raises `ValueError` unless the
    divergence has `axes` axes, or one more for the dimensions, over which both are summed.

    >>> from ecotone.ops.mpo import Constraint
    >>> penalty, dual = constrain(Constraint(jnp.asarray([0.25, 1.0]), 2.0, 0.5), 1)
    >>> penalty.tolist(), dual.tolist()
    ([0.5, 2.0], [0.5, -1.0])
    """
    kl, multiplier, epsilon = constraint
    if jnp.ndim(kl) not in (axes, axes + 1):
        raise ValueError(f"A divergence of {axes} axes, or {axes + 1} with dimensions, is needed, not {jnp.shape(kl)}.")
    penalty = jax.lax.stop_gradient(multiplier) * kl
    dual = multiplier * (epsilon - jax.lax.stop_gradient(kl))
    return (penalty.sum(-1), dual.sum(-1)) if jnp.ndim(kl) > axes else (penalty, dual)


def mpo_weights(values: Array, temperature: Array) -> Array:
    """Weights of S sampled actions, their softmax over axis 0, `[S, ...]` (arXiv:1806.06920, E-step).

    Arguments:
        values: of S actions at t drawn from the old policy, `[S, ...]`; no gradient goes through them.
        temperature: η > 0; small is greedy.

    >>> [round(x, 3) for x in mpo_weights(jnp.asarray([0.0, 1.0]), 1.0).tolist()]
    [0.269, 0.731]
    """
    return jax.lax.stop_gradient(jax.nn.softmax(values / temperature, axis=0))


def temperature_dual(values: Array, temperature: Array, epsilon: Array) -> Array:
    """The convex dual η ε + η log mean exp(q / η), `[...]`, lowest at the temperature that keeps to the bound.

    arXiv:1806.06920, E-step.

    Arguments:
        values: of S actions at t drawn from the old policy, `[S, ...]`; no gradient goes through them.
        temperature: η > 0; the gradient goes through it.
        epsilon: bound on KL(weighted ‖ old) in nats; usually 0.01 to 0.5.

    >>> round(float(temperature_dual(jnp.asarray([1.0, 2.0]), 1.0, 0.1)), 3)
    1.72
    """
    scaled = jax.lax.stop_gradient(values) / temperature
    return temperature * (epsilon + jax.nn.logsumexp(scaled, axis=0) - jnp.log(values.shape[0]))


class MPO(NamedTuple):
    """Parts of MPO's or V-MPO's loss; `loss` is the sum of the four losses (arXiv:1806.06920).

    Attributes:
        loss, policy, penalty, dual: `[...]`; the last two of the constraints together.
        temperature: dual of the temperature, `[...]` of MPO, one number of V-MPO.
        weights: of the actions, `[S, ...]` of MPO, `[...]` of V-MPO; they carry no gradient.

    >>> MPO(*[jnp.zeros(2)] * 6).loss.tolist()
    [0.0, 0.0]
    """

    loss: Array
    policy: Array
    penalty: Array
    dual: Array
    temperature: Array
    weights: Array


def _together(policy: Array, temperature: Array, weights: Array, constraints: Sequence[Constraint]) -> MPO:
    pairs = [constrain(constraint, policy.ndim) for constraint in constraints]
    for penalty, dual in pairs:
        same_shape(policy=policy, penalty=penalty, dual=dual)
    penalty = sum((penalty for penalty, _ in pairs), jnp.zeros_like(policy))
    dual = sum((dual for _, dual in pairs), jnp.zeros_like(policy))
    return MPO(policy + penalty + dual + temperature, policy, penalty, dual, temperature, weights)


def mpo(log_prob: Array, values: Array, temperature: Array, epsilon: Array, constraints: Sequence[Constraint] = ()) -> MPO:
    """MPO's losses of one improvement step, each `[...]` (arXiv:1806.06920).

    Arguments:
        log_prob: log π of S actions at t under the learning policy, `[S, ...]`; for normal policies `decoupled_log_prob`.
        values: of these actions, which the old policy drew, `[S, ...]`; no gradient goes through them.
        temperature, epsilon: η > 0, and the bound in nats of the weights' divergence.
        constraints: on the new policy's divergence, for normal policies one each for mean and covariance.

    >>> round(float(mpo(jnp.asarray([-1.0, -2.0]), jnp.asarray([0.0, 1.0]), 1.0, 0.1).policy), 3)
    1.731
    """
    same_shape(log_prob=log_prob, values=values)
    weights = mpo_weights(values, temperature)
    return _together(-(weights * log_prob).sum(0), temperature_dual(values, temperature, epsilon), weights, constraints)


def vmpo_weights(
    advantage: Array, temperature: Array, epsilon: Array, restart: Array | None = None,
    importance: Array | None = None, top: float = 0.5,
) -> tuple[Array, Array]:  # fmt: skip
    """`(weights [...], temperature dual)` of V-MPO; weights sum to 1 over all entries (arXiv:1909.12238).

    Arguments:
        advantage: of the actions at t, `[...]`; no gradient goes through it.
        temperature: η > 0; the gradient of the dual goes through it.
        epsilon: bound in nats; usually 0.01 to 0.1.
        restart: 1, or 0 on entries that do not count (the action could change nothing), `[...]`.
        importance: ratios π/μ where the actions come from another policy, `[...]`; no gradient goes through them.
        top: part of the entries that count, those of highest advantage, in (0, 1]; else `ValueError`.

    >>> weights, dual = vmpo_weights(jnp.asarray([1.0, 2.0]), 1.0, 0.1, top=1.0)
    >>> [round(x, 3) for x in weights.tolist()], round(float(dual), 3)
    ([0.269, 0.731], 1.72)
    """
    if not 0.0 < top <= 1.0:
        raise ValueError(f"The part of the entries that counts must lie in (0, 1], not {top}.")
    counts = jnp.ones(advantage.shape, bool) if restart is None else restart > 0
    ratio = jnp.ones_like(advantage) if importance is None else importance
    same_shape(advantage=advantage, restart=counts, importance=ratio)
    advantage, ratio = jax.lax.stop_gradient((advantage, ratio))
    best_first = -jnp.sort(-jnp.where(counts, advantage, -jnp.inf), axis=None)
    kept = jnp.maximum((top * counts.sum()).astype(jnp.int32), 1)
    weight = (counts & (advantage >= best_first[kept - 1])).astype(advantage.dtype)
    highest = jnp.where(jnp.isfinite(best_first[0]), best_first[0], 0.0)
    exponent = jnp.where(weight > 0, advantage - highest, 0.0) / temperature
    unnormalised = weight * ratio * jnp.exp(exponent)
    total, count = unnormalised.sum() + TINY, weight.sum() + TINY
    dual = temperature * (epsilon + jnp.log(total) - jnp.log(count)) + highest
    return jax.lax.stop_gradient(unnormalised / total), dual


def vmpo(
    log_prob: Array, advantage: Array, temperature: Array, epsilon: Array, constraints: Sequence[Constraint] = (),
    restart: Array | None = None, importance: Array | None = None, top: float = 0.5,
) -> MPO:  # fmt: skip
    """V-MPO's losses, each `[...]` but for the temperature's; the policy's is scaled to be averaged (arXiv:1909.12238).

    Arguments:
        log_prob: log π of the actions at t under the learning policy, `[...]`.
        advantage, temperature, epsilon, restart, importance, top: as in `vmpo_weights`.
        constraints: on the new policy's divergence.

    >>> vmpo(jnp.asarray([-1.0, -2.0]), jnp.asarray([0.0, 1.0]), 1.0, 0.1).policy.tolist()
    [0.0, 4.0]
    """
    same_shape(log_prob=log_prob, advantage=advantage)
    weights, dual = vmpo_weights(advantage, temperature, epsilon, restart, importance, top)
    return _together(-log_prob * weights * log_prob.size, dual, weights, constraints)


def factorised_kl(old: Normal, new: Normal) -> tuple[Array, Array]:
    """KL(old ‖ new) in nats split by dimension into what the mean and what the covariance add, each `[..., D]`.

    The mean's part is measured by the new deviation, so that both sum to the divergence (arXiv:1812.02256).

    >>> from ecotone.ops.distributions import Normal
    >>> mean, covariance = factorised_kl(Normal(jnp.zeros(1), jnp.zeros(1)), Normal(jnp.ones(1), jnp.zeros(1)))
    >>> mean.tolist(), covariance.tolist()
    ([0.5], [0.0])
    """
    same_shape(old=old.mean, new=new.mean)
    each = lambda normal: Normal(normal.mean[..., None], jnp.broadcast_to(normal.log_std, normal.mean.shape)[..., None])
    old, new = each(old), each(new)
    return Normal(old.mean, new.log_std).kl(new), Normal(new.mean, old.log_std).kl(new)


def factorised_kl_full(mean: Array, factor: Array, new_mean: Array, new_factor: Array) -> tuple[Array, Array]:
    """KL(old ‖ new) of normals with full covariance split into the mean's and the covariance's part, each `[...]` in nats.

    arXiv:1812.02256.

    Arguments:
        mean, new_mean: `[..., D]`.
        factor, new_factor: lower Cholesky factors L of the covariances L Lᵀ, `[..., D, D]`.

    >>> mean, covariance = factorised_kl_full(jnp.zeros(2), jnp.eye(2), jnp.ones(2), jnp.eye(2))
    >>> float(mean), float(covariance)
    (1.0, 0.0)
    """
    same_shape(mean=mean, new_mean=new_mean)
    same_shape(factor=factor, new_factor=new_factor)
    solve = lambda right: jax.scipy.linalg.solve_triangular(new_factor, right, lower=True)
    log_diagonal = lambda matrix: jnp.log(jnp.diagonal(matrix, axis1=-2, axis2=-1)).sum(-1)
    shift, ratio = solve((mean - new_mean)[..., None])[..., 0], solve(factor)
    spread = 0.5 * (jnp.square(ratio).sum((-2, -1)) - mean.shape[-1])
    return 0.5 * jnp.square(shift).sum(-1), spread + log_diagonal(new_factor) - log_diagonal(factor)


def decoupled_kl(old: Normal, new: Normal) -> tuple[Array, Array]:
    """`(mean, covariance)` divergences for two constraints by dimension, each `[..., D]` in nats.

    The mean's is measured by the old deviation, so that it teaches the mean only (arXiv:1812.02256).

    >>> from ecotone.ops.distributions import Normal
    >>> old, new = Normal(jnp.zeros(1), jnp.zeros(1)), Normal(jnp.ones(1), jnp.ones(1))
    >>> mean, covariance = decoupled_kl(old, new)
    >>> mean.tolist(), round(float(covariance[0]), 3)
    ([0.5], 0.568)
    """
    old = jax.lax.stop_gradient(jax.tree.map(jnp.asarray, old))
    mean, _ = factorised_kl(old, Normal(new.mean, old.log_std))
    _, covariance = factorised_kl(old, Normal(old.mean, new.log_std))
    return mean, covariance


def decoupled_log_prob(old: Normal, new: Normal, action: Array) -> Array:
    """log π of S actions `[S, ..., D]` under (new mean, old deviation) plus under (old mean, new deviation), `[S, ...]`.

    So the weights move mean and covariance apart (arXiv:1812.02256).

    >>> from ecotone.ops.distributions import Normal
    >>> old = Normal(jnp.zeros(1), jnp.zeros(1))
    >>> [round(x, 3) for x in decoupled_log_prob(old, old, jnp.zeros((2, 1))).tolist()]
    [-1.838, -1.838]
    """
    old = jax.lax.stop_gradient(jax.tree.map(jnp.asarray, old))
    return Normal(new.mean, old.log_std).log_prob(action) + Normal(old.mean, new.log_std).log_prob(action)
