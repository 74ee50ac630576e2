"""Functions that serve NumPy and JAX arrays alike, so that one policy acts inside a program and without one."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = Any


def namespace(array: Array) -> Any:
    """`numpy` for a NumPy array, `jax.numpy` for everything else."""
    return np if isinstance(array, (np.ndarray, np.generic)) else jnp


def log_softmax(logits: Array) -> Array:
    """Logarithm of the softmax over the last axis, `[..., K]`."""
    if namespace(logits) is jnp:
        return jax.nn.log_softmax(logits)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def softplus(x: Array) -> Array:
    """log(1 + exp(x)) without overflow, any shape."""
    return namespace(x).logaddexp(x, 0.0)


def pick(values: Array, index: Array) -> Array:
    """The entry of each row's last axis that `index` names: `values` `[..., K]`, `index` `[...]` int, result `[...]`."""
    xp = namespace(values)
    return xp.take_along_axis(values, index[..., None].astype(xp.int32), -1)[..., 0]


def masked_mean(values: Array, where: Array) -> Array:
    """Mean of `values` over the entries with `where` true (0 if there are none), a scalar."""
    weight = where.astype(values.dtype)
    return (values * weight).sum() / namespace(values).maximum(weight.sum(), 1.0)


def same_shape(**arrays: Any) -> None:
    """Raise `ValueError` naming all shapes unless they are one; takes arrays, and tuples as shapes."""
    shapes = {name: array if isinstance(array, tuple) else np.shape(array) for name, array in arrays.items()}
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"These must have one shape, or they would broadcast: {listed}.")


def same_or_scalar(shape: tuple[int, ...], **arrays: Array) -> None:
    """Raise `ValueError` unless each array is a single number or has that shape."""
    for name, array in arrays.items():
        if np.ndim(array):
            same_shape(**{"the others": shape, name: array})
