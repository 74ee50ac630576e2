"""What agents see."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.blocking import in_sight
from ecotone.gridworld.cells import counted, painted, reach, windows
from ecotone.gridworld.chance import shuffled
from ecotone.gridworld.components import World, register
from ecotone.gridworld.kinds import EMPTY, MASKED, OUTSIDE, Kind
from ecotone.gridworld.state import GridState
from ecotone.spec import Box

Array = Any


@register
@frozen
class CentredView:
    """Encodings around the agent: 0 nobody, -1 beyond the grid, -2 hidden, `[2 * view + 1, 2 * view + 1]`.

    Of several agents on a cell one is seen, by chance; all who look in the same step see the same one.
    """

    key = "position_centered_encoding"
    observe_self: bool = True
    """Whether an agent is among those it may see on its own cell."""

    def serves(self, kind: Kind) -> bool:
        """Those with a view range."""
        return kind.view_range is not None

    def space(self, world: World, kind: Kind) -> Box:
        """Small whole numbers."""
        side = 2 * reach(kind.view_range, world.rows, world.columns) + 1
        return Box((side, side), world.code, low=MASKED, high=world.most_encoding)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """What each sees, `[A, side, side]`."""
        where, far = world.roster.of(kind), world.view(kind)
        row, column = state.row[where], state.column[where]
        seen = windows(shown(world, state, word), row, column, far)
        if not self.observe_self:
            seen = seen.at[:, far, far].set(_beside(world, state, kind, word))
        sight = in_sight(world, state, row, column, far).reshape(seen.shape)
        return jnp.where(sight, seen, seen.dtype.type(MASKED))


@register
@frozen
class AbsoluteView:
    """Encodings on all the grid: 0 nobody, -1 the agent itself, -2 hidden or beyond its view range, `[rows, columns]`."""

    key = "absolute_encoding"

    def serves(self, kind: Kind) -> bool:
        """Those with a view range."""
        return kind.view_range is not None

    def space(self, world: World, kind: Kind) -> Box:
        """Small whole numbers."""
        return Box((world.rows, world.columns), world.code, low=MASKED, high=world.most_encoding)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """What each sees, `[A, rows, columns]`."""
        where, far = world.roster.of(kind), world.view(kind)
        row, column = state.row[where, None, None], state.column[where, None, None]
        down, right = np.arange(world.rows)[:, None] - row, np.arange(world.columns) - column
        near = (abs(down) <= far) & (abs(right) <= far)
        sight = in_sight(world, state, row[:, 0, 0], column[:, 0, 0], far)
        offset = jnp.where(near, (down + far) * (2 * far + 1) + right + far, 0)
        sight = jnp.take_along_axis(sight[:, None], offset.reshape(len(offset), 1, -1), 2).reshape(offset.shape)
        mine = (down == 0) & (right == 0) & state.active[where, None, None]
        seen = jnp.where(mine, OUTSIDE, shown(world, state, word))
        return jnp.where(near & sight, seen, MASKED).astype(world.code)


@register
@frozen
class StackedView:
    """How many of each encoding are around the agent, -1 beyond the grid, -2 hidden: `[2 * view + 1, 2 * view + 1, E]`."""

    key = "stacked_position_centered_encoding"

    def serves(self, kind: Kind) -> bool:
        """Those with a view range."""
        return kind.view_range is not None

    def space(self, world: World, kind: Kind) -> Box:
        """Counts; one layer for every number from 1 to the greatest encoding."""
        side = 2 * reach(kind.view_range, world.rows, world.columns) + 1
        return Box((side, side, world.most_encoding), "int16", low=MASKED, high=world.size)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """What each sees, `[A, side, side, E]`."""
        where, far = world.roster.of(kind), world.view(kind)
        row, column = state.row[where], state.column[where]
        layers = [counted(world, state, encoding) for encoding in range(1, world.most_encoding + 1)]
        seen = windows(jnp.stack(layers, -1).astype(jnp.int16), row, column, far)
        sight = in_sight(world, state, row, column, far).reshape(*seen.shape[:3], 1)
        return jnp.where(sight, seen, seen.dtype.type(MASKED))


@register
@frozen
class HealthView:
    """Health of who is around the agent, the greatest on each cell; 0 nobody, -1 beyond the grid, -2 hidden."""

    key = "position_centered_health"

    def serves(self, kind: Kind) -> bool:
        """Those with a view range."""
        return kind.view_range is not None

    def space(self, world: World, kind: Kind) -> Box:
        """Fractions."""
        side = 2 * reach(kind.view_range, world.rows, world.columns) + 1
        return Box((side, side), low=MASKED, high=1.0)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """What each sees, `[A, side, side]`."""
        where, far = world.roster.of(kind), world.view(kind)
        row, column = state.row[where], state.column[where]
        seen = windows(painted(world, state, state.health), row, column, far)
        sight = in_sight(world, state, row, column, far).reshape(seen.shape)
        return jnp.where(sight, seen, np.float32(MASKED))


def shown(world: World, state: GridState, word: Array) -> Array:
    """The encoding seen on each cell, 0 where nobody is, `[rows, columns]` of the type `world.code`.

    Where agents of different encodings can share a cell, a number made of the word says who of them is seen in this step.
    """
    encoding = world.roster.encoding.astype(np.uint32)
    if not world.mixed:
        return painted(world, state, jnp.asarray(encoding)).astype(world.code)
    return _encoding(painted(world, state, _drawn(world, word))).astype(world.code)


def _beside(world: World, state: GridState, kind: int, word: Array) -> Array:
    """The encoding that each agent of a kind sees on its own cell beside itself, `[A]`."""
    where, everybody = world.roster.of(kind), np.arange(world.size)
    together = (state.row[where, None] == state.row) & (state.column[where, None] == state.column) & state.active
    together &= everybody[where, None] != everybody
    return _encoding(jnp.where(together, _drawn(world, word), np.uint32(EMPTY)).max(-1)).astype(world.code)


def _drawn(world: World, word: Array) -> Array:
    """A random number per agent in the upper 16 bits, its encoding in the lower: the greatest of a cell is who is seen."""
    order = shuffled(word, np.arange(world.size)) & np.uint32(0xFFFF0000)
    return order | world.roster.encoding.astype(np.uint32)


def _encoding(drawn: Array) -> Array:
    return drawn & np.uint32(0xFFFF)
