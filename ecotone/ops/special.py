"""Special functions of NumPy and JAX arrays alike."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.ops.arrays import namespace

Array = Any


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)) without overflow, any shape `[...]` (Abramowitz & Stegun 1964).

    >>> sigmoid(jnp.asarray([-1e4, 0.0, 1e4])).tolist()
    [0.0, 0.5, 1.0]
    """
    return jax.nn.sigmoid(x) if namespace(x) is jnp else 0.5 * np.tanh(0.5 * x) + 0.5


def gammaln(x: Array) -> Array:
    """Logarithm of the gamma function of positive numbers, any shape `[...]` (Abramowitz & Stegun 1964, eq. 6.1.1).

    >>> round(float(gammaln(jnp.asarray(4.0))), 3)
    1.792
    """
    if namespace(x) is jnp:
        return jax.scipy.special.gammaln(x)
    from scipy.special import gammaln as of_numpy  # a dependency of JAX

    return of_numpy(x)


def digamma(x: Array) -> Array:
    """Derivative of `gammaln` at positive numbers, any shape `[...]` (Abramowitz & Stegun 1964, eq. 6.3.1).

    >>> round(float(digamma(jnp.asarray(1.0))), 3)
    -0.577
    """
    if namespace(x) is jnp:
        return jax.scipy.special.digamma(x)
    from scipy.special import psi

    return psi(x)


def log_sum_exp(x: Array) -> Array:
    """log Σ exp(x) over the last axis, `[..., K]` to `[..., 1]`, without overflow (Blanchard et al. 2021).

    >>> log_sum_exp(jnp.asarray([1000.0, 1000.0])).round(2).tolist()
    [1000.6900024414062]
    """
    xp = namespace(x)
    return xp.logaddexp.reduce(x, axis=-1, keepdims=True) if xp is not jnp else jax.nn.logsumexp(x, -1, keepdims=True)
