"""The most recent rows in a ring, written and read inside the learning program or, as NumPy arrays, beside it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.ops.arrays import namespace
from ecotone.spec import Box, Space, leaves
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
    stacked: tuple[int, ...] = ()
    """Observations side by side in each leaf of an observation (`Box.stacked`), of which the newest is kept."""

    @property
    def history(self) -> int:
        """Rows before a window's first that are needed to show it."""
        return max(self.stacked, default=1) - 1

    def kept(self, rows: Trajectory) -> Trajectory:
        """What is kept of rows: not their extras, but the policy's memory; of stacked observations the newest."""
        memory = rows.extras.get("memory", ()) if isinstance(rows.extras, dict) else ()
        rows = rows._replace(extras=(), memory=memory)
        if not self.history:
            return rows
        seen, structure = jax.tree.flatten(rows.observation)
        newest = [x[..., -(x.shape[-1] // n) :] if n > 1 else x for x, n in zip(seen, self.stacked, strict=True)]
        return rows._replace(observation=structure.unflatten(newest))


class Ring(NamedTuple):
    """Rows `[N, B, ...]`; row `head` is the newest, only looked at; the `filled` rows before it can begin windows.

    Of stacked observations the newest is kept, the last part of the last axis. The rows' `memory` is the policy's before
    each of them, `[N, B, ...]`, or `()` where the extras had none.
    """

    rows: Trajectory
    head: Array
    filled: Array
    layout: Layout


class Places(NamedTuple):
    """Where windows begin: row in the ring and lane, `[batch]` each."""

    row: Array
    lane: Array


def empty(example: Trajectory, capacity: int, window: int, stride: int = 1, space: Space | None = None) -> Ring:
    """A ring for at least `capacity` rows over all lanes, for fragments shaped as `example`, of observations in `space`."""
    layout = layout_of(example, capacity, window, stride, space)
    size = layout.size
    rows = jax.tree.map(lambda x: jnp.zeros((size, *x.shape[1:]), x.dtype), jax.eval_shape(layout.kept, example))
    zero = jnp.zeros((), jnp.int32)
    return Ring(rows, zero, zero, layout)


def layout_of(example: Trajectory, capacity: int, window: int, stride: int = 1, space: Space | None = None) -> Layout:
    """What `empty` lays out for the same arguments."""
    fragment, lanes = example.acted.shape
    found = leaves(space) if space is not None else []
    stacked = tuple(leaf.stacked if isinstance(leaf, Box) else 1 for _, leaf in found)
    size = max(capacity // lanes, fragment + window + stride - 1) + max(stacked, default=1)
    return Layout(size + -size % stride, lanes, stride, stacked)


def add(ring: Ring, rows: Trajectory) -> Ring:
    """Append a fragment whose row 0 is the ring's newest row, now with its decision."""
    index = places_after(ring, rows.acted.shape[0])
    write = lambda kept, new: kept.at[index].set(new, unique_indices=True, mode="promise_in_bounds")
    return advance(ring._replace(rows=jax.tree.map(write, ring.rows, ring.layout.kept(rows))), rows.acted.shape[0])


def places_after(ring: Ring, fragment: int) -> Array:
    """Where the rows of a fragment go, `[fragment]`."""
    return (ring.head + jnp.arange(fragment)) % ring.layout.size


def advance(ring: Ring, fragment: int) -> Ring:
    """Count a fragment's rows as written."""
    size = ring.layout.size
    filled = jnp.minimum(ring.filled + fragment - 1, size - 1 - ring.layout.history)
    return ring._replace(head=(ring.head + fragment - 1) % size, filled=filled)


def places(ring: Ring, key: Key, batch: int, window: int) -> Places:
    """Where windows begin, evenly at any row (of the stride) that `window` - 1 rows follow."""
    size, lanes, stride = ring.layout.size, ring.layout.lanes, ring.layout.stride
    youngest = window - 1
    if stride > 1:
        youngest = youngest + (ring.head - youngest) % stride
    # Of 32 random bits the remainder is even to one part in a thousand for 4M rows; `randint` would hash seven times.
    count = lanes * ((ring.filled - youngest) // stride + 1)
    start = (jax.random.bits(key, (batch,), jnp.uint32) % count.astype(jnp.uint32)).astype(jnp.int32)
    age = youngest + stride * (start // lanes)
    return Places((ring.head - age) % size, start % lanes)


def read(layout: Layout, rows: Trajectory, at: Places, window: int) -> Trajectory:
    """Windows `[window, batch, ...]` that begin there, of a ring's rows in JAX or NumPy arrays.

    Where memories are kept, that before the first row comes along as `memory` `[batch, ...]` (the stored state of
    "Recurrent experience replay in distributed reinforcement learning", Kapturowski et al., ICLR 2019, section 3).
    """
    xp = namespace(rows.acted)
    index = (at.row + xp.arange(window)[:, None]) % layout.size
    memory = jax.tree.map(lambda kept: kept[at.row, at.lane], rows.memory)
    rest = jax.tree.map(lambda kept: kept[index, at.lane], rows._replace(observation=(), memory=()))
    return rest._replace(observation=_shown(layout, rows, index, at.lane), memory=memory)


def _shown(layout: Layout, rows: Trajectory, index: Array, lane: Array) -> Tree:
    """Observations at rows `index` of lanes, with those of rows before them where they are stacked.

    One step back from a row is the row before it, or the row itself where it begins an episode.
    """
    if not layout.history:
        return jax.tree.map(lambda kept: kept[index, lane], rows.observation)
    back = [index]
    for _ in range(layout.history):
        back.append((back[-1] - ~rows.is_first[back[-1], lane]) % layout.size)
    stack = lambda kept, n: namespace(kept).concatenate([kept[place, lane] for place in back[n - 1 :: -1]], -1)
    kept, structure = jax.tree.flatten(rows.observation)
    shown = [stack(leaf, n) if n > 1 else leaf[index, lane] for leaf, n in zip(kept, layout.stacked, strict=True)]
    return structure.unflatten(shown)


def draw(ring: Ring, key: Key, batch: int, window: int) -> Trajectory:
    """Windows `[window, batch, ...]`, evenly drawn."""
    return read(ring.layout, ring.rows, places(ring, key, batch, window), window)
