"""Who sees past whom: cells that agents hide from each other."""

from functools import cache
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.cells import painted, windows
from ecotone.gridworld.state import GridState

if TYPE_CHECKING:
    from ecotone.gridworld.components import World

Array = Any


def hides(row: int, column: int, reach: int) -> np.ndarray:
    """Cells around a viewer that an agent at this offset from it hides, `[2 * reach + 1, 2 * reach + 1]` bool.

    Two lines run from the centre of the viewer's cell through the outermost corners of the other's cell: hidden is every
    cell whose centre lies strictly between them, not nearer than the other in any direction, but not the other's own cell.
    What is hidden is the same whatever the reach, and a mirror image where the offset is one.
    """
    down, across = abs(row), abs(column)
    r, c = np.mgrid[: reach + 1, -reach : reach + 1] if down and not across else np.mgrid[-reach : reach + 1, : reach + 1]
    if down and not across:
        low, high = (across - 0.5) / (down - 0.5) * r, (across + 0.5) / (down - 0.5) * r
        between = (low < c) & (c < high) & (r >= down)
    elif across:
        low = (down - 0.5) / (across + 0.5 if down else across - 0.5) * c
        high = (down + 0.5) / (across - 0.5) * c
        between = (low < r) & (r < high) & (c >= across) & ((r >= down) if down else True)
    else:
        between = np.zeros(r.shape, bool)
    hidden = np.zeros((2 * reach + 1,) * 2, bool)
    between &= (r != down) | (c != across)
    hidden[reach + r[between] * (-1 if row < 0 else 1), reach + c[between] * (-1 if column < 0 else 1)] = True
    return hidden


@cache
def hiding_table(reach: int) -> np.ndarray:
    """What an agent at each offset hides, all offsets and cells in rows, 32 cells a word: `[K, ceil(K / 32)]` uint32."""
    offsets = range(-reach, reach + 1)
    hidden = np.stack([hides(row, column, reach).ravel() for row in offsets for column in offsets])
    padded = np.pad(hidden, ((0, 0), (0, -hidden.shape[1] % 32))).reshape(len(hidden), -1, 32)
    return (padded.astype(np.uint32) << np.arange(32, dtype=np.uint32)).sum(-1, dtype=np.uint32)


def in_sight(world: "World", state: GridState, row: Array, column: Array, reach: int) -> Array:
    """Which cells around each of some viewers nobody hides from it, `[A, K]` bool, in rows of the window."""
    kinds = world.roster.kinds
    blocks = world.roster.each(lambda kind: kind.blocking, "bool")
    cells = (2 * reach + 1) ** 2
    if reach == 0 or not any(kind.blocking for kind in kinds):
        return jnp.ones((*row.shape, cells), bool)
    there = windows(painted(world, state, jnp.asarray(blocks, jnp.uint8)), row, column, reach, 0)
    there = there.reshape(*row.shape, cells, 1) > 0
    words = jnp.bitwise_or.reduce(jnp.where(there, hiding_table(reach), np.uint32(0)), axis=-2)
    bits = (words[..., None] >> np.arange(32, dtype=np.uint32)) & np.uint32(1)
    return bits.reshape(*row.shape, -1)[..., :cells] == 0
