"""Pictures of a grid per second: the rasteriser, and a scatter of matplotlib such as Abmarl renders by.

python benchmarks/raster.py [--seconds 2]
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ecotone.pictures.raster import Raster
from ecotone.recording import Frame, Look, Scene, team_looks

SIZES = ((8, 24, 32), (8, 24, 80), (16, 100, 40), (64, 1000, 10))
"""Rows (and columns), entities, and pixels of a cell's side."""


def per_second(draw: Callable[[int], object], seconds: float) -> float:
    """Calls of `draw` per second, after a first one."""
    draw(0)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        draw(count)
        count += 1
    return count / (time.perf_counter() - began)


def with_matplotlib(scene: Scene, places: np.ndarray, pixels: int) -> Callable[[int], object]:
    """Draws a frame as dots of four teams, with lines between cells, into pixels."""
    figure = Figure(figsize=(pixels / 100, pixels / 100), dpi=100)
    canvas, axes = FigureCanvasAgg(figure), figure.subplots()

    def draw(i: int) -> object:
        axes.clear()
        axes.set(xlim=(0, scene.columns), ylim=(0, scene.rows), xticks=range(scene.columns), yticks=range(scene.rows))
        axes.grid()
        for k, look in enumerate(scene.looks):
            row, column = places[i % len(places), k :: len(scene.looks)].T
            axes.scatter(column + 0.5, row + 0.5, c=look.colour, s=(36 * pixels / 100 / scene.rows) ** 2)
        canvas.draw()
        return canvas.buffer_rgba()

    return draw


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each is timed")
    seconds = parser.parse_args().seconds
    print(f"{'grid':>8} {'entities':>9} {'pixels':>7} {'rasteriser/s':>13} {'matplotlib/s':>13} {'ratio':>6}")
    for side, entities, cell in SIZES:
        looks = tuple(team_looks({f"team {i}": Look() for i in range(4)}).values())
        scene = Scene(side, side, tuple(map(str, range(entities))), looks)
        places = np.random.default_rng(0).integers(0, side, (64, entities, 2))
        frames = [Frame(place, np.arange(entities) % 4) for place in places]
        raster = Raster(scene, cell)
        ours = per_second(lambda i, raster=raster, frames=frames: raster(frames[i % 64]), seconds)
        theirs = per_second(with_matplotlib(scene, places, side * cell), seconds)
        speeds = f"{ours:>13,.0f} {theirs:>13,.1f} {ours / theirs:>6,.0f}"
        print(f"{side:>3} x {side:<3}{entities:>9} {side * cell:>7} {speeds}")


if __name__ == "__main__":
    main()
