"""Policy gradients that go through a critic into continuous actions."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.ops.arrays import same_shape
from ecotone.ops.distributions import Distribution, sample_and_log_prob

Array = Any
Key = Any


def action_slope(critic: Callable[[Array], Array], action: Array) -> tuple[Array, Array]:
    """`(Q [...], dQ/da [..., D])` of a critic at actions `[..., D]` of time t, both without a gradient (Silver et al. 2014).

    Arguments:
        critic: from actions `[..., D]` to values `[...]`, each of its own action only; raises `ValueError` for other shapes.
        action: where to look, `[..., D]`.

    >>> value, slope = action_slope(lambda a: (a * a).sum(-1), jnp.asarray([1.0, 2.0]))
    >>> float(value), slope.tolist()
    (5.0, [2.0, 4.0])
    """
    value, back = jax.vjp(critic, jax.lax.stop_gradient(action))
    same_shape(action_without_the_last_axis=action.shape[:-1], value=value)
    return jax.lax.stop_gradient((value, back(jnp.ones_like(value))[0]))


def clip_slope(slope: Array, clip: Array, by_norm: bool = False) -> Array:
    """A slope `[..., D]` with every entry within ±`clip`, or with a Euclidean norm of at most `clip` (arXiv:1211.5063).

    Raises `ValueError` for a negative `clip` (where it is a Python number).

    >>> clip_slope(jnp.asarray([3.0, 4.0]), 1.0).tolist()
    [1.0, 1.0]
    >>> [round(x, 3) for x in clip_slope(jnp.asarray([3.0, 4.0]), 1.0, by_norm=True).tolist()]
    [0.6, 0.8]
    """
    if isinstance(clip, int | float) and clip < 0:
        raise ValueError(f"A slope cannot be clipped to {clip}: give a number of at least 0, or None to leave it.")
    if not by_norm:
        return jnp.clip(slope, -clip, clip)
    square = jnp.square(slope).sum(-1, keepdims=True)
    norm = jnp.sqrt(jnp.where(square > 0, square, 1.0))
    return slope * jnp.minimum(1.0, clip / norm)


def dpg(action: Array, slope: Array, clip: Array | None = None, by_norm: bool = False) -> Array:
    """Deterministic policy gradient as a loss: `½ ‖a + dQ/da − a‖²` with the sum held fixed, `[...]` (Silver et al. 2014).

    Its gradient in the action is -dQ/da (eq. 7; arXiv:1509.02971, eq. 6).

    Arguments:
        action: π(x_t), `[..., D]`; the gradient goes through it.
        slope: dQ/da at that action, `[..., D]`, as `action_slope` gives; no gradient goes through it.
        clip, by_norm: as in `clip_slope`; none leaves the slope alone.

    >>> round(float(dpg(jnp.zeros(2), jnp.ones(2), clip=1.0, by_norm=True)), 3)
    0.5
    """
    same_shape(action=action, slope=slope)
    slope = slope if clip is None else clip_slope(slope, clip, by_norm)
    moved = jax.lax.stop_gradient(action) - action  # first, so that a small slope does not drown in a large action
    return 0.5 * jnp.square(jax.lax.stop_gradient(slope) + moved).sum(-1)


def straight_through(key: Key, logits: Array, temperature: Array = 1.0) -> Array:
    """Drawn choices as indicators `[..., K]`, whose gradient is that of a softmax with the same noise (arXiv:1611.01144).

    Straight-through Gumbel-softmax (section 2.2): the choices are those of `Categorical.sample`, and a critic's slope in the
    indicator reaches the logits.

    Arguments:
        key: of the draws.
        logits: `[..., K]`; what is as low as -1e30 is never drawn, and gets no gradient.
        temperature: of the softmax, above 0; less is nearer to the indicator, with a gradient of more variance.

    >>> straight_through(jax.random.key(0), jnp.asarray([0.0, 100.0])).tolist()
    [0.0, 1.0]
    """
    scores = logits + jax.random.gumbel(key, logits.shape)
    soft = jax.nn.softmax(scores / temperature)
    return soft + jax.lax.stop_gradient(jax.nn.one_hot(scores.argmax(-1), logits.shape[-1]) - soft)


def svg0(
    critic: Callable[[Array], Array], policy: Distribution, key: Key, temperature: Array = 0.0, samples: int = 1
) -> Array:
    """SVG(0): minus the value of reparameterised draws, `[...]` (arXiv:1510.09142; SAC: arXiv:1801.01290, eq. 12).

    The gradient goes through the drawn actions into the policy, and not into what the critic is made of.

    Arguments:
        critic: from actions at t `[..., D]` to values `[...]`, each of its own action only.
        policy: distribution at t with leading axes `[...]` whose draws carry a gradient (normal, squashed normal, beta).
        key: of the draws.
        temperature: weight of the draws' log-probability in nats, added to the loss; 0 is SVG(0), more is SAC.
        samples: draws per entry, averaged.

    >>> import jax
    >>> from ecotone.ops.distributions import Normal
    >>> float(svg0(lambda a: a.sum(-1), Normal(jnp.ones(2), jnp.full(2, -30.0)), jax.random.key(0)))
    -2.0
    """

    def once(key: Key) -> Array:
        action, log_prob = sample_and_log_prob(policy, key)
        value, slope = action_slope(critic, action)
        linear = (slope * (action - jax.lax.stop_gradient(action))).sum(-1)
        return temperature * log_prob - value - linear

    return jax.vmap(once)(jax.random.split(key, samples)).mean(0)
