"""Pac-Man: eat everything, and do not be caught."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.attributes import Health, Orientation
from ecotone.gridworld.builders import from_text
from ecotone.gridworld.choices import Only
from ecotone.gridworld.components import Array, Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import DriftMove, drifted
from ecotone.gridworld.observing import AbsoluteView, CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.state import GridState
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look

BOARD = """
WWWWWWWWWWWWWWWWWWW
WBFFFFFFFWFFFFFFFBW
WFWWFWWWFWFWWWFWWFW
WFFFFFFFFFFFFFFFFFW
WFWWFWFWWWWWFWFWWFW
WFFFFWFFFWFFFWFFFFW
WWWWFWWW_W_WWWFWWWW
WFFWFW_______WFWFFW
WFFWFW_WWFWW_WFWFFW
____F__WFFFWB_F____
WFFWFW_WWWWW_WFWFFW
WFFWFW_______WFWFFW
WWWWFW_WWWWW_WFWWWW
WBFFFFFFFWFFFFFFFBW
WFWWFWWWFWFWWWFWWFW
WFFWFFFFFPFFFFFWFFW
WWFWFWFWWWWWFWFWFWW
WFFFFWFFFWFFFWFFFFW
WFWWWWWWFWFWWWWWWFW
WFFFFFFFFFFFFFFFFFW
WWWWWWWWWWWWWWWWWWW
"""
TUNNEL = 9
"""The row whose ends lead to each other."""


@register
@frozen
class Tunnel:
    """Agents of a kind at one end of a row come out at the other, unless somebody is there who does not let them."""

    row: int
    """Which row."""
    kinds: tuple[str, ...]
    """Who uses it."""
    words = 0
    events = ()

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Send them through."""
        last = world.columns - 1
        members = np.flatnonzero(world.roster.is_kind(*self.kinds))
        column, other = state.column[members], jnp.where(state.column[members] == 0, last, 0)
        at_end = state.active[members] & (state.row[members] == self.row) & ((column == 0) | (column == last))
        there = (state.row == self.row) & state.active & (state.column == other[:, None])
        through = at_end & ~(there & world.clash[members]).any(1)
        return state._replace(column=state.column.at[members].set(jnp.where(through, other, column))), {}


@register
@frozen
class Eat:
    """The one agent of a kind eats whatever of another is on its cell: `ate`."""

    eater: str
    """Name of the agent."""
    food: str
    """Kind of the food."""
    words = 0
    events = ("ate",)

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Eat."""
        eater = world.roster.place(self.eater)
        eaten = on_cell_of(world, state, eater, self.food)
        return state.hurt(eaten.astype(jnp.float32)), {"ate": (np.arange(world.size) == eater) * eaten.sum()}


@register
@frozen
class Catch:
    """Hunters on the cell of their prey kill it: each counts `caught`."""

    prey: str
    """Name of the prey."""
    hunters: str
    """Kind of the hunters."""
    words = 0
    events = ("caught",)

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Catch it."""
        prey = world.roster.place(self.prey)
        there = on_cell_of(world, state, prey, self.hunters)
        return state.hurt(((np.arange(world.size) == prey) & there.any()).astype(jnp.float32)), {"caught": there}


@register
@frozen
class Patrol:
    """Ghosts that nobody plays drift on rounds of 10, 13 and 14 steps, as long as there is somebody to hunt."""

    ghosts: str
    """Their kind."""
    prey: str
    """Whom they hunt."""
    words = 0
    events = ()

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Turn at the corners of their rounds, and drift on."""
        ghosts = np.flatnonzero(world.roster.is_kind(self.ghosts))
        moves, hunts = self.turns(state, ghosts), state.active[world.roster.place(self.prey)]

        def go(number: Array, state: GridState) -> GridState:
            moved, _ = drifted(world, state, jnp.asarray(ghosts)[number], moves[number])
            return jax.tree.map(lambda new, old: old if new is old else jnp.where(hunts, new, old), moved, state)

        return jax.lax.fori_loop(0, len(ghosts), go, state), {}

    def turns(self, state: GridState, ghosts: np.ndarray) -> Array:
        """Each ghost's move at this step, `[ghosts]`; those beyond the fifth only drift."""
        rounds = np.zeros((5, 14), np.int32)
        rounds[0, [0, 3, 5, 8]], rounds[1, [0, 3, 5, 8]] = (3, 2, 1, 4), (1, 2, 3, 4)
        turns = [0, 3, 7, 9, 11, 12]
        rounds[3, turns], rounds[4, turns] = (3, 2, 1, 4, 1, 4), (1, 2, 3, 4, 3, 4)
        moves = jnp.asarray(rounds)[np.arange(5), state.time % np.asarray([10, 10, 13, 14, 14])]
        third = ghosts[min(2, len(ghosts) - 1)]
        back = jnp.where(state.orientation[third] == 3, 1, 3)
        moves = moves.at[2].set(jnp.where(state.time % 13 == 0, back, 0))
        return jnp.zeros(len(ghosts), jnp.int32).at[: min(5, len(ghosts))].set(moves[: len(ghosts)])


