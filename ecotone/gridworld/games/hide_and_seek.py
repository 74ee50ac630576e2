"""Hiders build cover and keep out of sight; seekers look for them."""

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.blocking import in_sight
from ecotone.gridworld.building import Build
from ecotone.gridworld.cells import reach
from ecotone.gridworld.components import Array, Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import CrossMove
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.state import GridState
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look


@register
@frozen
class Sight:
    """Who of one kind is within another kind's view and not hidden from it: `seen`, and `sees` for everyone of the other.

    As long as the head start lasts nothing counts.
    """

    hiders: str
    """Name of the kind that hides."""
    seekers: str
    """Name of the kind that looks."""
    after: int = 0
    """Steps of the head start."""
    words = 0
    events = ("seen", "sees", "unseen")

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Look."""
        hides, seeks = world.roster.is_kind(self.hiders), world.roster.is_kind(self.seekers)
        lookers = np.flatnonzero(seeks)
        far = max(reach(kind.view_range, world.rows, world.columns) for kind in world.kinds if kind.name == self.seekers)
        down = state.row - state.row[lookers][:, None]
        right = state.column - state.column[lookers][:, None]
        near = (abs(down) <= far) & (abs(right) <= far) & state.active[lookers][:, None]
        sight = in_sight(world, state, state.row[lookers], state.column[lookers], far)
        clear = jnp.take_along_axis(sight, jnp.where(near, (down + far) * (2 * far + 1) + right + far, 0), 1)
        began = state.time >= self.after
        seen = (near & clear).any(0) & hides & state.active & began
        return state, {"seen": seen, "sees": seeks & seen.any(), "unseen": hides & state.active & ~seen & began}


@register
@frozen
class HeadStart:
    """Who may act: all but one kind for some steps, then everybody."""

    late: str
    """Name of the kind that waits."""
    steps: int
    """How long."""

    shuffled = False
    simultaneous = False

    def next(self, world: World, state: GridState, candidates: Array) -> tuple[Array, Array]:
        """Those who do not wait."""
        waits = world.roster.is_kind(self.late)
        return candidates & (~waits | (state.time >= self.steps)), state.turn


def hide_and_seek(
    hiders: int = 3, seekers: int = 2, walls: int = 12, bricks: int = 12, size: int = 12, head_start: int = 10,
    horizon: int | None = 60,
) -> GridWorld:  # fmt: skip
    """Hiders move and build bricks while seekers wait, and go on when these come; walls and bricks hide what is behind them.

    From then on each step brings a hider 1 if no seeker sees it and costs it 1 if one does; a seeker gets 1 if any hider is
    seen by anyone of them. A move that fails costs 0.1.

    Arguments:
        hiders: how many.
        seekers: how many.
        walls: how many, on other cells in every episode.
        bricks: how many can be built.
        size: rows, and columns.
        head_start: steps before seekers move, and before being seen counts.
        horizon: steps of an episode.
    """
    kinds = (
        Kind("hider", 1, hiders, view_range=4, move_range=1, build_range=1, look=Look(colour="blue")),
        Kind("seeker", 2, seekers, view_range=4, move_range=1, look=Look("d", "red")),
        Kind("wall", 3, walls, blocking=True, look=Look("s", "black")),
        Kind("brick", 4, bricks, blocking=True, reserve=True, look=Look("s", "brown")),
    )
    return GridWorld(
        size, size, kinds,
        actors=(Build("brick"), CrossMove(), Sight("hider", "seeker", head_start)),
        observers=(CentredView(),),
        rewards=(Pay("unseen", 1.0), Pay("seen", -1.0), Pay("sees", 1.0), Pay("bad_move", -0.1)),
        parts=(Placed(),),
        turns=HeadStart("seeker", head_start),
        horizon=horizon,
    )  # fmt: skip
