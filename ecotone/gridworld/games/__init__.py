"""Grid worlds to play in, by name."""

from collections.abc import Callable
from typing import Any

from ecotone.gridworld.games.team_battle import team_battle
from ecotone.gridworld.world import GridWorld
from ecotone.mistakes import Mistake, nearest

GAMES: dict[str, Callable[..., GridWorld]] = {
    "team_battle": team_battle,
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
