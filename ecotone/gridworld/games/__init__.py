"""Grid worlds to play in, by name."""

from collections.abc import Callable
from typing import Any

from ecotone.gridworld.games.broadcasting import broadcasting, comms_blocking
from ecotone.gridworld.games.corridor import multi_corridor
from ecotone.gridworld.games.foraging import foraging
from ecotone.gridworld.games.hide_and_seek import hide_and_seek
from ecotone.gridworld.games.maze import maze_navigation, multi_maze
from ecotone.gridworld.games.pacman import pacman
from ecotone.gridworld.games.predator_prey import predator_prey
from ecotone.gridworld.games.reach_target import reach_target
from ecotone.gridworld.games.team_battle import team_battle
from ecotone.gridworld.games.traffic import traffic_corridor
from ecotone.gridworld.world import GridWorld
from ecotone.mistakes import Mistake, nearest

GAMES: dict[str, Callable[..., GridWorld]] = {
    "broadcasting": broadcasting,
    "comms_blocking": comms_blocking,
    "foraging": foraging,
    "hide_and_seek": hide_and_seek,
    "maze": maze_navigation,
    "multi_corridor": multi_corridor,
    "multi_maze": multi_maze,
    "pacman": pacman,
    "predator_prey": predator_prey,
    "reach_target": reach_target,
    "team_battle": team_battle,
    "traffic_corridor": traffic_corridor,
}
"""Builders by the names that `grid:NAME` has."""


def game(name: str, **options: Any) -> GridWorld:
    """A game by its name, with options of its builder.

    Raises:
        Mistake: no game has this name, or it has no such option.
    """
    if name not in GAMES:
        every = f" There are {', '.join(sorted(GAMES))}."
        raise Mistake(f"no grid world is named '{name}'.{nearest(name, GAMES) or every}")
    known = GAMES[name].__annotations__.keys() - {"return"}
    if unknown := sorted(options.keys() - known):
        raise Mistake(f"grid:{name} has no option '{unknown[0]}'; it has {', '.join(sorted(known))}.")
    return GAMES[name](**options)
