"""Where agents stand at reset.

Agents with positions of their own are placed first, then the others, one after another, each on a cell where all who are
there let it in. An agent for whom no cell is left is absent from the episode.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.chance import shuffled, sub
from ecotone.gridworld.components import World, register
from ecotone.gridworld.state import GridState
from ecotone.mistakes import Mistake

Array = Any


@register
@frozen
class Placed:
    """On their own positions, or on cells drawn uniformly among those that are free to them."""

    no_overlap_at_reset: bool = False
    """Whether each that is placed by chance gets a cell of its own, even if it could share one."""
    random_order: bool = False
    """Whether those without positions are placed in a drawn order, not in the roster's."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Place all but those in reserve."""
        state = fixed(world, state)
        anywhere = jnp.ones((len(wandering(world)), world.rows * world.columns), bool)
        draws = shuffled(word, np.arange(anywhere.size)).reshape(anywhere.shape)
        return seated(world, state, anywhere, draws, self.no_overlap_at_reset, sub(word, 0) if self.random_order else None)


def fixed(world: World, state: GridState) -> GridState:
    """The state with those on the grid who have positions of their own."""
    cells = [cell for kind in world.kinds for cell in kind.cells]
    has = np.asarray([cell is not None for cell in cells]) & ~_reserve(world)
    row, column = (np.asarray([-1 if cell is None else cell[i] for cell in cells], "int32") for i in (0, 1))
    return state._replace(row=jnp.where(has, row, -1), column=jnp.where(has, column, -1), active=jnp.asarray(has))


def wandering(world: World) -> np.ndarray:
    """Indices of the agents that are placed anew at each reset, in the roster's order."""
    without = np.asarray([cell is None for kind in world.kinds for cell in kind.cells])
    return np.flatnonzero(without & ~_reserve(world))


def seated(
    world: World, state: GridState, allowed: Array, preference: Array, alone: bool, order: Array | None = None
) -> GridState:
    """The state with each of `wandering` on its most preferred cell among those allowed and free.

    Arguments:
        allowed: cells that each may get at all, in rows, `[W, cells]` bool.
        preference: how much each prefers each cell, uint32 without ties among a row's cells, `[W, cells]`.
        alone: whether each gets a cell on which nobody is, even if it could share one.
        order: a random word for the order in which they are placed; none: the roster's.
    """
    members = wandering(world)
    places = jnp.arange(len(members))
    if order is not None:
        places = jnp.argsort(shuffled(order, members.astype(np.uint32)))
    encoding = jnp.asarray(world.roster.encoding)
    clash = jnp.asarray(_encodings_clash(world)) | alone
    taken = _taken(world, state, clash)

    def place(turn: Array, carry: tuple[GridState, Array]) -> tuple[GridState, Array]:
        state, taken = carry
        who = places[turn]
        agent = jnp.asarray(members)[who]
        open_ = allowed[who] & ~taken[encoding[agent]]
        best = jnp.argmax(jnp.where(open_, preference[who], 0)).astype(jnp.int32)
        found = open_.any()
        me = (np.arange(world.size) == agent) & found
        here = (np.arange(world.rows * world.columns) == best) & found
        row, column = best // world.columns, best % world.columns
        state = state._replace(
            row=jnp.where(me, row, state.row), column=jnp.where(me, column, state.column), active=state.active | me
        )
        return state, taken | (clash[encoding[agent]][:, None] & here)

    return jax.lax.fori_loop(0, len(members), place, (state, taken))[0] if len(members) else state


def _taken(world: World, state: GridState, clash: Array) -> Array:
    """Cells that are closed to each encoding by those who are on the grid, `[E + 1, cells]` bool."""
    cell = jnp.where(state.active, state.row * world.columns + state.column, -1)
    taken = jnp.zeros((world.most_encoding + 1, world.rows * world.columns), bool)
    for encoding in np.unique(world.roster.encoding):
        members = np.flatnonzero(world.roster.encoding == encoding)
        there = jnp.zeros(world.rows * world.columns, bool).at[cell[members]].max(cell[members] >= 0, mode="drop")
        taken |= clash[encoding][:, None] & there
    return taken


def _encodings_clash(world: World) -> np.ndarray:
    """`[e, f]`: encodings that cannot share a cell, `[E + 1, E + 1]` bool."""
    encoding = world.roster.encoding
    clash = np.zeros((world.most_encoding + 1,) * 2, bool)
    clash[np.ix_(encoding, encoding)] = world.clash
    return clash


def _reserve(world: World) -> np.ndarray:
    return world.roster.each(lambda kind: kind.reserve, "bool")


def check_positions(world: World) -> None:
    """Raise `Mistake` where agents' own positions are off the grid, or on one cell against the rules of overlap."""
    there: dict[tuple[int, int], list[int]] = {}
    cells = [cell for kind in world.kinds for cell in kind.cells]
    for agent, cell in enumerate(cells):
        if cell is None:
            continue
        name = world.roster.names[agent]
        if not (0 <= cell[0] < world.rows and 0 <= cell[1] < world.columns):
            raise Mistake(f"agent '{name}' begins at {cell}, which is not on a grid of {world.rows} by {world.columns}.")
        for other in there.setdefault(cell, []):
            if world.clash[agent, other]:
                raise Mistake(
                    f"agents '{world.roster.names[other]}' and '{name}' both begin at {cell}, but their encodings may not"
                    " overlap: move one, or add them to `overlap`."
                )
        there[cell].append(agent)
