"""Recordings as films: every frame of a grid below its title and step, above the legend."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.pictures.files import decoded
from ecotone.pictures.lettering import paste, words
from ecotone.pictures.raster import LINE, PAPER, Raster
from ecotone.recording import NOWHERE, Episode, Frame, Look, Recording, Scene

KINDS = (".gif", ".mp4")
LINGER = 1.0
"""Seconds that the last frame of an episode stays."""
MARGIN, HEADER, ENTRY = 12, 40, 26
"""Pixels around the grid, of the title's line, and of a line of the legend."""


def write_film(recording: Recording, path: Path, cell: int | None = None) -> None:
    """Write a .gif or .mp4 file at the recording's natural speed; `cell` is the side of a grid's cell in pixels.

    Raises `Mistake` for a recording that has no pictures, or a file that cannot be written.
    """
    import imageio.v2 as imageio

    if path.suffix.lower() == ".gif":
        settings: dict[str, Any] = {"duration": 1000.0 / recording.rate, "loop": 0}
    else:
        settings = {"fps": recording.rate, "macro_block_size": 2, "quality": 8}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer: Any = imageio.get_writer(path, **settings)
        with writer, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # ffmpeg is started at once in the child: safe
            for picture in pictures(recording, cell):
                writer.append_data(picture)
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror or error}.") from error


def pictures(recording: Recording, cell: int | None = None) -> Iterator[np.ndarray]:
    """Every picture of a film, `[H, W, 3]` uint8; raises `Mistake` for a recording that has none."""
    stage = None if recording.scene is None else Stage(recording.scene, cell, _looks_seen(recording))
    for number, episode in enumerate(recording.episodes):
        title = f"{recording.title}, episode {number + 1}" if len(recording.episodes) > 1 else recording.title
        if stage is not None and episode.frames is not None:
            yield from _staged(stage, episode, title, max(round(LINGER * recording.rate), 1))
        elif episode.pictures:
            yield from map(decoded, episode.pictures)
        else:
            raise Mistake(f"{recording.title} has neither frames nor pictures: there is nothing to film.")


def _looks_seen(recording: Recording) -> list[int]:
    looks = [np.unique(episode.frames.look) for episode in recording.episodes if episode.frames is not None]
    return [int(look) for look in np.unique(np.concatenate([*looks, [NOWHERE]])) if look != NOWHERE]


def _staged(stage: "Stage", episode: Episode, title: str, linger: int) -> Iterator[np.ndarray]:
    last = episode.rows - 1
    for step in range(episode.rows):
        frame = jax.tree.map(lambda x, step=step: x[step], episode.frames)
        picture = stage(frame, title, f"step {step} of {last}")
        for _ in range(linger if step == last else 1):
            yield picture


class Stage:
    """A scene's grid with a title's line above and the legend below.

    Arguments:
        scene: what is drawn.
        cell: pixels of a cell's side; none means as many as suit the grid.
        shown: looks, by index, in the legend; none means all.
    """

    def __init__(self, scene: Scene, cell: int | None = None, shown: Sequence[int] | None = None) -> None:
        self._draw = Raster(scene, cell)
        height, width = scene.rows * self._draw.cell, scene.columns * self._draw.cell
        self._size = (height, width)
        legend = _legend([scene.looks[i] for i in shown] if shown is not None else scene.looks, width)
        shape = (HEADER + height + 1 + MARGIN + len(legend) + MARGIN, width + 1 + 2 * MARGIN)
        self._empty = np.full((shape[0] + shape[0] % 2, shape[1] + shape[1] % 2, 3), PAPER, np.uint8)
        self._empty[HEADER + height, MARGIN : MARGIN + width + 1] = LINE
        self._empty[HEADER : HEADER + height + 1, MARGIN + width] = LINE
        paste(self._empty, legend, HEADER + height + MARGIN, MARGIN)

    def __call__(self, frame: Frame, title: str, step: str) -> np.ndarray:
        """One picture, `[H, W, 3]` uint8 with even sides, as films want them."""
        picture, (height, width) = self._empty.copy(), self._size
        count = words(step, 22)
        paste(picture, words(title, 24, bold=True)[:, : width - count.shape[1] - MARGIN], 8, MARGIN)
        paste(picture, count, 9, MARGIN + width - count.shape[1])
        picture[HEADER : HEADER + height, MARGIN : MARGIN + width] = self._draw(frame)
        return picture


def _legend(looks: Sequence[Look], width: int) -> np.ndarray:
    """Looks and their labels in as many lines as they need, `[H, width, 3]` uint8."""
    draw = Raster(Scene(1, len(looks), (), tuple(looks)), ENTRY - 4)
    index = np.arange(len(looks))
    swatches = draw(Frame(np.stack([0 * index, index], -1), index))
    lines, left = [np.full((ENTRY, width, 3), PAPER, np.uint8)], 0
    for i, look in enumerate(looks):
        label, swatch = words(look.label, ENTRY - 4), swatches[1:, i * draw.cell + 1 : (i + 1) * draw.cell]
        if left and left + draw.cell + 6 + label.shape[1] > width:
            lines, left = [*lines, np.full((ENTRY, width, 3), PAPER, np.uint8)], 0
        paste(lines[-1], swatch, 2, left)
        paste(lines[-1], label, 1, left + draw.cell + 6)
        left += draw.cell + 6 + label.shape[1] + 22
    return np.concatenate(lines)
