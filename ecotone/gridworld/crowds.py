"""Actors for great numbers of agents, who all act at once: the cost grows with their number, not with its square."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.cells import counted, inside
from ecotone.gridworld.components import Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import DOWN, RIGHT
from ecotone.gridworld.state import GridState
from ecotone.spec import Discrete

Array = Any


@register
@frozen
class March:
    """Go to a neighbouring cell, all at once: 0 stay, 1 left, 2 down, 3 right, 4 up.

    A cell can be entered if, before anybody moved, nobody was there who does not let the agent in; of several who want to
    enter one the first in the roster does. So nobody follows into a cell that is left in the same step, and nobody shares a
    cell by entering it together, which `CrossMove` allows; but a thousand agents move as fast as a few.
    """

    key = "move"
    words = 0
    events = ("bad_move",)

    def serves(self, kind: Kind) -> bool:
        """Those with a move range (of which only that there is one matters)."""
        return kind.move_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Five choices."""
        return Discrete(5)

    def act_together(
        self, world: World, state: GridState, members: np.ndarray, acting: Array, action: Array, words: Array
    ) -> tuple[GridState, Events]:
        """Go."""
        wants = acting & (action != 0)
        row = state.row[members] + jnp.asarray(DOWN)[action]
        column = state.column[members] + jnp.asarray(RIGHT)[action]
        on_grid = inside(world, row, column)
        at = jnp.where(on_grid, row, 0), jnp.where(on_grid, column, 0)
        free = on_grid & ~_closed(world, state)[(world.roster.encoding[members], *at)]
        rank = np.arange(len(members), dtype=np.int32)
        first = jnp.full((world.rows, world.columns), len(members), jnp.int32)
        first = first.at[at].min(jnp.where(wants & free, rank, len(members)))
        goes = wants & free & (first[at] == rank)
        moved = state._replace(
            row=state.row.at[members].set(jnp.where(goes, row, state.row[members])),
            column=state.column.at[members].set(jnp.where(goes, column, state.column[members])),
        )
        return moved, {"bad_move": wants & ~goes}


@register
@frozen
class Graze:
    """Take what is on one's own cell, all at once: 1 take, 0 leave. `harvested` counts units, `harvest_failed` empty cells.

    Those who take from the same cell share what is there; a resource of which nothing is left is off the grid.
    """

    resources: tuple[int, ...]
    """Encodings of resources; what there is of one is its health."""
    key = "harvest"
    words = 0
    events = ("harvested", "harvest_failed")

    def serves(self, kind: Kind) -> bool:
        """Those with a harvest range (which is taken as 0)."""
        return kind.harvest_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Take or not."""
        return Discrete(2)

    def act_together(
        self, world: World, state: GridState, members: np.ndarray, acting: Array, action: Array, words: Array
    ) -> tuple[GridState, Events]:
        """Take."""
        takes = acting & (action > 0)
        at = state.row[members], state.column[members]
        empty = jnp.zeros((world.rows, world.columns), jnp.float32)
        takers = empty.at[at].add(takes.astype(jnp.float32))
        resource = np.isin(world.roster.encoding, self.resources)
        there = jnp.where(resource & state.active, state.health, 0.0)
        supply = empty.at[state.row, state.column].add(there)
        units = jnp.where(takes, supply[at] / jnp.maximum(takers[at], 1.0), 0.0)
        eaten = (there > 0) & (takers[state.row, state.column] > 0)
        left = state.hurt(jnp.where(eaten, there, 0.0))
        stock = state.stock.at[members].add(units)
        return left._replace(stock=stock), {"harvested": units, "harvest_failed": takes & (units == 0)}


def _closed(world: World, state: GridState) -> Array:
    """Cells that each encoding cannot enter, `[E + 1, rows, columns]` bool."""
    encoding = world.roster.encoding
    closed = [jnp.zeros((world.rows, world.columns), bool)] * (world.most_encoding + 1)
    codes, firsts = np.unique(encoding, return_index=True)
    maps = [counted(world, state, int(code)) > 0 for code in codes]
    for code, first in zip(codes, firsts, strict=True):
        for there, second in zip(maps, firsts, strict=True):
            closed[code] = closed[code] | there if world.clash[first, second] else closed[code]
    return jnp.stack(closed)
