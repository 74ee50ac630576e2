"""Predators hunt prey, and prey feed on resources."""

from typing import Any

from ecotone.gridworld.attacks import Attack
from ecotone.gridworld.attributes import Health
from ecotone.gridworld.endings import EncodingInactive, Inactive
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import Move
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.turns import AllAct
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look


def predator_prey(
    predators: int = 2, prey: int = 5, resources: int = 11, size: int = 20, view_range: int = 3, horizon: int | None = None
) -> GridWorld:
    """Prey attack resources beside them, predators attack prey up to two cells away; all attack, then all move.

    An attack that finds something brings 1, and costs prey 1 that it hits; an attack that finds nothing and a move that
    fails cost 0.1, every step 0.01. It is over when all prey or all resources are gone. The order changes at each step.

    Arguments:
        predators: how many.
        prey: how many.
        resources: how many.
        size: rows, and columns.
        view_range: how many cells away they see.
        horizon: steps after which the hunt is cut short.
    """
    sees: dict[str, Any] = {"view_range": view_range, "move_range": 1, "health": None}
    kinds = (
        Kind("resource", 1, resources, health=None, look=Look("s", "g")),
        Kind("prey", 2, prey, attack_range=1, look=Look(colour="b"), **sees),
        Kind("predator", 3, predators, attack_range=2, look=Look("d", "r"), **sees),
    )
    food = {2: 1, 3: 2}
    hunters = ("prey", "predator")
    return GridWorld(
        size, size, kinds,
        actors=(Attack(food), Move()),
        observers=(CentredView(),),
        endings=(Inactive(), EncodingInactive(food)),
        rewards=(
            Pay("kill", 1.0), Pay("killed", -1.0, hunters), Pay("missed", -0.1), Pay("bad_move", -0.1), Pay("acted", -0.01),
        ),
        parts=(Placed(), Health()),
        turns=AllAct(shuffled=True),
        overlap={1: (2, 3), 2: (1, 2, 3), 3: (1, 2)},
        horizon=horizon,
    )  # fmt: skip
