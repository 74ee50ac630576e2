"""Convolutions without padding, channels last, that are quick on a CPU too.

XLA's convolution falls far behind the processor once its images leave the cache. Here a stack of layers runs over a few
images at a time, with one matrix product per layer over the patches that its windows see. Accelerators get the plain
convolution of the whole batch.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Array = Any
Tree = Any

FORWARD, BACKWARD = 16, 8
"""Images at a time: their patches, and backward the gradients of those too, stay in the cache."""


def convolve(
    layers: tuple[tuple[Array, Array], ...], x: Array, strides: tuple[int, ...], rectify: bool, precision: str = "float32"
) -> Array:
    """Images `x` `[N, H, W, C]` through layers of (weight `[k, k, in, out]`, bias `[out]`), each rectified if asked.

    Integer images are converted as they are read and have no gradient. `precision` is what the gradient multiplies (of
    few images on a CPU float32 anyway); outputs do not depend on it. Returns float32 `[N, h, w, out]`.
    """
    if jax.default_backend() == "cpu":
        return _chunked(layers, x, strides, rectify, precision)
    return _stack(partial(_convolution, precision), layers, x, strides, rectify)[-1]


def patches(x: Array, size: int, stride: int) -> Array:
    """What each window of `x` `[N, H, W, C]` sees, `[N, h, w, size * size * C]`, in the order of the weights.

    Where the stride divides the size, `stride` neighbouring columns are copied as one piece.
    """
    images, _, columns, channels = x.shape
    h, w = _outputs(x.shape, size, stride)
    if size % stride:
        pieces = [
            x[:, i : i + stride * (h - 1) + 1 : stride, j : j + stride * (w - 1) + 1 : stride]
            for i in range(size)
            for j in range(size)
        ]
        return jnp.concatenate(pieces, -1)
    groups = size // stride
    columns = w + groups - 1
    x = x[:, :, : columns * stride].reshape(images, x.shape[1], columns, stride * channels)
    pieces = [x[:, i : i + stride * (h - 1) + 1 : stride, j : j + w] for i in range(size) for j in range(groups)]
    return jnp.concatenate(pieces, -1)


def _outputs(shape: tuple[int, ...], size: int, stride: int) -> tuple[int, int]:
    return (shape[1] - size) // stride + 1, (shape[2] - size) // stride + 1


def _unpatch(gradient: Array, shape: tuple[int, ...], size: int, stride: int) -> Array:
    """The transpose of `patches`: add up, for each pixel, what every window that saw it says."""
    if size % stride:
        image = jax.ShapeDtypeStruct(shape, gradient.dtype)
        return jax.linear_transpose(lambda x: patches(x, size, stride), image)(gradient)[0]
    images, rows, columns, channels = shape
    h, w = _outputs(shape, size, stride)
    groups = size // stride
    gradient = gradient.reshape(images, h, w, groups, stride, groups, stride * channels)
    total = jnp.zeros((), gradient.dtype)
    for i in range(groups):
        for j in range(groups):
            piece = gradient[:, :, :, i, :, j].transpose(0, 1, 3, 2, 4)
            last_i, last_j = groups - 1 - i, groups - 1 - j
            padding = ((0, 0, 0), (i, last_i, 0), (0, 0, 0), (j, last_j, 0), (0, 0, 0))
            total = total + jax.lax.pad(piece, np.zeros((), gradient.dtype), padding)
    seen = ((h + groups - 1) * stride, (w + groups - 1) * stride)
    unseen = ((0, 0), (0, rows - seen[0]), (0, columns - seen[1]), (0, 0))
    return jnp.pad(total.reshape(images, *seen, channels), unseen)


def _matrix(x: Array) -> Array:
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _turned(x: Array) -> Array:
    """`_matrix(x).T` of `x` `[N, h, w, out]`, as an array of its own: products that read rows alone are the quickest.

    Turned with two axes of positions, since XLA would make the product read the columns of a matrix after all.
    """
    images, rows, columns, outputs = x.shape
    return jnp.moveaxis(x.reshape(images * rows, columns, outputs), 2, 0).reshape(outputs, images * rows * columns)


def _times(x: Array, y: Array) -> Array:
    """The matrix product, summed in float32."""
    return jnp.matmul(x, y, preferred_element_type=jnp.float32)


def _product(x: Array, weight: Array, stride: int) -> Array:
    """A convolution as one matrix product over patches."""
    seen = patches(x, weight.shape[0], stride).astype(weight.dtype)
    return _times(_matrix(seen), _matrix(weight)).reshape(*seen.shape[:-1], weight.shape[-1])


def _plain(x: Array, weight: Array, stride: int) -> Array:
    """XLA's own convolution."""
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), "VALID", dimension_numbers=numbers)


