"""Layers that read NumPy and JAX arrays alike: the same network acts inside a program and without one."""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.ops.arrays import namespace

Array = Any
Key = Any

NORM_EPSILON = 1e-6
"""Added to the variance of a layer's features."""
NARROW, FEW = 128, 1 << 20
"""Inputs and multiplications up to which a product has its gradient in the form that is quickest on one core."""
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda x: namespace(x).tanh(x),
    "relu": lambda x: namespace(x).maximum(x, 0.0),
    "silu": lambda x: x / (1.0 + namespace(x).exp(-x)),
}
"""Activation functions by name."""


def activation(name: str) -> Callable[[Array], Array]:
    """The activation function of that name; raises `ValueError` with the known names."""
    if name not in ACTIVATIONS:
        raise ValueError(f"unknown activation '{name}': choose one of {', '.join(sorted(ACTIVATIONS))}.")
    return ACTIVATIONS[name]


def orthogonal(key: Key, shape: tuple[int, int], scale: float) -> Array:
    """Orthogonal weights of gain `scale` (arXiv:1312.6120), `shape` float32.

    Under `vmap` one matrix is made after another: on a CPU, XLA's batched decompositions wait for each other's threads for
    ever where a program has several of 64 matrices or more.
    """
    make = jax.nn.initializers.orthogonal(scale)
    return jax.custom_batching.sequential_vmap(lambda key: make(key, shape, jnp.float32))(key)


@jax.custom_vjp
def _narrow(x: Array, weight: Array) -> Array:
    """`x` `[..., in]` by `weight` `[in, out]`, whose gradient XLA sums over two axes of rows: faster on a CPU."""
    return x @ weight


def _narrow_forward(x: Array, weight: Array) -> tuple[Array, tuple[Array, Array]]:
    return x @ weight, (x, weight)


def _narrow_backward(saved: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    x, weight = saved
    rows = lambda y: y.reshape(math.gcd(math.prod(y.shape[:-1]), 16), -1, y.shape[-1])
    return slope @ weight.T, jnp.einsum("abi,abo->io", rows(x), rows(slope))


_narrow.defvjp(_narrow_forward, _narrow_backward)


def product(x: Array, weight: Array) -> Array:
    """`x` `[..., in]` by `weight` `[..., in, out]`."""
    alone = namespace(x) is jnp and weight.ndim == 2
    if alone and len(weight) <= NARROW and math.prod(x.shape[:-1]) * weight.size <= FEW:
        return _narrow(x, weight)
    return x @ weight


class Dense(eqx.Module):
    """An affine map of the last axis: `weight` `[..., in, out]`, `bias` `[..., out]`."""

    weight: Array
    bias: Array

    def __init__(self, key: Key, inputs: int, outputs: int, scale: float | None = math.sqrt(2.0)) -> None:
        """Orthogonal weights of gain `scale` (arXiv:1312.6120) and zero bias; or, for none, both evenly from ±1/√inputs."""
        if scale is None:
            key_weight, key_bias = jax.random.split(key)
            bound = 1.0 / math.sqrt(inputs)
            self.weight = jax.random.uniform(key_weight, (inputs, outputs), jnp.float32, -bound, bound)
            self.bias = jax.random.uniform(key_bias, (outputs,), jnp.float32, -bound, bound)
        else:
            self.weight = orthogonal(key, (inputs, outputs), scale)
            self.bias = jnp.zeros(outputs, jnp.float32)

    def __call__(self, x: Array) -> Array:
        return product(x, self.weight) + self.bias


class LayerNorm(eqx.Module):
    """Features shifted and scaled to mean 0 and variance 1, then by learned weights (arXiv:1607.06450, eq. 4)."""

    scale: Array
    offset: Array

    def __init__(self, features: int) -> None:
        self.scale, self.offset = jnp.ones(features, jnp.float32), jnp.zeros(features, jnp.float32)

    def __call__(self, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        variance = (centred * centred).mean(-1, keepdims=True)
        return centred / namespace(x).sqrt(variance + NORM_EPSILON) * self.scale + self.offset


class MLP(eqx.Module):
    """Dense layers with an activation after each, and layer normalisation before it where `norms` has some."""

    layers: tuple[Dense, ...]
    norms: tuple[LayerNorm, ...]
    activation: str = eqx.field(static=True)

    def __init__(
        self,
        key: Key,
        inputs: int,
        hidden: tuple[int, ...],
        activation_name: str,
        scale: float | None = math.sqrt(2.0),
        layer_norm: bool = False,
    ) -> None:
        activation(activation_name)
        sizes = (inputs, *hidden)
        keys = jax.random.split(key, max(len(hidden), 1))
        self.layers = tuple(Dense(k, a, b, scale) for k, a, b in zip(keys, sizes[:-1], sizes[1:], strict=False))
        self.norms = tuple(LayerNorm(width) for width in hidden) if layer_norm else ()
        self.activation = activation_name

    def __call__(self, x: Array) -> Array:
        act = ACTIVATIONS[self.activation]
        for i, layer in enumerate(self.layers):
            x = layer(x)
            x = act(self.norms[i](x) if self.norms else x)
        return x
