"""Milliseconds of the Nature CNN, forward and gradient: XLA's plain convolution against ours, alternated."""

import statistics
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.networks.cnn import CNN
from ecotone.spec import Box


def plain(network, images):
    """The same network with XLA's own convolution over the whole batch."""
    x = images.astype(jnp.float32) / 255.0
    for layer in network.convolutions:
        strides, numbers = (layer.stride, layer.stride), ("NHWC", "HWIO", "NHWC")
        y = jax.lax.conv_general_dilated(x, layer.weight, strides, "VALID", dimension_numbers=numbers)
        x = jax.nn.relu(y + layer.bias)
    return jax.nn.relu(network.dense(x.reshape(x.shape[0], -1)))


def milliseconds(function, *arguments):
    """Time of one call."""
    start = time.perf_counter()
    jax.block_until_ready(function(*arguments))
    return (time.perf_counter() - start) * 1e3


def main(batch=256, rounds=10):
    """Print the minimum and median of each variant."""
    network = CNN().init(jax.random.key(0), Box((84, 84, 4), "uint8", 0, 255))
    images = jnp.asarray(np.random.default_rng(0).integers(0, 256, (batch, 84, 84, 4), dtype=np.uint8))
    variants = {"plain": plain, "ours": lambda n, x: n(x)}
    calls = {f"forward {name}": jax.jit(f) for name, f in variants.items()}
    for name, f in variants.items():
        calls[f"gradient {name}"] = jax.jit(jax.value_and_grad(lambda n, x, f=f: jnp.mean(f(n, x) ** 2)))
    times = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            times[name].append(milliseconds(call, network, images))
    print(f"batch {batch}, {jax.default_backend()}, jax {jax.__version__}")
    for name, values in times.items():
        print(f"{name:16s} minimum {min(values[1:]):7.1f} ms   median {statistics.median(values[1:]):7.1f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
