"""Curves of runs, drawn by matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from ecotone.recording import COLOURS
from ecotone.statistics import bootstrap, iqm

Array = Any

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": "#444444",
    "axes.edgecolor": "#999999",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "legend.frameon": False,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "figure.dpi": 160,
}


class Line(NamedTuple):
    """One series: `x` and `y` `[N]`, and between `low` and `high` what is plausible."""

    x: Array
    y: Array
    low: Array | None = None
    high: Array | None = None
    label: str = ""
    colour: str = COLOURS[0]
    faint: bool = False
    marker: bool = False


class Panel(NamedTuple):
    """One pair of axes."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    from_zero: bool = False
    legend: bool = True


def smooth(values: Array, window: int) -> Array:
    """Centred running mean of `[N]` values over up to `window` of them; shorter at both ends."""
    values = np.asarray(values, np.float64)
    half = min(window, len(values)) // 2
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    first, last = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return (total[last] - total[first]) / (last - first)


def present(columns: Mapping[str, Array], x: str, y: str) -> tuple[Array, Array]:
    """The points where both columns have something to say."""
    there = np.isfinite(columns[x]) & np.isfinite(columns[y])
    return columns[x][there], columns[y][there]


def together(series: Sequence[tuple[Array, Array]], points: int = 100) -> tuple[Array, Array]:
    """Series `(x, y)` brought to one grid over the stretch that all cover: `(x [points], y [points, series])`."""
    first, last = max(x[0] for x, _ in series), min(x[-1] for x, _ in series)
    if all(len(x) == len(series[0][0]) and np.array_equal(x, series[0][0]) for x, _ in series):
        return series[0][0], np.stack([y for _, y in series], -1)
    grid = np.linspace(first, max(first, last), points)
    return grid, np.stack([np.interp(grid, x, y) for x, y in series], -1)


def band(series: Sequence[tuple[Array, Array]], label: str, colour: str) -> Line:
    """Interquartile mean over runs, with its 95% bootstrap interval where there are two or more."""
    x, y = together(series)
    if len(series) == 1:
        return Line(x, y[:, 0], label=label, colour=colour)
    low, high = bootstrap([y], resamples=1000)
    return Line(x, iqm(y), low, high, label, colour)


def thousands(value: float, _: Any = None) -> str:
    """Tick labels: 25000 as 25k, 1500000 as 1.5M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (10 if letter == "k" else 1):
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def draw(panels: Sequence[Panel], path: Path, columns: int = 2, size: tuple[float, float] = (7.0, 4.0)) -> None:
    """Draw panels in rows of `columns` into a PNG file; `size` is a panel's in inches."""
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(size[0] * columns, size[1] * rows), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr]
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            _draw_panel(axes, panel)
        for axes in grid[len(panels) :]:
            axes.remove()
        figure.savefig(path)


def _draw_panel(axes: Any, panel: Panel) -> None:
    for line in panel.lines:
        if line.low is not None and line.high is not None:
            axes.fill_between(line.x, line.low, line.high, color=line.colour, alpha=0.18, linewidth=0)
        style: dict[str, Any] = {"alpha": 0.3, "linewidth": 1.0} if line.faint else {}
        if line.marker or len(line.x) == 1:
            style |= {"marker": "o", "markersize": 5, "markeredgecolor": "white", "markeredgewidth": 0.8}
        axes.plot(line.x, line.y, color=line.colour, label=line.label or None, **style)
    axes.set(title=panel.title, xlabel=panel.x_label, ylabel=panel.y_label)
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    axes.yaxis.set_major_formatter(FuncFormatter(thousands))
    axes.margins(x=0.02)
    if panel.from_zero:
        axes.set_ylim(bottom=0.0)
    if panel.legend and len({line.label for line in panel.lines if line.label}) > 1:
        axes.legend(fontsize=11, handlelength=1.4)
