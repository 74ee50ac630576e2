"""Rows of a replay in the host's memory, for what does not fit on the device."""

import os

import jax
import numpy as np

from ecotone.feed import Replay
from ecotone.replay.ring import Layout, Places
from ecotone.trajectory import Trajectory

CROWDED = 0.5
"""Part of the device's memory beyond which rows go to the host."""


def belongs_here(feed: Replay, rows: Trajectory) -> bool:
    """Whether rows of these shapes go to the host: as the feed says, or where they would crowd the device."""
    if feed.storage != "auto":
        return feed.storage == "host"
    size = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(rows))
    return size > CROWDED * device_memory()


def device_memory() -> int:
    """Bytes of the first device's memory; of the machine's where that is the same."""
    told = jax.local_devices()[0].memory_stats()
    if told and "bytes_limit" in told:
        return told["bytes_limit"]
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def empty(rows: Trajectory) -> Trajectory:
    """Rows of these shapes, all zero; memory is taken as they are written."""
    return jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), rows)


def add(layout: Layout, kept: Trajectory, head: int, rows: Trajectory) -> None:
    """Write a fragment whose row 0 is the newest row kept, at `head`."""
    index = (head + np.arange(rows.acted.shape[0])) % layout.size
    jax.tree.map(lambda old, new: old.__setitem__(index, new), kept, layout.kept(rows))


def on_host(at: Places) -> Places:
    """Places that were chosen on the device."""
    return Places(*map(np.asarray, at))
