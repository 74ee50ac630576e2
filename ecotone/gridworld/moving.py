"""Moves. An agent moves if its new cell is on the grid and all who are there let it in; nobody stands in the way between."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.cells import free, reach
from ecotone.gridworld.components import Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState
from ecotone.spec import Discrete, MultiDiscrete

Array = Any
DOWN = np.asarray([0, 0, 1, 0, -1], "int32")
RIGHT = np.asarray([0, -1, 0, 1, 0], "int32")
"""Rows and columns of the five moves: 0 stay, 1 left, 2 down, 3 right, 4 up."""


def stepped(world: World, state: GridState, agent: Array, row: Array, column: Array) -> tuple[GridState, Array]:
    """The state after an agent tried to go to a cell, and whether it did (to stay always succeeds)."""
    went = free(world, state, agent, row, column) | ((row == state.row[agent]) & (column == state.column[agent]))
    moves = (np.arange(world.size) == agent) & went
    return state._replace(row=jnp.where(moves, row, state.row), column=jnp.where(moves, column, state.column)), went


@register
@frozen
class Move:
    """Go to any cell within the move range at once, over whatever lies between.

    The action is two choices, in the environment's units the rows and columns to go by, each from minus to plus the range:
    choices, not a box of whole numbers, so that a policy learns them as such.
    """

    key = "move"
    words = 0
    events = ("bad_move",)

    def serves(self, kind: Kind) -> bool:
        """Those with a move range."""
        return kind.move_range is not None

    def space(self, world: World, kind: Kind) -> MultiDiscrete:
        """Rows and columns to go by."""
        most = reach(kind.move_range, world.rows, world.columns)
        return MultiDiscrete((2 * most + 1,) * 2, start=(-most,) * 2)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Go."""
        state, went = stepped(world, state, agent, state.row[agent] + action[0], state.column[agent] + action[1])
        return state, {"bad_move": ~went}


@register
@frozen
class CrossMove:
    """Go to a neighbouring cell: 0 stay, 1 left, 2 down, 3 right, 4 up."""

    key = "move"
    words = 0
    events = ("bad_move",)

    def serves(self, kind: Kind) -> bool:
        """Those with a move range (of which only that there is one matters)."""
        return kind.move_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Five choices."""
        return Discrete(5)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Go."""
        state, went = crossed(world, state, agent, action)
        return state, {"bad_move": ~went}


@register
@frozen
class DriftMove:
    """Turn and go to a neighbouring cell; who does not turn, or cannot, drifts on the way it faces.

    0 drift, 1 left, 2 down, 3 right, 4 up. A turn that fails leaves the orientation; a drift that fails is a `bad_move`.
    """

    key = "move"
    words = 0
    events = ("bad_move",)

    def serves(self, kind: Kind) -> bool:
        """Those with a move range and an orientation."""
        return kind.move_range is not None and kind.orientation is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Five choices."""
        return Discrete(5)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Turn, or drift."""
        state, went = drifted(world, state, agent, action)
        return state, {"bad_move": ~went}


def crossed(world: World, state: GridState, agent: Array, move: Array) -> tuple[GridState, Array]:
    """The state after an agent tried one of the five moves, and whether it succeeded."""
    row, column = state.row[agent] + jnp.asarray(DOWN)[move], state.column[agent] + jnp.asarray(RIGHT)[move]
    return stepped(world, state, agent, row, column)


def drifted(world: World, state: GridState, agent: Array, move: Array) -> tuple[GridState, Array]:
    """The state after an agent turned, or drifted on, and whether it could do either."""
    turned, went = crossed(world, state, agent, move)
    turns = (move != 0) & went
    me = np.arange(world.size) == agent
    facing = jnp.where(turns, move, state.orientation[agent])
    turned = turned._replace(orientation=jnp.where(me & turns, move, state.orientation))
    moved, went = crossed(world, state, agent, jnp.where(turns, 0, facing))
    row, column = jnp.where(turns, turned.row, moved.row), jnp.where(turns, turned.column, moved.column)
    return turned._replace(row=row, column=column), turns | went
