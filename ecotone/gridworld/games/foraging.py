"""A thousand foragers on a field whose food grows again."""

from ecotone.gridworld.building import Regrow
from ecotone.gridworld.crowds import Graze, March
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look


def foraging(
    foragers: int = 1000, food: int = 1000, size: int = 64, view_range: int = 3, regrowth: float = 0.02,
    horizon: int | None = 200,
) -> GridWorld:  # fmt: skip
    """Foragers, each alone on its cell, eat the food on it; food comes back where it was. All move at once, then all eat.

    A unit of food brings 1, a step costs 0.01.

    Arguments:
        foragers: how many; they and the food need a cell each at reset.
        food: how many places where it grows.
        size: rows, and columns.
        view_range: how many cells away they see.
        regrowth: probability for each eaten food to be there again in the next step.
        horizon: steps of an episode.
    """
    kinds = (
        Kind("forager", 1, foragers, view_range=view_range, move_range=1, harvest_range=0, look=Look(colour="blue")),
        Kind("food", 2, food, look=Look("s", "green", 0.5)),
    )
    return GridWorld(
        size, size, kinds,
        actors=(March(), Graze((2,)), Regrow((2,), regrowth)),
        observers=(CentredView(observe_self=False),),
        rewards=(Pay("harvested", 1.0), Pay("acted", -0.01)),
        parts=(Placed(no_overlap_at_reset=True),),
        overlap={1: 2},
        horizon=horizon,
    )  # fmt: skip
