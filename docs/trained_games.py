"""Draws stills of a run's greedy episode on its grid: python docs/trained_games.py RUN PICTURE.png STEP STEP ..."""

import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ecotone import load, play
from ecotone.pictures.figures import paint
from ecotone.pictures.maps import first_frame
from ecotone.runs import Run


def draw(run: Run, path: Path, steps: list[int], seed: int = 1) -> None:
    """The first episode at these steps, side by side."""
    recording = play(run, 1, seed)
    assert recording.scene is not None
    scene, last = recording.scene, recording.episodes[0].rows - 1
    figure = Figure(figsize=(3.2 * len(steps), 3.2 * scene.rows / scene.columns + 0.5), layout="constrained")
    for axes, step in zip(np.ravel(figure.subplots(1, len(steps))), steps, strict=True):
        paint(axes, first_frame(recording, 0, min(step, last)), scene)
        axes.set_title(f"step {min(step, last)} of {last}", fontsize=10)
    figure.savefig(path, dpi=80)


if __name__ == "__main__":
    folder, picture, *steps = sys.argv[1:]
    run = Run.open(folder)
    print(f"{run.experiment.name}, {load(run).steps:,} steps")
    draw(run, Path(picture), [int(step) for step in steps])
