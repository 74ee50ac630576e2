"""Convolutional encoders."""

import math
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.networks.convolution import convolve
from ecotone.networks.layers import Dense

Array = Any
Key = Any


class Convolution(eqx.Module):
    """A square convolution without padding, channels last: `[..., H, W, in]` to `[..., h, w, out]`."""

    weight: Array
    bias: Array
    stride: int = eqx.field(static=True)

    def __init__(self, key: Key, size: int, inputs: int, outputs: int, stride: int) -> None:
        shape = (size * size * inputs, outputs)
        weight = jax.nn.initializers.orthogonal(math.sqrt(2.0))(key, shape, jnp.float32)
        self.weight = weight.reshape(size, size, inputs, outputs)
        self.bias = jnp.zeros(outputs, jnp.float32)
        self.stride = stride

    def __call__(self, x: Array) -> Array:
        leading = x.shape[:-3]
        y = convolve(((self.weight, self.bias),), x.reshape(math.prod(leading), *x.shape[-3:]), (self.stride,), False)
        return y.reshape(*leading, *y.shape[1:])


class NatureCNN(eqx.Module):
    """The three convolutions and one dense layer of Mnih et al. 2015, for images of at least 36 pixels a side."""

    WIDTH: ClassVar[int] = 512
    convolutions: tuple[Convolution, ...]
    dense: Dense

    def __init__(self, key: Key, shape: tuple[int, ...]) -> None:
        keys = jax.random.split(key, 4)
        sides = [shape[:2]]
        for size, stride in ((8, 4), (4, 2), (3, 1)):
            sides.append(tuple((side - size) // stride + 1 for side in sides[-1]))
        if min(sides[-1]) < 1:
            raise ValueError(f"images of {shape[0]}×{shape[1]} are too small for the Nature CNN: at least 36×36 are needed.")
        self.convolutions = (
            Convolution(keys[0], 8, shape[2], 32, 4),
            Convolution(keys[1], 4, 32, 64, 2),
            Convolution(keys[2], 3, 64, 64, 1),
        )
        self.dense = Dense(keys[3], math.prod(sides[-1]) * 64, self.WIDTH)

    def __call__(self, observation: Array) -> Array:
        leading = observation.shape[:-3]
        first, *rest = self.convolutions
        # Pixels are 0 to 255: scaling the first weights instead saves a pass over the images.
        layers = ((first.weight / 255.0, first.bias), *((layer.weight, layer.bias) for layer in rest))
        strides = tuple(layer.stride for layer in self.convolutions)
        x = convolve(layers, observation.reshape(math.prod(leading), *observation.shape[-3:]), strides, True)
        x = jax.nn.relu(self.dense(x.reshape(x.shape[0], math.prod(x.shape[1:]))))
        return x.reshape(*leading, self.WIDTH)


@frozen
class CNN:
    """Nature's convolutions as an encoder of images."""

    def init(self, key: Key, space: Any) -> NatureCNN:
        """Fresh weights (orthogonal)."""
        return NatureCNN(key, space.shape)

    def width(self, space: Any) -> int:
        """Features per image."""
        return NatureCNN.WIDTH
