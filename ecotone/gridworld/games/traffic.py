"""Two teams want to pass each other in a corridor that is one cell wide."""

from typing import Any

from ecotone.gridworld.builders import from_text
from ecotone.gridworld.endings import TargetOverlap
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import Move
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.rewards import Pay, Reach
from ecotone.gridworld.turns import AllAct
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look

CORRIDOR = """
G W W W R
r _ _ _ g
G W W W R
"""


def traffic_corridor(layout: str = CORRIDOR, horizon: int | None = None) -> GridWorld:
    """Red (R) and green (G) drivers, each until it is on its team's target (r, g); they share cells with their team only.

    A move that fails costs 0.1, the target brings 1. Agents act in another order at each step.

    Arguments:
        layout: lines of R, G, r, g, walls (W) and empty cells.
        horizon: steps after which those who are left are stuck.
    """
    drives: dict[str, Any] = {"view_range": 3, "move_range": 1}
    registry = {
        "R": Kind("red", 1, look=Look(colour="red"), **drives),
        "G": Kind("green", 2, look=Look(colour="green"), **drives),
        "r": Kind("red_target", 1, look=Look("s", "red")),
        "g": Kind("green_target", 2, look=Look("s", "green")),
        "W": Kind("wall", 3, look=Look("s")),
    }
    world = from_text(layout, registry)
    teams = {kind.name: kind.names for kind in world["kinds"] if kind.name in ("red", "green")}
    targets = tuple((name, f"{team}_target") for team, names in teams.items() for name in names)
    return GridWorld(
        **world,
        actors=(Move(),),
        observers=(CentredView(),),
        endings=(TargetOverlap(targets),),
        rewards=(Pay("bad_move", -0.1), Reach(targets, 1.0)),
        turns=AllAct(shuffled=True),
        overlap={1: 1, 2: 2},
        horizon=horizon,
    )
