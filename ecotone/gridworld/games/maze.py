"""Find the way to a target: alone in a fixed maze, or many in one that is another in every episode."""

from ecotone.frozen import frozen
from ecotone.gridworld.builders import from_text
from ecotone.gridworld.components import Array, World, register
from ecotone.gridworld.endings import TargetOverlap
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import Move
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.rewards import Pay, Reach, on_target
from ecotone.gridworld.state import GridState
from ecotone.gridworld.targets import MazePlaced
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look

MAZE = """
_ _ _ _ W _ W W _ W W _ _ W W _ W _
W _ W _ N _ _ _ _ _ W _ W W _ _ _ _
W W W W _ W W _ W _ _ _ _ W W _ W W
_ W _ _ _ W W _ W _ W W _ _ _ _ _ _
_ _ _ W _ _ W W W _ W _ _ W _ W W _
W W W W _ W W W W W W W _ W _ T W _
_ _ _ _ _ W _ _ _ _ _ _ _ W _ W W _
_ W _ W _ W W W _ W W _ W W _ W _ _
"""


def maze_navigation(layout: str = MAZE, view_range: int = 2, horizon: int | None = None) -> GridWorld:
    """One navigator (N) in a maze of walls (W) that block its view, until it is at the target (T).

    Every step costs 0.01, a move that fails 0.1; the target brings 1.

    Arguments:
        layout: lines of N, T, W and empty cells.
        view_range: how many cells away it sees.
        horizon: steps after which it has failed.
    """
    registry = {
        "N": Kind("navigator", 1, view_range=view_range, move_range=1, look=Look(colour="blue")),
        "T": Kind("target", 3, look=Look(colour="green")),
        "W": Kind("wall", 2, blocking=True, look=Look("s")),
    }
    targets = (("navigator", "target"),)
    return GridWorld(
        **from_text(layout, registry),
        actors=(Move(),),
        observers=(CentredView(),),
        endings=(TargetOverlap(targets),),
        rewards=(Pay("bad_move", -0.1), Reach(targets, 1.0), Pay("acted", -0.01)),
        overlap={1: 3},
        horizon=horizon,
    )


@register
@frozen
class Arrival:
    """1 for who arrives at its target; for all others -0.01 for the step, and -0.1 for a move that failed."""

    targets: tuple[tuple[str, str], ...]
    """Pairs of an agent and its target, by name."""

    def pay(self, world: World, before: GridState, state: GridState) -> Array:
        """From where they stand after the step, `[N]`."""
        there = on_target(world, state, self.targets)
        return state.events["acted"] * there + (~there) * (-0.1 * state.events["bad_move"] - 0.01 * state.events["acted"])


def multi_maze(
    size: int = 10, navigators: int = 5, barriers: int = 20, view_range: int = 5, horizon: int | None = None
) -> GridWorld:
    """Navigators, who may share cells, in a maze that is another in every episode, each until it is at the one target.

    Every step costs 0.01, a move that fails 0.1; the step that arrives brings 1 and nothing else. Barriers stand on the
    walls nearest to the target and hide nothing; navigators begin as far from it as they can.

    Arguments:
        size: rows, and columns.
        navigators: how many.
        barriers: how many of the maze's walls are there.
        view_range: how many cells away they see.
        horizon: steps after which those who are left have failed.
    """
    kinds = (
        Kind("target", 1, look=Look(colour="g")),
        Kind("barrier", 2, barriers, look=Look("s", "gray")),
        Kind("navigator", 3, navigators, view_range=view_range, move_range=1, look=Look(colour="b")),
    )
    targets = tuple((name, "target") for name in kinds[2].names)
    placement = MazePlaced(
        "target", barriers=(2,), free=(1, 3), cluster_barriers=True, scatter_free=True, no_overlap_at_reset=True
    )
    return GridWorld(
        size, size, kinds,
        actors=(Move(),),
        observers=(CentredView(),),
        endings=(TargetOverlap(targets),),
        rewards=(Arrival(targets),),
        parts=(placement,),
        overlap={1: 3, 3: 3},
        horizon=horizon,
    )  # fmt: skip
