"""Windows drawn in proportion to priorities (Schaul et al. 2015, arXiv:1511.05952).

Weights lie in blocks with a sum each: a draw looks for a block among the sums and for an entry within the block, a change
adds up the blocks it touches anew. Both are a few vector operations, without the levels of a tree one after another, and no
rounding gathers in the sums. Blocks of about √(N / 64) balance the sums, added up once a draw, with the entries of a block,
added up for each window of it.
"""

import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.replay.ring import Places, Ring
from ecotone.trajectory import Trajectory

Array = Any
Key = Any


class Priorities(NamedTuple):
    """How likely windows are to begin at each row.

    Attributes:
        weights: (priority + least priority) ** exponent, `[blocks, entries]`, row n of lane b at entry n · B + b of
            them all; 0 where no window can begin.
        sums: of each block.
        greatest: the greatest priority so far.
        steps: environment steps seen.
    """

    weights: Array
    sums: Array
    greatest: Array
    steps: Array


def empty(ring: Ring) -> Priorities:
    """Nothing can be drawn yet."""
    count = ring.layout.size * ring.layout.lanes
    entries = 1 << max(math.ceil(math.log2(count / 64) / 2), 3)
    blocks = -(-count // entries)
    zero = jnp.zeros((), jnp.int32)
    return Priorities(jnp.zeros((blocks, entries)), jnp.zeros(blocks), jnp.ones(()), zero)


def enter(priorities: Priorities, ring: Ring, rows: Trajectory, window: int, exponent: Array) -> Priorities:
    """Let windows begin at the rows for which the fragment `rows`, just added to the ring, brought what follows.

    They enter with the greatest priority so far, so that each is soon drawn once (section 3.3, algorithm 1 line 6). None
    begins where it would cross the ring's head.
    """
    size, lanes, stride = ring.layout.size, ring.layout.lanes, ring.layout.stride
    age = jnp.arange(-ring.layout.history, rows.acted.shape[0] + window - 2)[::-1]
    row = (ring.head - age) % size
    begins = (age >= window - 1) & (age <= ring.filled) & (row % stride == 0)
    weight = jnp.where(begins, priorities.greatest**exponent, 0.0)
    entry = row[:, None] * lanes + jnp.arange(lanes)
    blocks, entries = priorities.weights.shape
    flat = priorities.weights.reshape(-1).at[entry].set(weight[:, None], unique_indices=True, mode="promise_in_bounds")
    weights = flat.reshape(blocks, entries)
    touched = (entry[0, 0] // entries + jnp.arange(min(blocks, entry.size // entries + 3))) % blocks
    steps = priorities.steps + rows.acted[:-1].sum(dtype=jnp.int32)
    return Priorities(weights, _summed(priorities.sums, weights, touched), priorities.greatest, steps)


def draw(priorities: Priorities, ring: Ring, key: Key, batch: int) -> tuple[Places, Array]:
    """Where windows begin, one from each of `batch` equal parts of the weights' sum (appendix B.2.1), and their weights."""
    key_block, key_entry = jax.random.split(key)
    part = (jnp.arange(batch) + jax.random.uniform(key_block, (batch,))) / batch
    block = find(priorities.sums, part)
    weights = priorities.weights[block]
    place = jax.vmap(find)(weights, jax.random.uniform(key_entry, (batch, 1)))[:, 0]
    entry = block * weights.shape[-1] + place
    weight = jnp.take_along_axis(weights, place[:, None], -1)[:, 0]
    return Places(entry // ring.layout.lanes, entry % ring.layout.lanes), weight


def importance(weight: Array, exponent: Array) -> Array:
    """Weights of losses `[batch]`, `(N · P(i)) ** -β` over the greatest of them (section 3.4).

    >>> importance(jnp.asarray([1.0, 2.0, 4.0]), 0.5).round(3).tolist()
    [1.0, 0.7070000171661377, 0.5]
    """
    return (weight / weight.min()) ** -exponent


def change(priorities: Priorities, ring: Ring, at: Places, new: Array, exponent: Array, least: Array) -> Priorities:
    """Write priorities `[batch]`, at least 0, of windows that begin there."""
    entries = priorities.weights.shape[1]
    entry, new = at.row * ring.layout.lanes + at.lane, new + least
    weights = priorities.weights.at[entry // entries, entry % entries].set(new**exponent, mode="promise_in_bounds")
    sums = _summed(priorities.sums, weights, entry // entries)
    return priorities._replace(weights=weights, sums=sums, greatest=jnp.maximum(priorities.greatest, new.max()))


def _summed(sums: Array, weights: Array, blocks: Array) -> Array:
    return sums.at[blocks].set(weights[blocks].sum(-1), mode="promise_in_bounds")


def find(weights: Array, parts: Array) -> Array:
    """The entries at which the running sum of weights `[N]` exceeds these parts of it `[S]`, each at least 0 and below 1.

    Never one without weight, however the sum is rounded.

    >>> find(jnp.asarray([1.0, 0.0, 3.0]), jnp.asarray([0.0, 0.2, 0.3, 0.99])).tolist()
    [0, 0, 2, 2]
    """
    total = jnp.cumsum(weights)
    entry = jnp.searchsorted(total, parts * total[-1], side="right", method="scan_unrolled")
    last = jax.lax.cummax(jnp.where(weights > 0, jnp.arange(weights.size), 0))
    return last[jnp.minimum(entry, weights.size - 1)]
