"""Agents who broadcast numbers want to agree, with or without others who stand in the way."""

from typing import Any

from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.messages import Agreement, Broadcast, HeardMessages, Messages
from ecotone.gridworld.moving import Move
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look


def broadcasting(
    broadcasters: int = 4, size: int = 7, reach: int = 3, tolerance: float = 1e-3, horizon: int | None = None
) -> GridWorld:
    """Walkers who broadcast their messages to those near them, until all messages are nearly the same.

    Every step costs 0.01, a move that fails 0.1.

    Arguments:
        broadcasters: how many.
        size: rows, and columns.
        reach: how many cells away a message is heard, and they see.
        tolerance: how far from the mean a message may be in the end.
        horizon: steps after which they have failed to agree.
    """
    kind = Kind(
        "broadcaster", 1, broadcasters, broadcast_range=reach, view_range=reach, move_range=1, look=Look(colour="green")
    )
    return GridWorld(
        size, size, (kind,),
        actors=(Broadcast({1: 1}), Move()),
        observers=(CentredView(), HeardMessages()),
        endings=(Agreement(tolerance),),
        rewards=(Pay("bad_move", -0.1), Pay("acted", -0.01)),
        parts=(Placed(), Messages()),
        horizon=horizon,
    )  # fmt: skip


def comms_blocking(
    broadcasters: int = 4, blockers: int = 3, size: int = 7, reach: int = 6, tolerance: float = 1e-6,
    blocking_pays: float = -0.01, horizon: int | None = None,
) -> GridWorld:  # fmt: skip
    """Broadcasters who stand still, and blockers who can move between them to keep them from hearing each other.

    Every step costs a broadcaster 0.01, and brings a blocker what is said; a move that fails costs 0.1. The first blocker
    moves up to two cells, the others one.

    Arguments:
        broadcasters: how many.
        blockers: how many, 2 or more.
        size: rows, and columns.
        reach: how many cells away a message is heard.
        tolerance: how far from the mean a message may be in the end (Abmarl's example has 5e-10, which float32 cannot tell).
        blocking_pays: a blocker's reward for a step; above 0 it wants to keep the others from agreeing.
        horizon: steps after which it is cut short.
    """
    blocks: dict[str, Any] = {"encoding": 2, "blocking": True, "view_range": 3, "look": Look(colour="black")}
    kinds = (
        Kind("broadcaster", 1, broadcasters, broadcast_range=reach, look=Look(colour="green")),
        Kind("runner", move_range=2, **blocks),
        Kind("blocker", count=blockers - 1, move_range=1, **blocks),
    )
    return GridWorld(
        size, size, kinds,
        actors=(Broadcast({1: 1}), Move()),
        observers=(CentredView(), HeardMessages()),
        endings=(Agreement(tolerance),),
        rewards=(
            Pay("bad_move", -0.1), Pay("acted", -0.01, ("broadcaster",)), Pay("acted", blocking_pays, ("runner", "blocker")),
        ),
        parts=(Placed(), Messages()),
        horizon=horizon,
    )  # fmt: skip
