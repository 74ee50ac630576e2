"""Convolutional encoders."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.networks.convolution import convolve, halve, same_convolution
from ecotone.networks.layers import Dense, LayerNorm, orthogonal
from ecotone.spec import Box, Space

Array = Any
Key = Any

PRECISIONS = ("float32", "bfloat16")
"""What the gradient of convolutions can multiply."""


class Convolution(eqx.Module):
    """A square convolution without padding, channels last: `[..., H, W, in]` to `[..., h, w, out]`."""

    weight: Array
    bias: Array
    stride: int = eqx.field(static=True)
    gradient_precision: str = eqx.field(static=True)

    def __init__(self, key: Key, size: int, inputs: int, outputs: int, stride: int, precision: str = "float32") -> None:
        shape = (size * size * inputs, outputs)
        weight = orthogonal(key, shape, math.sqrt(2.0))
        self.weight = weight.reshape(size, size, inputs, outputs)
        self.bias = jnp.zeros(outputs, jnp.float32)
        self.stride, self.gradient_precision = stride, precision

    def __call__(self, x: Array) -> Array:
        leading = x.shape[:-3]
        images, layers = x.reshape(math.prod(leading), *x.shape[-3:]), ((self.weight, self.bias),)
        y = convolve(layers, images, (self.stride,), False, self.gradient_precision)
        return y.reshape(*leading, *y.shape[1:])


class ConvolutionalEncoder(eqx.Module):
    """Convolutions and a dense layer, each rectified, and normalised before that where `norms` has some."""

    convolutions: tuple[Convolution, ...]
    dense: Dense
    norms: tuple[LayerNorm, ...]
    bytes: bool = eqx.field(static=True)

    def __call__(self, observation: Array) -> Array:
        leading = observation.shape[:-3]
        if self.norms:
            return self._normalised(observation)
        first, *rest = self.convolutions
        # Bytes are 0 to 255: scaling the first weights instead saves a pass over the images.
        weight = first.weight / 255.0 if self.bytes else first.weight
        layers = ((weight, first.bias), *((layer.weight, layer.bias) for layer in rest))
        strides = tuple(layer.stride for layer in self.convolutions)
        images = observation.reshape(math.prod(leading), *observation.shape[-3:])
        x = convolve(layers, images, strides, True, first.gradient_precision)
        x = jax.nn.relu(self.dense(x.reshape(x.shape[0], math.prod(x.shape[1:]))))
        return x.reshape(*leading, x.shape[-1])

    def _normalised(self, observation: Array) -> Array:
        x = jnp.asarray(observation, jnp.float32)
        x = x / 255.0 if self.bytes else x
        *norms, last = self.norms
        for layer, norm in zip(self.convolutions, norms, strict=True):
            x = jax.nn.relu(norm(layer(x)))
        return jax.nn.relu(last(self.dense(x.reshape(*x.shape[:-3], math.prod(x.shape[-3:])))))


def image_shape(space: Space, least: int) -> tuple[int, int, int]:
    """Height, width and channels; raises `ValueError` for what is no image or has fewer than `least` pixels a side."""
    if not isinstance(space, Box) or len(space.shape) != 3:
        raise ValueError(f"convolutions read images (a Box of height, width and channels), not {space}.")
    height, width, channels = space.shape
    if min(height, width) < least:
        raise ValueError(f"images of {height}×{width} are too small: these convolutions need at least {least}×{least}.")
    return height, width, channels


@frozen
class CNN:
    """Convolutions without padding and one dense layer; as it stands, those of Mnih et al. 2015 (doi:10.1038/nature14236).

    Images are bytes (divided by 255) or floats, of any channels.
    """

    layers: tuple[tuple[int, int, int], ...] = ((32, 8, 4), (64, 4, 2), (64, 3, 1))
    """Filters, size and stride of each convolution; smaller sizes and strides for images much below 84 pixels a side."""
    dense: int = 512
    """Width of the dense layer; usually 256 or 512."""
    layer_norm: bool = False
    """Layer normalisation over the filters, and over the dense layer, in front of each rectifier (arXiv:1607.06450)."""
    gradient_precision: str = "float32"
    """What the gradient of the convolutions multiplies, `float32` or `bfloat16` (mixed precision, arXiv:1905.12322): the
    latter has 8 significant bits and is quicker on GPUs, TPUs and processors with AMX. What the network says stays."""

    def init(self, key: Key, space: Space) -> ConvolutionalEncoder:
        """Fresh orthogonal weights; raises `ValueError` for no image, one too small, or an unknown precision."""
        if self.gradient_precision not in PRECISIONS:
            raise ValueError(f"unknown precision '{self.gradient_precision}': choose one of {', '.join(PRECISIONS)}.")
        least = 1
        for _, size, stride in reversed(self.layers):
            least = (least - 1) * stride + size
        height, width, channels = image_shape(space, least)
        *keys, key_dense = jax.random.split(key, len(self.layers) + 1)
        convolutions = []
        for key_layer, (filters, size, stride) in zip(keys, self.layers, strict=True):
            convolutions.append(Convolution(key_layer, size, channels, filters, stride, self.gradient_precision))
            height, width, channels = (height - size) // stride + 1, (width - size) // stride + 1, filters
        dense = Dense(key_dense, height * width * channels, self.dense)
        widths = (*(filters for filters, _, _ in self.layers), self.dense) if self.layer_norm else ()
        norms = tuple(map(LayerNorm, widths))
        return ConvolutionalEncoder(tuple(convolutions), dense, norms, space.dtype == "uint8")  # type: ignore[union-attr]

    def width(self, space: Space) -> int:
        """Features per image."""
        return self.dense


class Stage(eqx.Module):
    """A convolution, the largest of every few pixels, and two residual blocks of two convolutions each."""

    entry: Convolution
    blocks: tuple[tuple[Convolution, Convolution], ...]

    def __call__(self, x: Array) -> Array:
        x = halve(same_convolution(x, self.entry.weight, self.entry.bias))
        for first, second in self.blocks:
            y = same_convolution(jax.nn.relu(x), first.weight, first.bias)
            x = x + same_convolution(jax.nn.relu(y), second.weight, second.bias)
        return x


class ImpalaEncoder(eqx.Module):
    """Residual stages and a rectified dense layer."""

    stages: tuple[Stage, ...]
    dense: Dense
    bytes: bool = eqx.field(static=True)

    def __call__(self, observation: Array) -> Array:
        leading = observation.shape[:-3]
        x = jnp.asarray(observation, jnp.float32).reshape(math.prod(leading), *observation.shape[-3:])
        x = x / 255.0 if self.bytes else x
        for stage in self.stages:
            x = stage(x)
        x = jax.nn.relu(self.dense(jax.nn.relu(x).reshape(x.shape[0], math.prod(x.shape[1:]))))
        return x.reshape(*leading, x.shape[-1])


@frozen
class ImpalaCNN:
    """The residual network of IMPALA without its memory (arXiv:1802.01561, figure 3): better and slower than `CNN`.

    Images are bytes (divided by 255) or floats, of any channels.
    """

    channels: tuple[int, ...] = (16, 32, 32)
    """Filters of each stage, which halves the image; usually (16, 32, 32), or two to four times that."""
    dense: int = 256
    """Width of the dense layer; usually 256."""

    def init(self, key: Key, space: Space) -> ImpalaEncoder:
        """Fresh orthogonal weights; raises `ValueError` for what is no image, or has nothing left to halve at a stage."""
        height, width, inputs = image_shape(space, 2 ** len(self.channels))
        *keys, key_dense = jax.random.split(key, len(self.channels) + 1)
        stages = []
        for key_stage, outputs in zip(keys, self.channels, strict=True):
            entry, *inner = jax.random.split(key_stage, 5)
            within = [Convolution(each, 3, outputs, outputs, 1) for each in inner]
            pairs = ((within[0], within[1]), (within[2], within[3]))
            stages.append(Stage(Convolution(entry, 3, inputs, outputs, 1), pairs))
            height, width, inputs = -(-height // 2), -(-width // 2), outputs
        dense = Dense(key_dense, height * width * inputs, self.dense)
        return ImpalaEncoder(tuple(stages), dense, space.dtype == "uint8")  # type: ignore[union-attr]

    def width(self, space: Space) -> int:
        """Features per image."""
        return self.dense
