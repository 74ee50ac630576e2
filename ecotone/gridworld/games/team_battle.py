"""Teams fight each other until one is left."""

from ecotone.gridworld.attacks import Attack
from ecotone.gridworld.attributes import Health
from ecotone.gridworld.endings import OneTeamRemaining
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import Move
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look

TEAMS = ("red", "blue", "green", "gray")


def team_battle(agents: int = 24, size: int = 8, view_range: int = 3, horizon: int | None = None) -> GridWorld:
    """Four teams in the corners of a square, who kill with one hit; all attack, then all move.

    A kill brings 1, to be killed -1, an attack without a target and a move that fails -0.1, and every step -0.01.

    Arguments:
        agents: fighters of all teams together, a multiple of 4.
        size: rows, and columns.
        view_range: how many cells away they see.
        horizon: steps after which the battle is cut short.
    """
    low, high = 1, size - 2
    corners = ((low, low), (low, high), (high, low), (high, high))
    each = agents // len(TEAMS)
    kinds = tuple(
        Kind(
            name, encoding, each, positions=(corner,) * each, view_range=view_range, move_range=1, attack_range=1,
            health=None, look=Look(colour=name),
        )
        for encoding, (name, corner) in enumerate(zip(TEAMS, corners, strict=True), 1)
    )  # fmt: skip
    teams = range(1, len(TEAMS) + 1)
    enemies = {team: {other for other in teams if other != team} for team in teams}
    return GridWorld(
        size, size, kinds,
        actors=(Attack(enemies), Move()),
        observers=(CentredView(),),
        endings=(OneTeamRemaining(),),
        rewards=(Pay("kill", 1.0), Pay("killed", -1.0), Pay("missed", -0.1), Pay("bad_move", -0.1), Pay("acted", -0.01)),
        parts=(Placed(), Health()),
        overlap={team: team for team in teams},
        horizon=horizon,
    )  # fmt: skip
