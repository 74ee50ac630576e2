"""What agents of a run do on their grid, as a figure: where they go, whom they meet, and where they want to go."""

from pathlib import Path

import numpy as np

from ecotone.envs.streams import compiled_stream, only_compiled
from ecotone.pictures.figures import Map, draw_maps
from ecotone.pictures.maps import first_frame, meetings, occupancy, only
from ecotone.playing import play
from ecotone.playing.moves import grid_of, preferred_moves
from ecotone.recording import NOWHERE, Drawable, Frame, Recording, Scene
from ecotone.runs import Run

EPISODES = 16
MOST_AGENTS = 4_000
"""Of all episodes of a report together, so that great worlds do not take long; one is always played."""
MOST_STANDING = 500_000
"""Agents times cells up to which moves from every cell are looked at."""
MOST_TEAMS = 4


def draw_behaviour(run: Run, path: Path) -> bool:
    """Draw maps of greedy episodes of a grid world into a file; returns whether there was something to draw."""
    maps = behaviour(run)
    if maps:
        draw_maps(maps, path)
    return bool(maps)


def behaviour(run: Run, episodes: int | None = None, seed: int = 0) -> list[Map]:
    """Maps of where agents go, meet, and prefer to go; none for a run without a grid or without a checkpoint.

    Arguments:
        run: its newest checkpoint plays.
        episodes: how many; none means as many as suit the number of its agents.
        seed: of the environment.
    """
    if not run.steps() or not drawable(run):
        return []
    if episodes is None:
        world = grid_of(run)
        episodes = EPISODES if world is None else max(1, min(EPISODES, MOST_AGENTS // world.size))
    recording = play(run, episodes, seed)
    return [*_moves(run, recording, seed), *_places(recording), *_meetings(recording)]


def drawable(run: Run) -> bool:
    """Whether a run's environment draws itself on a grid."""
    env, kwargs = run.experiment.env, run.experiment.env_kwargs
    return only_compiled(env) and isinstance(compiled_stream(env, 1, kwargs).environment, Drawable)


def _moves(run: Run, recording: Recording, seed: int) -> list[Map]:
    """Preferred moves of the first agent of each team that moves, with all that does not learn in its place."""
    world = grid_of(run)
    if world is None or recording.scene is None or world.size * world.rows * world.columns > MOST_STANDING:
        return []
    maps, scenery = [], [kind.name for k, kind in enumerate(world.kinds) if k not in world.learners]
    for team in list(world.teams.values())[:MOST_TEAMS]:
        moves = preferred_moves(run, team.agents[0], seed)
        if np.nansum(np.abs(moves.field)) > 0:
            over = (recording.scene, only(moves.frame, recording.scene, scenery))
            maps.append(Map(f"Preferred move of {moves.agent}", moves.field, over=over if scenery else None))
    return maps


def _places(recording: Recording) -> list[Map]:
    teams = list(recording.teams)[:MOST_TEAMS]
    title = lambda team: f"Where {team} is" if len(teams) > 1 else "Where agents are"
    return [Map(title(team), occupancy(recording, team), "agents per step", _walls(recording)) for team in teams]


def _meetings(recording: Recording) -> list[Map]:
    """Meetings of the first two teams, or within the only one."""
    teams = list(recording.teams)
    one, other = (teams * 2)[:2]
    if sum(len(recording.teams[team]) for team in {one, other}) < 2:
        return []
    title = f"Where {one} meets {other}" if one != other else f"Where {one} meet"
    return [Map(title, meetings(recording, one, other), "pairs per step", _walls(recording))]


def _walls(recording: Recording) -> tuple[Scene, Frame] | None:
    """Walls, where all episodes have the same."""
    assert recording.scene is not None
    every = [only(first_frame(recording, episode), recording.scene) for episode in range(len(recording.episodes))]
    same = all(np.array_equal(each.place[each.look != NOWHERE], every[0].place[every[0].look != NOWHERE]) for each in every)
    return (recording.scene, every[0]) if same else None
