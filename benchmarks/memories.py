"""Microseconds per row of each memory, forward and gradient, on segments of 256 rows: the recurrent ones and attention."""

import statistics
import sys
import time

import jax
import jax.numpy as jnp

from ecotone.networks.attention import GatedTransformer
from ecotone.networks.recurrent import GRU, LSTM, MinGRU


def main(steps=256, lanes=8, width=64, rounds=10):
    """Print the least and the median of each, alternated."""
    cores = {"LSTM": LSTM(width), "GRU": GRU(width), "MinGRU": MinGRU(width), "attention": GatedTransformer(width, reach=32)}
    seen, is_first = jax.random.normal(jax.random.key(1), (steps, lanes, width)), jnp.zeros((steps, lanes), bool)
    calls = {}
    for name, core in cores.items():
        module, memory = core.init(jax.random.key(0), width), core.initial_memory(lanes)
        loss = lambda module, seen, memory: jnp.square(module(seen, is_first, memory)[0]).mean()
        gradient = jax.jit(jax.grad(loss))
        calls[name] = lambda gradient=gradient, module=module, memory=memory: gradient(module, seen, memory)
    times = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            jax.block_until_ready(call())
            times[name].append((time.perf_counter() - start) * 1e6 / steps / lanes)
    print(f"{lanes} lanes of {steps} rows, width {width}, {jax.default_backend()}, jax {jax.__version__}")
    for name, values in times.items():
        print(f"{name:10s} least {min(values[1:]):6.2f} µs a row   median {statistics.median(values[1:]):6.2f} µs a row")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
