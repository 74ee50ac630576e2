"""Layers with noise in their weights, so that a network explores by itself.

The noise is stored in the network, which stays a tree of arrays: `renew_noise` draws it anew, `without_noise` leaves the
means. No gradient reaches it, so that optimisers leave it alone.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ecotone.networks.layers import Dense
from ecotone.ops.arrays import namespace
from ecotone.ops.exploration import factorised_noise

Array = Any
Key = Any
Tree = Any


class NoisyDense(eqx.Module):
    """An affine map whose weights are each a mean and a learned multiple of noise (arXiv:1706.10295, eq. 9 to 11)."""

    mean: Dense
    spread: Dense
    noise: Dense

    def __init__(self, key: Key, inputs: int, outputs: int, deviation: Array) -> None:
        """Means evenly from ±1/√inputs, multiples of `deviation`/√inputs (section 3.2), and a first draw of noise."""
        key_mean, key_noise = jax.random.split(key)
        self.mean = Dense(key_mean, inputs, outputs, None)
        share = jnp.asarray(deviation, jnp.float32) / math.sqrt(inputs)
        self.spread = jax.tree.map(lambda x: jnp.full(x.shape, share), self.mean)
        self.noise = _filled(self.mean, *factorised_noise(key_noise, inputs, outputs))

    def __call__(self, x: Array) -> Array:
        noise = self.noise
        if namespace(noise.weight) is jnp:
            noise = jax.lax.stop_gradient(noise)
        weight = self.mean.weight + self.spread.weight * noise.weight
        return x @ weight + (self.mean.bias + self.spread.bias * noise.bias)


def _filled(dense: Dense, weight: Array, bias: Array) -> Dense:
    return eqx.tree_at(lambda d: (d.weight, d.bias), dense, (weight, bias))


def renew_noise(network: Tree, key: Key) -> Tree:
    """The network with new noise in every `NoisyDense`; raises `TypeError` for what is no tree of arrays.

    Learners draw it for each loss, actors for each step or fragment (arXiv:1706.10295, section 3.1).
    """
    keys = iter(jax.random.split(key, max(sum(isinstance(node, NoisyDense) for node in _nodes(network)), 1)))
    return _with_noise(network, lambda shape: factorised_noise(next(keys), *shape))


def without_noise(network: Tree) -> Tree:
    """The network with no noise, for greedy choices; raises `TypeError` for what is no tree of arrays."""
    return _with_noise(network, lambda shape: (jnp.zeros(shape), jnp.zeros(shape[1])))


def _nodes(network: Tree) -> list[Any]:
    nodes = jax.tree.leaves(network, is_leaf=lambda node: isinstance(node, NoisyDense))
    for node in nodes:
        # A mirror (`runtime.mirror`) hides its layers: to pass over it would silently keep the old noise.
        if not isinstance(node, NoisyDense | jax.Array | np.ndarray):
            raise TypeError(f"noise is renewed in trees of arrays, but there is a {type(node).__name__}.")
    return nodes


def _with_noise(network: Tree, draw: Callable[[tuple[int, int]], tuple[Array, Array]]) -> Tree:
    def one(node: Any) -> Any:
        if not isinstance(node, NoisyDense):
            return node
        return eqx.tree_at(lambda n: n.noise, node, _filled(node.noise, *draw(node.noise.weight.shape)))

    _nodes(network)
    return jax.tree.map(one, network, is_leaf=lambda node: isinstance(node, NoisyDense))