@register
@frozen
class EatenOrEmpty:
    """All is over when the eater is dead, or nothing is left to eat."""

    eater: str
    """Name of the eater."""
    food: str
    """Kind of the food."""

    def ended(self, world: World, state: GridState) -> Array:
        """Everybody, when it is over."""
        return jnp.broadcast_to(self.over(world, state), (world.size,))

    def over(self, world: World, state: GridState) -> Array:
        """Dead, or done."""
        food = world.roster.is_kind(self.food)
        return ~state.active[world.roster.place(self.eater)] | ~(food & state.active).any()


def pacman(
    board: str = BOARD, scripted: bool = True, view_range: int = 2, whole_board: bool = True, horizon: int | None = None
) -> GridWorld:
    """Pac-Man (P) eats food (F) between walls (W) and flees from ghosts (B); all keep moving the way they face.

    Food brings 0.2, to be caught -1, each step -0.01; a ghost that catches gets 1, its failed moves cost 0.1. It is over
    when Pac-Man is caught or all food is eaten. The ends of the tenth row lead to each other.

    Arguments:
        board: lines of P, W, F, B and empty cells.
        scripted: ghosts go their rounds; else they are a team that learns.
        view_range: how many cells away Pac-Man sees; ghosts of a team see five cells.
        whole_board: it sees this on a map of all the board; else around itself.
        horizon: steps after which it is cut short.
    """
    sees: dict[str, Any] = {"orientation": "random", "health": 1.0}
    ghost: dict[str, Any] = {} if scripted else {"view_range": 5, "move_range": 1}
    registry = {
        "P": Kind("pacman", 1, view_range=view_range, move_range=1, look=Look(colour="yellow"), **sees),
        "W": Kind("wall", 2, look=Look("s", "blue")),
        "F": Kind("food", 3, look=Look(colour="white", size=0.35)),
        "B": Kind("ghost", 4, look=Look(colour="red"), **sees, **ghost),
    }
    hunt = Catch("pacman", "ghost")
    ghosts_go = Patrol("ghost", "pacman") if scripted else Only(DriftMove(), ("ghost",))
    return GridWorld(
        **from_text(board, registry),
        actors=(
            Only(DriftMove(), ("pacman",)), Tunnel(TUNNEL, ("pacman",)), Eat("pacman", "food"), hunt,
            ghosts_go, Tunnel(TUNNEL, ("ghost",)), hunt,
        ),
        observers=(AbsoluteView() if whole_board else CentredView(),),
        endings=(EatenOrEmpty("pacman", "food"),),
        rewards=(
            Pay("ate", 0.2), Pay("killed", -1.0, ("pacman",)), Pay("caught", 1.0), Pay("bad_move", -0.1, ("ghost",)),
            Pay("acted", -0.01),
        ),
        parts=(Placed(), Health(), Orientation()),
        overlap={1: (3, 4), 4: (3, 4)},
        horizon=horizon,
    )  # fmt: skip


def on_cell_of(world: World, state: GridState, agent: int, kind: str) -> Array:
    """Agents of a kind that share an active agent's cell, `[N]` bool."""
    same = (state.row == state.row[agent]) & (state.column == state.column[agent])
    return same & state.active & state.active[agent] & world.roster.is_kind(kind)
