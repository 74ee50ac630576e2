"""Frames as pictures, thousands a second: sprites drawn once, and laid into a picture many at a time."""

import numpy as np

from ecotone.pictures.outlines import OUTLINES, inside, pointer
from ecotone.recording import NOWHERE, Frame, Look, Scene

PAPER, LINE, INK = (255, 255, 255), (222, 225, 230), (40, 44, 52)
SIDE = 640
"""Pixels that the longer side of a picture comes to, about, unless told otherwise."""
SAMPLES = 5
"""Points per pixel and axis that smooth an outline."""
LEVELS = 8
"""How many lengths a bar of health can have."""


class Raster:
    """Draws the frames of a scene.

    Arguments:
        scene: whose frames.
        cell: pixels of a cell's side; none means as many as make the picture about `SIDE` wide or high.
    """

    def __init__(self, scene: Scene, cell: int | None = None) -> None:
        self.scene = scene
        self.cell = cell or int(np.clip(SIDE // max(scene.rows, scene.columns), 4, 64))
        facings = [_sprite(look, self.cell, facing) for look in scene.looks for facing in (NOWHERE, 0, 1, 2, 3)]
        bars = [_bar(level, self.cell) for level in range(LEVELS)]
        sprites = np.concatenate([np.array(facings), np.array(bars)])
        self._first_bar = len(facings)
        opaque = sprites[..., 3:].astype(np.uint16)
        self._colour = (sprites[..., :3] * opaque + 127) // 255
        self._through = 255 - opaque
        paper = _paper(self.cell)
        self._alone = ((paper * self._through + 127) // 255 + self._colour).astype(np.uint8)
        self._empty = np.tile(paper, (scene.rows, scene.columns, 1))

    def __call__(self, frame: Frame) -> np.ndarray:
        """One frame, `[rows * cell, columns * cell, 3]` uint8."""
        scene, picture = self.scene, self._empty.copy()
        cells = picture.reshape(scene.rows, self.cell, scene.columns, self.cell, 3).swapaxes(1, 2)
        row, column, sprite = self._placed(frame)
        layer = _layers(row * scene.columns + column)
        for k in range(int(layer.max(initial=-1)) + 1):
            at, which = (row[layer == k], column[layer == k]), sprite[layer == k]
            if k == 0:
                cells[at] = self._alone[which]
            else:
                cells[at] = (cells[at] * self._through[which] + 127) // 255 + self._colour[which]
        return picture

    def _placed(self, frame: Frame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows, columns and sprites of what is there: larger ones first, then in the scene's order, at last the bars."""
        place, look = np.asarray(frame.place), np.asarray(frame.look)
        there = np.flatnonzero(look != NOWHERE)
        sizes = np.array([each.size for each in self.scene.looks])
        there = there[np.argsort(-sizes[look[there]], kind="stable")]
        facing = np.asarray(frame.facing)[there] + 1 if len(frame.facing) else 0
        row, column, sprite = place[there, 0], place[there, 1], look[there] * 5 + facing
        if len(frame.health):
            health = np.asarray(frame.health)[there]
            hurt = health < 1.0
            level = self._first_bar + np.clip(health[hurt] * LEVELS, 0, LEVELS - 1).astype(int)
            row, column, sprite = np.r_[row, row[hurt]], np.r_[column, column[hurt]], np.r_[sprite, level]
        return row, column, sprite


def _layers(cells: np.ndarray) -> np.ndarray:
    """How many entries before each one name the same cell, `[N]`."""
    order = np.argsort(cells, kind="stable")
    ordered = cells[order]
    fresh = np.r_[True, ordered[1:] != ordered[:-1]][: len(cells)]
    began = np.maximum.accumulate(np.where(fresh, np.arange(len(cells)), 0))
    layers = np.empty(len(cells), int)
    layers[order] = np.arange(len(cells)) - began
    return layers


def colour(text: str) -> np.ndarray:
    """`#rrggbb` as three bytes."""
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)], np.uint8)


def darker(rgb: np.ndarray, factor: float = 0.62) -> np.ndarray:
    """A shade of a colour."""
    return (rgb * factor).astype(np.uint8)


def coverage(outline: np.ndarray, cell: int) -> np.ndarray:
    """How much of each pixel of a square lies within an outline in [-1, 1], `[cell, cell]` in [0, 1]."""
    points = (np.arange(cell * SAMPLES) + 0.5) / (cell * SAMPLES) * 2.0 - 1.0
    within = inside(outline, *np.meshgrid(points, points))
    return within.reshape(cell, SAMPLES, cell, SAMPLES).mean((1, 3))


def _sprite(look: Look, cell: int, facing: int) -> np.ndarray:
    """A look as `[cell, cell, 4]` uint8 with its opacity last: filled, with a darker edge and maybe a pointer."""
    fill, outline = colour(look.colour), OUTLINES[look.shape]
    if look.shape == "wall":
        return np.concatenate([np.broadcast_to(fill, (cell, cell, 3)), np.full((cell, cell, 1), 255, np.uint8)], -1)
    edge = max(1.0, cell / 24.0) * 2.0 / cell
    whole, core = coverage(look.size * outline, cell), coverage(max(look.size - edge, 0.1) * outline, cell)
    rgb = _mixed(np.broadcast_to(darker(fill), (cell, cell, 3)), fill, core)
    if facing != NOWHERE:
        bright = np.array(PAPER if fill.mean() < 200 else INK, np.uint8)
        rgb = _mixed(rgb, bright, coverage(look.size * pointer(facing), cell))
    return np.concatenate([rgb, np.rint(255 * whole[..., None]).astype(np.uint8)], -1)


def _bar(level: int, cell: int) -> np.ndarray:
    """A bar at the foot of a cell that is filled to (level + 1) / LEVELS, `[cell, cell, 4]` uint8."""
    bar = np.zeros((cell, cell, 4), np.uint8)
    first, last, high = cell // 8, cell - cell // 8, max(cell // 10, 1)
    filled = first + max(round((last - first) * (level + 1) / LEVELS), 1)
    bar[-high - 1 : -1, first:last] = (*INK, 255)
    bar[-high - 1 : -1, first:filled] = (240, 228, 66, 255)
    return bar


def _mixed(under: np.ndarray, over: np.ndarray, share: np.ndarray) -> np.ndarray:
    return np.rint(under + (over.astype(float) - under) * share[..., None]).astype(np.uint8)


def _paper(cell: int) -> np.ndarray:
    """An empty cell with the grid's lines at its upper and left edge."""
    paper = np.full((cell, cell, 3), PAPER, np.uint8)
    paper[0], paper[:, 0] = LINE, LINE
    return paper
