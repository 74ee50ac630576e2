"""Who is on which cell: occupation, maps of the grid, and windows of maps around agents."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.kinds import OUTSIDE, Kind, Range, roster
from ecotone.gridworld.state import GridState
from ecotone.mistakes import Mistake

if TYPE_CHECKING:
    from ecotone.gridworld.components import World

Array = Any
Pairs = tuple[tuple[int, tuple[int, ...]], ...]
Rules = Mapping[int, int | Iterable[int]] | Pairs
"""From encodings to others, one or several."""


def pairs(rules: Rules) -> Pairs:
    """A mapping from encodings to encodings (one or several), as a hashable value."""
    items = rules.items() if isinstance(rules, Mapping) else rules
    several = lambda value: (value,) if isinstance(value, int) else tuple(sorted(value))
    return tuple(sorted((encoding, several(value)) for encoding, value in items))


@cache
def table(kinds: tuple[Kind, ...], rules: Pairs, what: str) -> np.ndarray:
    """`[i, j]`: the rules take agent i's encoding to agent j's, `[N, N]` bool; raises `Mistake` for unknown encodings."""
    encoding = roster(kinds).encoding
    known = {int(each) for each in encoding}
    if unknown := {e for encoding, others in rules for e in (encoding, *others)} - known:
        raise Mistake(f"{what} names encoding {min(unknown)}, which no agent has; there are {sorted(known)}.")
    related = np.zeros((encoding.max() + 1,) * 2, bool)
    for each, others in rules:
        related[each, list(others)] = True
    return related[encoding][:, encoding]


@cache
def clashes(kinds: tuple[Kind, ...], overlap: Pairs) -> np.ndarray:
    """`[i, j]`: agents i and j cannot be on the same cell, `[N, N]` bool; what one side allows, both do."""
    allowed = table(kinds, overlap, "overlap")
    return ~(allowed | allowed.T)


def reach(limit: Range | None, rows: int, columns: int) -> int:
    """A range in cells; 0 for none."""
    return max(rows, columns) - 1 if limit == "FULL" else int(limit or 0)


def inside(world: "World", row: Array, column: Array) -> Array:
    """Whether cells are on the grid."""
    return (row >= 0) & (row < world.rows) & (column >= 0) & (column < world.columns)


def free(world: "World", state: GridState, agent: Array, row: Array, column: Array) -> Array:
    """Whether a cell is on the grid and all who are there, beside the agent itself, let the agent in."""
    there = state.active & (state.row == row) & (state.column == column) & jnp.asarray(world.clash)[agent]
    return inside(world, row, column) & ~(there & (np.arange(world.size) != agent)).any()


def painted(world: "World", state: GridState, value: Array) -> Array:
    """The greatest `value` `[N]` (0: none, or more) of those on each cell, `[rows, columns]`."""
    on = jnp.where(state.active, value, value.dtype.type(0))
    return jnp.zeros((world.rows, world.columns), on.dtype).at[state.row, state.column].max(on)


def counted(world: "World", state: GridState, encoding: int) -> Array:
    """How many of an encoding are on each cell, `[rows, columns]` int32."""
    members = np.flatnonzero(world.roster.encoding == encoding)
    there = state.active[members].astype(jnp.int32)
    return jnp.zeros((world.rows, world.columns), jnp.int32).at[state.row[members], state.column[members]].add(there)


def windows(grid: Array, row: Array, column: Array, reach: int, beyond: Any = OUTSIDE) -> Array:
    """What a map shows around each of some agents, `[rows, columns, ...]` to `[A, 2 * reach + 1, 2 * reach + 1, ...]`."""
    side = 2 * reach + 1
    padded = jnp.pad(grid, ((reach, reach), (reach, reach), *((0, 0),) * (grid.ndim - 2)), constant_values=beyond)
    cut = lambda r, c: jax.lax.dynamic_slice(padded, (r, c, *(0,) * (grid.ndim - 2)), (side, side, *grid.shape[2:]))
    return jax.vmap(cut)(jnp.maximum(row, 0), jnp.maximum(column, 0))
