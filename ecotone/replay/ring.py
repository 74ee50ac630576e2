"""The most recent rows in a ring on the device, written and sampled inside the learning program."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.trajectory import Trajectory

Array = Any
Key = Any


class Ring(NamedTuple):
    """Rows `[N, B, ...]`; row `head` is the newest, only looked at; the `filled` rows before it can begin windows.

    The rows' `memory` is the policy's before each of them, `[N, B, ...]`, or `()` where the extras had none.
    """

    rows: Trajectory
    head: Array
    filled: Array


def empty(example: Trajectory, capacity: int, window: int) -> Ring:
    """A ring for at least `capacity` rows over all lanes, for fragments shaped as `example`."""
    fragment, lanes = example.acted.shape
    size = max(capacity // lanes, fragment + window) + 1
    rows = jax.tree.map(lambda x: jnp.zeros((size, *x.shape[1:]), x.dtype), _kept(example))
    zero = jnp.zeros((), jnp.int32)
    return Ring(rows, zero, zero)


def add(ring: Ring, rows: Trajectory) -> Ring:
    """Append a fragment whose row 0 is the ring's newest row, now with its decision."""
    size, fragment = ring.rows.acted.shape[0], rows.acted.shape[0]
    index = (ring.head + jnp.arange(fragment)) % size
    write = lambda kept, new: kept.at[index].set(new, unique_indices=True, mode="promise_in_bounds")
    kept = jax.tree.map(write, ring.rows, _kept(rows))
    filled = jnp.minimum(ring.filled + fragment - 1, size - 1)
    return Ring(kept, (ring.head + fragment - 1) % size, filled)


def draw(ring: Ring, key: Key, batch: int, window: int) -> Trajectory:
    """Windows `[window, batch, ...]`, each beginning evenly at any row that `window` - 1 rows follow.

    Where memories are kept, that before the first row comes along as `memory` `[batch, ...]` (the stored state of
    "Recurrent experience replay in distributed reinforcement learning", Kapturowski et al., ICLR 2019, section 3).
    """
    size, lanes = ring.rows.acted.shape
    # Of 32 random bits the remainder is even to one part in a thousand for 4M rows; `randint` would hash seven times.
    starts = jnp.uint32(lanes) * (ring.filled + 2 - window).astype(jnp.uint32)
    start = (jax.random.bits(key, (batch,), jnp.uint32) % starts).astype(jnp.int32)
    age, lane = window - 1 + start // lanes, start % lanes
    index = (ring.head - age + jnp.arange(window)[:, None]) % size
    memory = jax.tree.map(lambda kept: kept[index[0], lane], ring.rows.memory)
    return jax.tree.map(lambda kept: kept[index, lane], ring.rows._replace(memory=()))._replace(memory=memory)


def _kept(rows: Trajectory) -> Trajectory:
    memory = rows.extras.get("memory", ()) if isinstance(rows.extras, dict) else ()
    return rows._replace(extras=(), memory=memory)