@partial(jax.custom_vjp, nondiff_argnums=(0, 3))
def _accelerated(precision: str, x: Array, weight: Array, stride: int) -> Array:
    return _plain(x, weight, stride)


def _accelerated_forward(precision: str, x: Array, weight: Array, stride: int) -> tuple[Array, Tree]:
    return _plain(x, weight, stride), (x, weight)


def _accelerated_backward(precision: str, stride: int, kept: Tree, gradient: Array) -> tuple[Array, Array]:
    """The gradient of `_plain`, whose sums are rounded to `precision` before they become float32 again."""
    x, weight = (part.astype(precision) for part in kept)
    back = jax.vjp(lambda x, weight: _plain(x, weight, stride), x, weight)[1](gradient.astype(precision))
    return tuple(part.astype(jnp.float32) for part in back)  # type: ignore[return-value]


_accelerated.defvjp(_accelerated_forward, _accelerated_backward)


def _convolution(precision: str, x: Array, weight: Array, stride: int) -> Array:
    return _accelerated(precision, x.astype(weight.dtype), weight, stride)


def _stack(one: Callable[[Array, Array, int], Array], layers: Tree, x: Array, strides: Any, rectify: bool) -> list:
    """The output of every layer."""
    outputs = []
    for (weight, bias), stride in zip(layers, strides, strict=True):
        x = one(x, weight, stride) + bias
        x = jax.nn.relu(x) if rectify else x
        outputs.append(x)
    return outputs


def _over_chunks(body: Callable[[Tree, Tree], tuple[Tree, Tree]], carry: Tree, arrays: Tree, size: int) -> tuple[Tree, Tree]:
    """Scan `body` over chunks of `size` along the first axis, the last of which may be smaller; outputs are joined."""
    count = jax.tree.leaves(arrays)[0].shape[0]
    whole = count - count % size
    outputs = []
    if whole:
        pieces = jax.tree.map(lambda a: a[:whole].reshape(-1, size, *a.shape[1:]), arrays)
        carry, output = jax.lax.scan(body, carry, pieces)
        outputs.append(jax.tree.map(lambda a: a.reshape(whole, *a.shape[2:]), output))
    if whole < count or not whole:
        carry, output = body(carry, jax.tree.map(lambda a: a[whole:], arrays))
        outputs.append(output)
    return carry, outputs[0] if len(outputs) == 1 else jax.tree.map(lambda *a: jnp.concatenate(a), *outputs)


@partial(jax.custom_vjp, nondiff_argnums=(2, 3, 4))
def _chunked(layers: Tree, x: Array, strides: tuple[int, ...], rectify: bool, precision: str) -> Array:
    body = lambda _, piece: (None, _stack(_product, layers, piece, strides, rectify)[-1])
    return _over_chunks(body, None, x, FORWARD)[1]


def _forward(layers: Tree, x: Array, strides: tuple[int, ...], rectify: bool, precision: str) -> tuple[Array, Tree]:
    body = lambda _, piece: (None, _stack(_product, layers, piece, strides, rectify))
    outputs = _over_chunks(body, None, x, FORWARD)[1]
    return outputs[-1], (layers, x, outputs)


