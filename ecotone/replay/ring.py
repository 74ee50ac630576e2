"""The most recent rows in a ring, written and read inside the learning program or, as NumPy arrays, beside it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class Layout:
    """What is fixed about a ring."""

    size: int
    """Rows per lane, a multiple of the stride."""
    lanes: int
    """Lanes."""
    stride: int = 1
    """Windows begin at rows whose place in the ring is a multiple of this."""


class Ring(NamedTuple):
    """Rows `[N, B, ...]`; row `head` is the newest, only looked at; the `filled` rows before it can begin windows.

    The rows' `memory` is the policy's before each of them, `[N, B, ...]`, or `()` where the extras had none.
    """

    rows: Trajectory
    head: Array
    filled: Array
    layout: Layout


class Places(NamedTuple):
    """Where windows begin: row in the ring and lane, `[batch]` each."""

    row: Array
    lane: Array


def empty(example: Trajectory, capacity: int, window: int, stride: int = 1) -> Ring:
    """A ring for at least `capacity` rows over all lanes, for fragments shaped as `example`."""
    fragment, lanes = example.acted.shape
    size = max(capacity // lanes, fragment + window + stride - 1) + 1
    size += -size % stride
    rows = jax.tree.map(lambda x: jnp.zeros((size, *x.shape[1:]), x.dtype), _kept(example))
    zero = jnp.zeros((), jnp.int32)
    return Ring(rows, zero, zero, Layout(size, lanes, stride))


def add(ring: Ring, rows: Trajectory) -> Ring:
    """Append a fragment whose row 0 is the ring's newest row, now with its decision."""
    size, fragment = ring.layout.size, rows.acted.shape[0]
    index = (ring.head + jnp.arange(fragment)) % size
    write = lambda kept, new: kept.at[index].set(new, unique_indices=True, mode="promise_in_bounds")
    kept = jax.tree.map(write, ring.rows, _kept(rows))
    filled = jnp.minimum(ring.filled + fragment - 1, size - 1)
    return Ring(kept, (ring.head + fragment - 1) % size, filled, ring.layout)


def places(ring: Ring, key: Key, batch: int, window: int) -> Places:
    """Where windows begin, evenly at any row (of the stride) that `window` - 1 rows follow."""
    size, lanes, stride = ring.layout.size, ring.layout.lanes, ring.layout.stride
    key_age, key_lane = jax.random.split(key)
    least = window - 1
    if stride == 1:
        age = jax.random.randint(key_age, (batch,), least, ring.filled + 1)
    else:
        youngest = least + (ring.head - least) % stride
        age = youngest + stride * jax.random.randint(key_age, (batch,), 0, (ring.filled - youngest) // stride + 1)
    lane = jax.random.randint(key_lane, (batch,), 0, lanes)
    return Places((ring.head - age) % size, lane)


def read(ring: Ring, at: Places, window: int) -> Trajectory:
    """Windows `[window, batch, ...]` that begin there.

    Where memories are kept, that before the first row comes along as `memory` `[batch, ...]` (the stored state of
    "Recurrent experience replay in distributed reinforcement learning", Kapturowski et al., ICLR 2019, section 3).
    """
    index = (at.row + jnp.arange(window)[:, None]) % ring.layout.size
    memory = jax.tree.map(lambda kept: kept[index[0], at.lane], ring.rows.memory)
    return jax.tree.map(lambda kept: kept[index, at.lane], ring.rows._replace(memory=()))._replace(memory=memory)


def draw(ring: Ring, key: Key, batch: int, window: int) -> Trajectory:
    """Windows `[window, batch, ...]`, evenly drawn."""
    return read(ring, places(ring, key, batch, window), window)


def _kept(rows: Trajectory) -> Trajectory:
    memory = rows.extras.get("memory", ()) if isinstance(rows.extras, dict) else ()
    return rows._replace(extras=(), memory=memory)
