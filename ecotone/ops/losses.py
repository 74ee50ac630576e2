"""Losses, one number per entry; the caller takes the mean over the rows that count."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Array = Any
Tree = Any
LARGEST_LOG_RATIO = 20.0


def squared(error: Array) -> Array:
    """½ error², any shape `[...]` (TRFL's and RLax's l2; Sutton & Barto 2018, eq. 9.4).

    >>> squared(jnp.asarray([1.0, -2.0])).tolist()
    [0.5, 2.0]
    """
    return 0.5 * jnp.square(error)


def huber(error: Array, delta: float = 1.0) -> Array:
    """½ error² within ±`delta`, linear beyond, any shape `[...]` (Huber 1964; Mnih et al. 2015).

    >>> huber(jnp.asarray([0.5, -3.0])).tolist()
    [0.125, 2.5]
    """
    size = jnp.abs(error)
    inner = jnp.minimum(size, delta)
    return 0.5 * inner * inner + delta * (size - inner)


def clipped_squared(value: Array, old: Array, target: Array, clip: Array, loss: Callable[[Array], Array] = squared) -> Array:
    """½ error² of a value that gains nothing by moving further than `clip` from the old one, `[...]` (arXiv:2005.12729).

    PPO's value clipping (section 3): the larger of the losses of the value and of the value held within `old` ± `clip`.
    `loss` is another one of errors, such as `huber`.

    >>> one = jnp.ones(2)
    >>> clipped_squared(3.0 * one, jnp.asarray([1.0, 3.0]), 3.0 * one, 0.5).tolist()
    [1.125, 0.0]
    """
    held = old + jnp.clip(value - old, -clip, clip)
    return jnp.maximum(loss(value - target), loss(held - target))


def pinball(error: Array, level: Array, delta: float = 0.0) -> Array:
    """Quantile loss `|τ − 1{error < 0}| · |error|`, any shape `[...]` (Koenker & Bassett 1978; arXiv:1710.10044, eq. 8).

    Arguments:
        error: target − prediction.
        level: τ in [0, 1], broadcasts to `error`.
        delta: above 0, `huber(error, delta)` takes the place of |error|.

    >>> pinball(jnp.asarray([2.0, -2.0]), 0.75).tolist()
    [1.5, 0.5]
    """
    return _lean(error, level) * (huber(error, delta) if delta > 0.0 else jnp.abs(error))


def expectile(error: Array, level: Array) -> Array:
    """Expectile loss `|τ − 1{error < 0}| · error²`, any shape `[...]` (Newey & Powell 1987; arXiv:2110.06169, eq. 5).

    Arguments:
        error: target − prediction.
        level: τ in [0, 1], broadcasts to `error`; above ½ the prediction leans to the larger targets.

    >>> expectile(jnp.asarray([2.0, -2.0]), 0.75).tolist()
    [3.0, 1.0]
    """
    return _lean(error, level) * jnp.square(error)


def _lean(error: Array, level: Array) -> Array:
    """|τ − 1{error < 0}|."""
    return jnp.abs(level - (error < 0.0).astype(error.dtype))


def bounded_ratio(log_ratio: Array) -> Array:
    """π(a|x) / μ(a|x) from its logarithm in nats, which counts as ±20 beyond that, `[...]` (arXiv:1707.06347, section 3).

    >>> bounded_ratio(jnp.asarray([0.0, -1000.0])).round(3).tolist()
    [1.0, 0.0]
    """
    return jnp.exp(jnp.clip(log_ratio, -LARGEST_LOG_RATIO, LARGEST_LOG_RATIO))


def clipped_ratio(log_ratio: Array, advantage: Array, clip: Array) -> Array:
    """PPO's pessimistic surrogate as a loss, `[...]` (arXiv:1707.06347, eq. 7).

    Arguments:
        log_ratio: log π(a|x) − log μ(a|x) in nats; beyond ±20 it counts as ±20, so that nothing overflows.
        advantage: of the chosen actions; no gradient goes through it.
        clip: ε; the ratio gains nothing beyond 1 ± ε.

    >>> clipped_ratio(jnp.log(jnp.asarray([2.0, 0.5])), jnp.asarray([1.0, 1.0]), 0.25).tolist()
    [-1.25, -0.5]
    """
    advantage, ratio = jax.lax.stop_gradient(advantage), bounded_ratio(log_ratio)
    return -jnp.minimum(ratio * advantage, jnp.clip(ratio, 1.0 - clip, 1.0 + clip) * advantage)


def standardise(values: Array, where: Array, epsilon: float = 1e-8) -> Array:
    """Values shifted and scaled to mean 0 and standard deviation 1 over the entries with `where`, any shape `[...]`.

    The usual treatment of advantages in a minibatch (Andrychowicz et al. 2020, arXiv:2006.05990).

    >>> standardise(jnp.asarray([1.0, 3.0, 9.0]), jnp.asarray([True, True, False])).tolist()
    [-1.0, 1.0, 0.0]
    """
    weight = where.astype(values.dtype)
    count = jnp.maximum(weight.sum(), 1.0)
    mean = (values * weight).sum() / count
    centred = (values - mean) * weight
    return centred / (jnp.sqrt(jnp.square(centred).sum() / count) + epsilon)


def added(function: Callable[[Tree, Tree], Array] | None, network: Tree, rows: Tree) -> Array:
    """A loss term of the user's own, one number of a network and its rows `[T, B, ...]`; 0 for none.

    An auxiliary loss (arXiv:1611.05397, eq. 5).

    >>> added(lambda network, rows: network * rows.mean(), jnp.asarray(2.0), jnp.ones(3)).item()
    2.0
    """
    return 0.0 if function is None else function(network, rows)