def _backward(strides: tuple[int, ...], rectify: bool, precision: str, kept: Tree, gradient: Array) -> tuple[Tree, Array]:
    layers, x, outputs = kept
    wanted = jnp.issubdtype(x.dtype, jnp.floating)
    sizes = [weight.shape[0] for weight, _ in layers]
    turned = [_matrix(weight).T for weight, _ in layers]
    narrow = [weight.astype(precision) for weight in turned]

    def body(total: Tree, piece: Tree) -> tuple[Tree, Tree]:
        # Outside a loop XLA:CPU would let a narrow product read columns, which it cannot.
        weights = narrow if len(piece[0]) == BACKWARD and len(x) > BACKWARD else turned
        parts, back = _backward_piece(weights, sizes, strides, rectify, wanted, *piece)
        return jax.tree.map(jnp.add, total, parts), back

    # Weight gradients are added up as [out, in], the orientation in which XLA's matrix product is quick.
    zero = [(jnp.zeros((w.shape[-1], w.size // w.shape[-1]), w.dtype), jnp.zeros_like(b)) for w, b in layers]
    total, back = _over_chunks(body, zero, (x, outputs, gradient), BACKWARD)
    parts = tuple((part.T.reshape(w.shape), bias) for (part, bias), (w, _) in zip(total, layers, strict=True))
    return parts, back if wanted else np.zeros(x.shape, jax.dtypes.float0)


def _backward_piece(
    turned: list, sizes: list[int], strides: Any, rectify: bool, wanted: bool, x: Array, outputs: Tree, gradient: Array
) -> tuple[list, Array | None]:
    """Gradients of the layers, and of `x` where wanted, over one chunk."""
    inputs = [x, *outputs[:-1]]
    parts = []
    for i in reversed(range(len(turned))):
        weight, size, stride = turned[i], sizes[i], strides[i]
        if rectify:
            gradient = jnp.where(outputs[i] > 0, gradient, 0.0)
        seen = patches(inputs[i], size, stride).astype(weight.dtype)
        parts.append((_times(_turned(gradient).astype(weight.dtype), _matrix(seen)), gradient.sum((0, 1, 2))))
        if i or wanted:
            back = _times(_matrix(gradient).astype(weight.dtype), weight).reshape(seen.shape)
            gradient = _unpatch(back, inputs[i].shape, size, stride).astype(inputs[i].dtype)
    return parts[::-1], gradient if wanted else None


_chunked.defvjp(_forward, _backward)


def same_convolution(x: Array, weight: Array, bias: Array) -> Array:
    """A convolution of stride 1 that keeps the size: `[N, H, W, in]` float32 to `[N, H, W, out]`; XLA's own everywhere.

    Of 3×3 windows that do not skip, patches are nine times the image, and their gradients cost twice what XLA's do.
    """
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (1, 1), "SAME", dimension_numbers=numbers) + bias


def halve(x: Array) -> Array:
    """The largest of 3×3 windows with stride 2, padded to ⌈H/2⌉ × ⌈W/2⌉: `[N, H, W, C]` to `[N, h, w, C]`.

    The largest of shifted slices: the gradient of XLA's own windows is slower on a CPU.
    """
    for axis in (1, 2):
        outputs = -(-x.shape[axis] // 2)
        missing = max(2 * outputs + 1 - x.shape[axis], 0)
        padding = [(0, 0)] * 4
        padding[axis] = (missing // 2, missing - missing // 2)
        x = jnp.pad(x, padding, constant_values=-jnp.inf)
        slices = [jax.lax.slice_in_dim(x, i, i + 2 * outputs - 1, 2, axis) for i in range(3)]
        x = jnp.maximum(jnp.maximum(slices[0], slices[1]), slices[2])
    return x
