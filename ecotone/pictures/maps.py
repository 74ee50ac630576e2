"""Where agents went, where they met, and which way they prefer to go: numbers by cell."""

from collections.abc import Callable, Iterable, Sequence
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


def directions(cells: Iterable[tuple[int, int]], shape: tuple[int, int], move: Callable[[Array], Array]) -> np.ndarray:
    """A field of moves over a grid, `[rows, columns, 2]` (down, right), NaN in cells that were not asked for.

    Arguments:
        cells: those to stand in, as `(row, column)`.
        shape: rows and columns of the grid.
        move: from cells `[N, 2]` to the moves that a policy makes from them, `[N, 2]` rows and columns.
    """
    asked = np.array(list(cells), int).reshape(-1, 2)
    field = np.full((*shape, 2), np.nan)
    field[asked[:, 0], asked[:, 1]] = np.asarray(move(asked), float)
    return field


def still(frame: Frame, scene: Scene, looks: Sequence[str] = ()) -> np.ndarray:
    """Cells that hold an entity with one of these looks (none means walls), `[rows, columns]` bool."""
    wanted = [i for i, each in enumerate(scene.looks) if (each.label in looks if looks else each.shape == "wall")]
    held = np.isin(np.asarray(frame.look), wanted)
    cells = np.zeros((scene.rows, scene.columns), bool)
    cells[tuple(np.asarray(frame.place)[held].T)] = True
    return cells


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
