"""Where agents went, where they met, and which way they prefer to go: numbers by cell."""

from collections.abc import Iterable, Sequence
from typing import Any

import jax
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.recording import NOWHERE, Frame, Recording, Scene

Array = Any


def occupancy(recording: Recording, who: str | Sequence[str] = ()) -> np.ndarray:
    """The mean number of entities in each cell at a step, `[rows, columns]`.

    Arguments:
        recording: with frames.
        who: a team, a look's label, or names of entities; none means all agents.

    Raises `Mistake` for a recording without a grid, or a name that it does not have.
    """
    scene = _scene(recording)
    counts, steps = np.zeros((scene.rows, scene.columns)), 0
    for frames in _frames(recording):
        present = _members(recording, frames, who)
        place = np.asarray(frames.place)[present]
        np.add.at(counts, (place[:, 0], place[:, 1]), 1.0)
        steps += len(present)
    return counts / max(steps, 1)


def meetings(recording: Recording, one: str | Sequence[str], other: str | Sequence[str], distance: int = 1) -> np.ndarray:
    """How many pairs at a step stand within `distance` cells (diagonals count as one), by the cell of the first of them.

    Arguments:
        recording: with frames.
        one, other: teams, looks' labels, or names of entities; a pair of one team counts for both of its members.
        distance: in cells; 0 means the same cell.

    Returns:
        The mean over steps, `[rows, columns]`. Raises `Mistake` as `occupancy` does.
    """
    scene = _scene(recording)
    counts, steps = np.zeros((scene.rows, scene.columns)), 0
    for frames in _frames(recording):
        ours, theirs = _members(recording, frames, one), _members(recording, frames, other)
        for place, here, there in zip(np.asarray(frames.place), ours, theirs, strict=True):
            apart = np.abs(place[here][:, None] - place[there][None]).max(-1)
            themselves = np.flatnonzero(here)[:, None] == np.flatnonzero(there)[None]
            met = ((apart <= distance) & ~themselves).sum(1)
            np.add.at(counts, (place[here][:, 0], place[here][:, 1]), met)
        steps += len(ours)
    return counts / max(steps, 1)


def field(cells: Array, moves: Array, shape: tuple[int, int]) -> np.ndarray:
    """Moves from some cells as a field over a whole grid, `[rows, columns, 2]` (down, right), NaN in the other cells.

    Arguments:
        cells: rows and columns, `[N, 2]`.
        moves: rows and columns to go by from each, `[N, 2]`.
        shape: rows and columns of the grid.
    """
    cells, whole = np.asarray(cells, int), np.full((*shape, 2), np.nan)
    whole[cells[:, 0], cells[:, 1]] = np.asarray(moves, float)
    return whole


def only(frame: Frame, scene: Scene, labels: Sequence[str] = ()) -> Frame:
    """A frame of which only entities with one of these labels (none means walls) are left."""
    wanted = [i for i, each in enumerate(scene.looks) if (each.label in labels if labels else each.shape == "wall")]
    look = np.asarray(frame.look)
    return frame._replace(look=np.where(np.isin(look, wanted), look, NOWHERE))


def first_frame(recording: Recording, episode: int = 0, step: int = 0) -> Frame:
    """One frame of a recording; raises `Mistake` where it has none."""
    _scene(recording)
    return jax.tree.map(lambda x: x[step], recording.episodes[episode].frames)


def _scene(recording: Recording) -> Scene:
    if recording.scene is None or any(episode.frames is None for episode in recording.episodes):
        raise Mistake(f"{recording.title} was not recorded on a grid: maps need frames of one.")
    return recording.scene


def _frames(recording: Recording) -> Iterable[Frame]:
    return [episode.frames for episode in recording.episodes if episode.frames is not None]


def _members(recording: Recording, frames: Frame, who: str | Sequence[str]) -> np.ndarray:
    """Which entities are meant and there, `[T, N]` bool."""
    scene, look = _scene(recording), np.asarray(frames.look)
    labels = [each.label for each in scene.looks]
    names = who or [name for agents in recording.teams.values() for name in agents]
    if isinstance(who, str) and who:
        if who in labels and who not in recording.teams:
            return look == labels.index(who)
        names = recording.teams.get(who, (who,))
    unknown = set(names) - set(scene.entities)
    if unknown:
        raise Mistake(f"{sorted(unknown)[0]} is no team, label or entity of {recording.title}.")
    return np.isin(scene.entities, list(names)) & (look != NOWHERE)
