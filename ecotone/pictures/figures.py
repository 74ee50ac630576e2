"""Frames and maps as figures, drawn by matplotlib."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.path import Path as Outline

from ecotone.curves import STYLE
from ecotone.pictures.outlines import OUTLINES, pointer
from ecotone.recording import COLOURS, NOWHERE, Frame, Look, Scene

Axes = Any


class Map(NamedTuple):
    """Numbers by cell to be drawn.

    Attributes:
        title: above it.
        values: `[rows, columns]`, or a field of moves `[rows, columns, 2]` (down, right), NaN where there is nothing.
        unit: what the numbers count; of no interest to moves.
        over: a scene and a frame of it to draw over the numbers, such as its walls, or none.
    """

    title: str
    values: np.ndarray
    unit: str = ""
    over: tuple[Scene, Frame] | None = None


def draw_frame(frame: Frame, scene: Scene, path: Path | str, title: str = "", legend: bool = True) -> None:
    """Draw one frame into a file of any kind that matplotlib writes, such as .png, .svg or .pdf."""
    with rc_context(STYLE):
        figure, axes = _sheet(1, scene.rows, scene.columns)
        paint(axes[0], frame, scene)
        axes[0].set_title(title)
        if legend:
            shown = [scene.looks[i] for i in np.unique(np.asarray(frame.look)) if i != NOWHERE]
            figure.legend(handles=[_handle(look) for look in shown], loc="outside lower center", ncols=min(len(shown), 3))
        figure.savefig(path)


def draw_maps(maps: Sequence[Map], path: Path | str, columns: int = 3) -> None:
    """Draw maps side by side into a file."""
    rows, across = maps[0].values.shape[:2]
    with rc_context(STYLE):
        figure, axes = _sheet(len(maps), rows, across, columns)
        for each, one in zip(axes, maps, strict=True):
            (_arrows if one.values.ndim == 3 else _heat)(figure, each, one)
            each.set_title(one.title)
            if one.over is not None:
                _entities(each, *one.over)
        figure.savefig(path)


def paint(axes: Axes, frame: Frame, scene: Scene) -> None:
    """Draw one frame on axes of matplotlib, for figures of one's own."""
    lay_out(axes, scene.rows, scene.columns)
    _entities(axes, scene, frame)


def lay_out(axes: Axes, rows: int, columns: int) -> None:
    """Make axes a grid: a unit per cell, rows downwards, lines between cells."""
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    axes.set_xticks(np.arange(columns + 1) - 0.5, [])
    axes.set_yticks(np.arange(rows + 1) - 0.5, [])
    axes.tick_params(length=0)
    axes.grid(visible=max(rows, columns) <= 60, linewidth=0.6)
    for side in axes.spines.values():
        side.set(visible=True, color="#C4C8CE")


def _handle(look: Look) -> Line2D:
    """A line of the legend."""
    upwards = OUTLINES[look.shape] * [1.0, -1.0]
    marker = Outline(np.concatenate([upwards, upwards[:1]]), closed=True)
    style = {"markeredgecolor": "#333333", "markeredgewidth": 0.6, "markersize": 10}
    return Line2D([], [], linestyle="none", marker=marker, color=look.colour, label=look.label, **style)


def _entities(axes: Axes, scene: Scene, frame: Frame) -> None:
    place, look = np.asarray(frame.place), np.asarray(frame.look)
    for i in sorted(np.flatnonzero(look != NOWHERE), key=lambda i: -scene.looks[look[i]].size):
        _entity(axes, scene.looks[look[i]], place[i], int(frame.facing[i]) if len(frame.facing) else NOWHERE)


def _entity(axes: Axes, look: Look, place: np.ndarray, facing: int) -> None:
    size = 0.5 if look.shape == "wall" else 0.5 * look.size
    at = place[::-1]
    edge: dict[str, Any] = (
        {"linewidth": 0, "zorder": 2} if look.shape == "wall" else {"edgecolor": "#333333", "linewidth": 0.7, "zorder": 4}
    )
    axes.add_patch(Polygon(at + size * OUTLINES[look.shape], facecolor=look.colour, **edge))
    if facing != NOWHERE:
        axes.add_patch(Polygon(at + size * pointer(facing), facecolor="white", linewidth=0, zorder=5))


def _sheet(count: int, rows: int, columns: int, across: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with axes for `count` grids of that shape, in lines of `across`."""
    across = min(across, count)
    down = -(-count // across)
    wide = 4.6 * min(1.0, columns / rows) + 0.9
    high = 4.6 * min(1.0, rows / columns) + 0.7
    figure = Figure(figsize=(max(wide, 2.6) * across, max(high, 1.8) * down), layout="constrained")
    axes = list(figure.subplots(down, across, squeeze=False).ravel())
    for each in axes[count:]:
        each.remove()
    return figure, axes[:count]


def _heat(figure: Figure, axes: Axes, one: Map) -> None:
    rows, columns = one.values.shape
    lay_out(axes, rows, columns)
    axes.grid(visible=False)
    top = float(np.nanmax(one.values, initial=0.0)) or 1.0
    image = axes.imshow(one.values, cmap="Blues", vmin=0.0, vmax=top)
    bar = figure.colorbar(image, ax=axes, shrink=0.85, aspect=24, pad=0.02)
    bar.set_label(one.unit)
    bar.outline.set_visible(False)  # type: ignore[operator]


def _arrows(figure: Figure, axes: Axes, one: Map) -> None:
    rows, columns = one.values.shape[:2]
    lay_out(axes, rows, columns)
    row, column = np.nonzero(np.isfinite(one.values[..., 0]))
    down, right = np.moveaxis(one.values[row, column], -1, 0)
    length = np.hypot(down, right)
    moves = length > 1e-6
    size = 0.7 / np.where(moves, length, 1.0)
    shape = {"width": 0.1, "headwidth": 4.0, "headlength": 4.0, "headaxislength": 3.6, "pivot": "mid"}
    scale = {"angles": "xy", "units": "xy", "scale_units": "xy", "scale": 1.0}
    ahead = (column[moves], row[moves], (size * right)[moves], (size * down)[moves])
    axes.quiver(*ahead, color=COLOURS[0], zorder=3, **shape, **scale)
    axes.scatter(column[~moves], row[~moves], s=22, color=COLOURS[7], zorder=3)
