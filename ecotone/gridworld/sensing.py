"""What agents know of themselves."""

from typing import Any

import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.gridworld.components import World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState
from ecotone.spec import Box

Array = Any


@register
@frozen
class OwnPosition:
    """The agent's row and column."""

    key = "position"

    def serves(self, kind: Kind) -> bool:
        """Everybody."""
        return True

    def space(self, world: World, kind: Kind) -> Box:
        """Two whole numbers, -1 for who never was on the grid."""
        return Box((2,), "int32", low=-1, high=(world.rows - 1, world.columns - 1))

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Rows and columns, `[A, 2]`."""
        return state.position[world.roster.of(kind)]


@register
@frozen
class OwnAmmunition:
    """The hits the agent has left."""

    key = "ammo"

    def serves(self, kind: Kind) -> bool:
        """Those whose ammunition is limited."""
        return kind.ammunition is not None

    def space(self, world: World, kind: Kind) -> Box:
        """One whole number."""
        return Box((1,), "int32", low=0, high=kind.ammunition or 0)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Hits, `[A, 1]`."""
        return state.ammunition[world.roster.of(kind), None]


@register
@frozen
class OwnHealth:
    """The agent's health."""

    key = "health"

    def serves(self, kind: Kind) -> bool:
        """Everybody."""
        return True

    def space(self, world: World, kind: Kind) -> Box:
        """A fraction."""
        return Box((1,), low=0.0, high=1.0)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Health, `[A, 1]`."""
        return state.health[world.roster.of(kind), None]


@register
@frozen
class OwnOrientation:
    """Which way the agent faces: 1 left, 2 down, 3 right, 4 up."""

    key = "orientation"

    def serves(self, kind: Kind) -> bool:
        """Those that have one."""
        return kind.orientation is not None

    def space(self, world: World, kind: Kind) -> Box:
        """One whole number."""
        return Box((1,), "int32", low=1, high=4)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Orientations, `[A, 1]`."""
        return state.orientation[world.roster.of(kind), None]


@register
@frozen
class OwnStock:
    """What the agent has harvested in the episode."""

    key = "stock"

    def serves(self, kind: Kind) -> bool:
        """Those that harvest."""
        return kind.harvest_range is not None

    def space(self, world: World, kind: Kind) -> Box:
        """A number of units."""
        return Box((1,), low=0.0)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Units, `[A, 1]`."""
        return state.stock[world.roster.of(kind), None].astype(jnp.float32)
