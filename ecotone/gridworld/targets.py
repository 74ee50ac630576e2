"""Places that depend on a target's: barriers near it, others far from it, on the walls and passages of a maze around it."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.chance import shuffled, sub
from ecotone.gridworld.components import World, register
from ecotone.gridworld.mazes import maze
from ecotone.gridworld.placement import fixed, seated, wandering
from ecotone.gridworld.state import GridState
from ecotone.mistakes import Mistake

Array = Any
Key = Any


@register
@frozen
class TargetPlaced:
    """The target first, on its own position or anywhere; then barriers and free agents, near it, far from it, or anywhere.

    Agents with positions of their own may be in the target's way: give them none, or the target one too.
    """

    target: str
    """The target's name."""
    barriers: tuple[int, ...] = ()
    """Encodings of barriers."""
    free: tuple[int, ...] = ()
    """Encodings of all others; every agent's must be here or among the barriers."""
    cluster_barriers: bool = False
    """Whether barriers take the cells nearest to the target, instead of any."""
    scatter_free: bool = False
    """Whether the free take the cells farthest from the target, instead of any."""
    no_overlap_at_reset: bool = False
    """Whether each gets a cell of its own, even if it could share one."""
    random_order: bool = False
    """Whether they are placed in a drawn order, not in the roster's."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Place all but those in reserve."""
        barrier = _barriers(world, self.barriers, self.free)
        state = with_target(world, fixed(world, state), self.target, sub(word, 1))
        allowed = jnp.ones((len(barrier), world.rows * world.columns), bool)
        return _around(world, state, self, barrier, allowed, word)


@register
@frozen
class MazePlaced:
    """A maze that grows from the target, another at each reset: barriers on its walls, free agents in its passages.

    Agents with positions of their own may be in the target's way: give them none, or the target one too.
    """

    target: str
    """The target's name; the maze begins where it stands, on its own position or anywhere."""
    barriers: tuple[int, ...] = ()
    """Encodings of agents on walls."""
    free: tuple[int, ...] = ()
    """Encodings of agents in passages; every agent's must be here or among the barriers."""
    cluster_barriers: bool = False
    """Whether barriers take the walls nearest to the target, instead of any."""
    scatter_free: bool = False
    """Whether the free take the passages farthest from the target, instead of any."""
    no_overlap_at_reset: bool = False
    """Whether each gets a cell of its own, even if it could share one."""
    random_order: bool = False
    """Whether they are placed in a drawn order, not in the roster's."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Grow the maze and place all but those in reserve."""
        barrier = _barriers(world, self.barriers, self.free)
        state = with_target(world, fixed(world, state), self.target, sub(word, 1))
        target = world.roster.place(self.target)
        walls = maze(world.rows, world.columns, state.row[target], state.column[target], sub(word, 2)).ravel()
        allowed = jnp.where(barrier[:, None], walls, ~walls)
        return _around(world, state, self, barrier, allowed, word)


def with_target(world: World, state: GridState, name: str, word: Array) -> GridState:
    """The state with the target on the grid, anywhere if it has no position of its own."""
    target = world.roster.place(name)
    if target not in wandering(world):
        return state
    cell = (word % np.uint32(world.rows * world.columns)).astype(jnp.int32)
    row, column = cell // world.columns, cell % world.columns
    return state._replace(
        row=state.row.at[target].set(row),
        column=state.column.at[target].set(column),
        active=state.active.at[target].set(True),
    )


def _barriers(world: World, barriers: tuple[int, ...], free: tuple[int, ...]) -> np.ndarray:
    """Which of those placed anew are barriers, `[W]` bool; raises `Mistake` unless every encoding is one or the other."""
    for name, encoding in zip(world.roster.names, world.roster.encoding, strict=True):
        if (encoding in barriers) == (encoding in free):
            raise Mistake(f"'{name}' has encoding {encoding}: put it into either `barriers` or `free` of the placement.")
    return np.isin(world.roster.encoding[wandering(world)], barriers)


def _around(
    world: World, state: GridState, placement: TargetPlaced | MazePlaced, barrier: np.ndarray, allowed: Array, word: Array
) -> GridState:
    """The state with all who are placed anew, but the target, on cells that they are allowed."""
    target = world.roster.place(placement.target)
    down = np.arange(world.rows)[:, None] - state.row[target]
    right = np.arange(world.columns) - state.column[target]
    far = (down * down + right * right).ravel().astype(jnp.uint32)
    cells, most = np.arange(far.size, dtype=np.uint32), np.uint32((world.rows + world.columns) ** 2)
    nearest, farthest = (most - far) * np.uint32(far.size) + cells, far * np.uint32(far.size) + cells
    anywhere = shuffled(word, np.arange(allowed.size)).reshape(allowed.shape)
    order = jnp.where(barrier[:, None] & placement.cluster_barriers, nearest, anywhere)
    order = jnp.where(~barrier[:, None] & placement.scatter_free, farthest, order)
    other = wandering(world) != target
    drawn = sub(word, 0) if placement.random_order else None
    return seated(world, state, allowed & other[:, None], order, placement.no_overlap_at_reset, drawn)
