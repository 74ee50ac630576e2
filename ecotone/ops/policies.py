"""Policy losses, one per entry: the caller takes the mean over the rows that count.

Advantages and targets carry no gradient. Policies are distributions, or nested dicts and tuples of them (several heads).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import same_shape
from ecotone.ops.distributions import joint
from ecotone.ops.losses import bounded_ratio, squared
from ecotone.ops.multistep import generalised_lambda_returns

Array = Any
Key = Any
Tree = Any
KL_SLACK, KL_FACTOR = 1.5, 2.0


def policy_gradient(log_prob: Array, advantage: Array) -> Array:
    """REINFORCE: `-log π(a_t|x_t) · advantage`, `[...]` (Williams 1992; Sutton & Barto 2018, eq. 13.8).

    Arguments:
        log_prob: log π of the actions at t under the learning policy, `[...]`.
        advantage: return minus baseline of the actions at t, `[...]`; no gradient goes through it.

    >>> [round(x, 3) for x in policy_gradient(jnp.asarray([-1.3, -0.7]), jnp.asarray([1.0, 2.0])).tolist()]
    [1.3, 1.4]
    """
    same_shape(log_prob=log_prob, advantage=advantage)
    return -log_prob * jax.lax.stop_gradient(advantage)


def entropy_cost(policy: Tree, normalise: bool = False) -> Array:
    """Minus the entropy of a policy at t, `[...]` (Williams & Peng 1991; arXiv:1602.01783, section 4).

    Arguments:
        policy: a distribution with leading axes `[...]`, or several heads, whose entropies add.
        normalise: divide by the most that it can be, log of the number of choices (illegal ones included), so that -1 is
            an even policy; raises `ValueError` for policies that are no choice.

    >>> from ecotone.ops.distributions import Categorical
    >>> entropy_cost(Categorical(jnp.zeros((2, 3))), normalise=True).tolist()
    [-1.0, -1.0]
    """
    policy = joint(policy)
    if not normalise:
        return -policy.entropy()
    try:
        most = policy.log_choices()
    except AttributeError:
        raise ValueError(f"{policy} has no number of choices to normalise its entropy by.") from None
    return -policy.entropy() / most


def kl_cost(prior: Tree, policy: Tree) -> Array:
    """KL(prior ‖ policy) at t in nats, `[...]`; no gradient reaches the prior (arXiv:1707.06347, eq. 8).

    Arguments:
        prior, policy: distributions of one kind, or several heads of each, whose divergences add.

    >>> from ecotone.ops.distributions import Categorical
    >>> round(float(kl_cost(Categorical(jnp.zeros(2)), Categorical(jnp.asarray([0.0, 1.0])))), 3)
    0.12
    """
    prior = jax.lax.stop_gradient(jax.tree.map(jnp.asarray, prior))
    return joint(prior).kl(joint(policy))


class A2C(NamedTuple):
    """Parts of the advantage actor-critic's loss, each `[T, ...]`; `loss` is the weighted sum of the three costs.

    arXiv:1602.01783, section 4.

    Attributes:
        loss: policy + baseline_weight · baseline + entropy_weight · entropy cost.
        policy: -log π(a_t|x_t) · advantage.
        baseline: ½ (returns − values)².
        entropy: the entropy cost, minus the (normalised) entropy.
        advantage: returns − values.
        returns: λ-returns.

    >>> A2C(*[jnp.zeros(3)] * 6).loss.shape
    (3,)
    """

    loss: Array
    policy: Array
    baseline: Array
    entropy: Array
    advantage: Array
    returns: Array


def a2c(
    policy: Tree, action: Tree, values: Array, reward: Array, discount: Array, trace: Array = 1.0,
    baseline_weight: Array = 0.5, entropy_weight: Array = 0.01, normalise: bool = False, acted: Array | None = None,
) -> A2C:  # fmt: skip
    """Advantage actor-critic over sequences (arXiv:1602.01783, section 4 and algorithm S3).

    Arguments:
        policy: distribution of the actions at t = 0 … T − 1, `[T, ...]`, or several heads.
        action: chosen at t, `[T, ...]`, nested as the heads.
        values: of the observations at t = 0 … T, `[T + 1, ...]`; the last is the bootstrap.
        reward, discount: of the actions at t, `[T, ...]`; discount is γ, or 0 behind a termination.
        trace: λ in [0, 1], one number or `[T, ...]`.
        baseline_weight, entropy_weight: of the costs; usually 0.5 and 0 to 0.05.
        normalise: divide the entropy by log of the number of choices.
        acted: `[T, ...]` bool; a row without an action costs nothing and returns its own value.

    >>> from ecotone.ops.distributions import Categorical
    >>> choice, one = Categorical(jnp.zeros((2, 3))), jnp.ones(2)
    >>> a2c(choice, jnp.zeros(2, int), jnp.zeros(3), one, 0.5 * one).returns.tolist()
    [1.5, 1.0]
    """
    baseline, decided = values[:-1], jnp.ones(reward.shape, bool) if acted is None else acted
    returns = jax.lax.stop_gradient(generalised_lambda_returns(reward, discount, values, trace, acted))
    error = returns - baseline
    advantage = jax.lax.stop_gradient(error)
    log_prob, cost = joint(policy).log_prob(action), entropy_cost(policy, normalise)
    same_shape(reward=reward, log_prob=log_prob, entropy=cost)
    costs = jnp.where(decided, policy_gradient(log_prob, advantage), 0.0), squared(error), jnp.where(decided, cost, 0.0)
    return A2C(costs[0] + baseline_weight * costs[1] + entropy_weight * costs[2], *costs, advantage, returns)


def kl_penalty(log_ratio: Array, advantage: Array, kl: Array, coefficient: Array) -> Array:
    """PPO's surrogate with a KL penalty instead of a clip, `[...]` (arXiv:1707.06347, eq. 8).

    Arguments:
        log_ratio: log π(a_t|x_t) − log μ(a_t|x_t) in nats; beyond ±20 it counts as ±20. `[...]`.
        advantage: of the actions at t, `[...]`; no gradient goes through it.
        kl: KL(μ ‖ π) at t in nats, `[...]`.
        coefficient: β, adapted by `adapt_kl`.

    >>> kl_penalty(jnp.zeros(2), jnp.asarray([1.0, -2.0]), jnp.full(2, 0.5), 2.0).tolist()
    [0.0, 3.0]
    """
    same_shape(log_ratio=log_ratio, advantage=advantage, kl=kl)
    return coefficient * kl - bounded_ratio(log_ratio) * jax.lax.stop_gradient(advantage)


def adapt_kl(coefficient: Array, kl: Array, target: Array) -> Array:
    """The coefficient β of `kl_penalty` for the next iteration, a number or `[...]` (arXiv:1707.06347, section 4).

    Halved where the measured mean `kl` is below `target` / 1.5 (both in nats), doubled where it is above 1.5 · `target`.

    >>> adapt_kl(jnp.ones(3), jnp.asarray([0.001, 0.01, 0.1]), 0.01).tolist()
    [0.5, 1.0, 2.0]
    """
    larger = jnp.where(kl > KL_SLACK * target, KL_FACTOR, 1.0)
    return coefficient * jnp.where(kl < target / KL_SLACK, 1.0 / KL_FACTOR, larger)


def _advantages(logits: Array, values: Array) -> tuple[Array, Array]:
    same_shape(logits=logits, values=values)
    p, values = jax.nn.softmax(logits), jax.lax.stop_gradient(values)
    return p, values - (p * values).sum(-1, keepdims=True)


def qpg(logits: Array, values: Array) -> Array:
    """Q-based policy gradient over all actions: `-Σ_a π(a) A(a)` with A held fixed, `[...]` (arXiv:1810.09026).

    Arguments:
        logits: of the policy at t, `[..., A]`.
        values: of the actions at t, `[..., A]`; no gradient goes through them. A(a) is q(a) − Σ π q.

    >>> round(float(jnp.abs(qpg(jnp.asarray([1.0, 2.0]), jnp.asarray([3.0, 5.0])))), 3)
    0.0
    """
    p, advantage = _advantages(logits, values)
    return -(p * jax.lax.stop_gradient(advantage)).sum(-1)


def rm(logits: Array, values: Array) -> Array:
    """Regret-matching policy gradient: `-Σ_a π(a) max(A(a), 0)` with A held fixed, `[...]` (arXiv:1810.09026).

    Arguments:
        logits: of the policy at t, `[..., A]`.
        values: of the actions at t, `[..., A]`; no gradient goes through them.

    >>> round(float(rm(jnp.zeros(3), jnp.asarray([0.0, -1.0, 1.0]))), 3)
    -0.333
    """
    p, advantage = _advantages(logits, values)
    return -(p * jax.lax.stop_gradient(jnp.maximum(advantage, 0.0))).sum(-1)


def rpg(logits: Array, values: Array) -> Array:
    """Regret policy gradient: `Σ_a max(A(a), 0)`, the regret itself, `[...]` (arXiv:1810.09026).

    Arguments:
        logits: of the policy at t, `[..., A]`; the gradient goes through the baseline Σ π q.
        values: of the actions at t, `[..., A]`; no gradient goes through them.

    >>> float(rpg(jnp.zeros(3), jnp.asarray([0.0, -1.0, 1.0])))
    1.0
    """
    return jnp.maximum(_advantages(logits, values)[1], 0.0).sum(-1)
