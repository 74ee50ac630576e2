"""Losses, one number per entry; the caller takes the mean over the rows that count."""

from typing import Any

import jax
import jax.numpy as jnp

Array = Any
LARGEST_LOG_RATIO = 20.0


def squared(error: Array) -> Array:
    """½ error², any shape."""
    return 0.5 * jnp.square(error)


def huber(error: Array, delta: float = 1.0) -> Array:
    """½ error² within ±`delta`, linear beyond (Huber 1964; Mnih et al. 2015), any shape."""
    size = jnp.abs(error)
    inner = jnp.minimum(size, delta)
    return 0.5 * inner * inner + delta * (size - inner)


def clipped_ratio(log_ratio: Array, advantage: Array, clip: Array) -> Array:
    """PPO's pessimistic surrogate as a loss, `[...]` (arXiv:1707.06347, eq. 7).

    Arguments:
        log_ratio: log π(a|x) − log μ(a|x) in nats; beyond ±20 it counts as ±20, so that nothing overflows.
        advantage: of the chosen actions; no gradient goes through it.
        clip: ε; the ratio gains nothing beyond 1 ± ε.
    """
    advantage = jax.lax.stop_gradient(advantage)
    ratio = jnp.exp(jnp.clip(log_ratio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))
    return -jnp.minimum(ratio * advantage, jnp.clip(ratio, 1.0 - clip, 1.0 + clip) * advantage)


def standardise(values: Array, where: Array, epsilon: float = 1e-8) -> Array:
    """Values shifted and scaled to mean 0 and standard deviation 1 over the entries with `where`, any shape."""
    weight = where.astype(values.dtype)
    count = jnp.maximum(weight.sum(), 1.0)
    mean = (values * weight).sum() / count
    centred = (values - mean) * weight
    return centred / (jnp.sqrt(jnp.square(centred).sum() / count) + epsilon)
