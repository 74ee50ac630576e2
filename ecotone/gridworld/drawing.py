"""How a grid world looks: a scene, and the frame of each state."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.attributes import Health
from ecotone.gridworld.components import Channel
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import CrossMove
from ecotone.gridworld.state import GridState
from ecotone.recording import COLOURS, DOWN, LEFT, NOWHERE, RIGHT, UP, Frame, Look, Scene, team_looks

if TYPE_CHECKING:
    from ecotone.gridworld.world import GridWorld as World

FACING = np.array([NOWHERE, LEFT, DOWN, RIGHT, UP], np.int32)
MOVES = ("stay", "left", "down", "right", "up")


def scene_of(world: "World") -> Scene:
    """The grid, its agents by name, and a look for each kind (or those that the world's `looks` names)."""
    looks = tuple(team_looks({kind.name: _look(world, k) for k, kind in enumerate(world.kinds)}).values())
    firsts = {int(kind.encoding): k for k, kind in reversed(list(enumerate(world.kinds)))}
    if world.looks is not None:
        looks += tuple(world.looks.looks(world))
    choices = {world.kinds[k].name: MOVES for k in world.learners if _only_crosses(world, world.kinds[k])}
    return Scene(world.rows, world.columns, world.roster.names, looks, firsts, choices)


def frame_of(world: "World", state: GridState) -> Frame:
    """Everybody who is on the grid."""
    look = jnp.asarray(world.roster.kind, jnp.int32)
    if world.looks is not None:
        own = world.looks.look(world, state)
        look = jnp.where(own == NOWHERE, look, len(world.kinds) + own)
    faces = any(kind.orientation is not None for kind in world.kinds)
    ails = any(isinstance(part, Health) for part in world.parts)
    return Frame(
        state.position,
        jnp.where(state.active, look, NOWHERE),
        jnp.asarray(FACING)[state.orientation] if faces else (),
        state.health if ails else (),
    )


def _look(world: "World", k: int) -> Look:
    """A kind's look; of those that do not learn, squares and what blocks the view are walls, unless they have a colour."""
    kind = world.kinds[k]
    look = kind.look
    plain = k not in world.learners and look.colour in ("", COLOURS[7])
    wall = plain and (look.shape == "square" or (not look.shape and kind.blocking))
    return Look("wall", COLOURS[7], look.size, look.label) if wall else look


def _only_crosses(world: "World", kind: Kind) -> bool:
    """Whether all that agents of a kind do is one of the five moves."""
    does: list[Any] = [actor for actor in world.actors if isinstance(actor, Channel) and actor.serves(kind)]
    return len(does) == 1 and isinstance(does[0], CrossMove)
