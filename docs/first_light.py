"""Makes the picture at the top of the README: five seeds learn CartPole, and the first one's policy plays an episode."""

import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from ecotone import PPO, Evaluation, Experiment, load, train
from ecotone.envs.gymnasium import make
from ecotone.metrics import FILE, read_columns
from ecotone.runs import Run
from ecotone.statistics import bootstrap, iqm

SEEDS = 5
SHOWN = (20, 200, 480)
BLUE, GREY = "#2a6fbb", "#8a8f98"


def trained(out: str) -> list[Run]:
    """A run for each seed, evaluated greedily along the way."""
    asked = Experiment("CartPole-v1", PPO(), steps=100_000, evaluation=Evaluation(every=5_000, episodes=16), out=out)
    return [train(Experiment(**(vars(asked) | {"seed": seed}))) for seed in range(SEEDS)]


def curves(runs: list[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Steps `[points]` and greedy returns `[seeds, points]`."""
    columns = [read_columns(run.folder / FILE) for run in runs]
    kept = [~np.isnan(column["evaluation_return_mean"]) for column in columns]
    returns = [column["evaluation_return_mean"][keep] for column, keep in zip(columns, kept, strict=True)]
    points = min(map(len, returns))
    return columns[0]["steps"][kept[0]][:points], np.array([values[:points] for values in returns])


def frames(run: Run, at: tuple[int, ...]) -> list[np.ndarray]:
    """Pictures of a greedy episode after the given numbers of decisions."""
    env, policy = make("CartPole-v1", render_mode="rgb_array"), load(run)
    observation, _ = env.reset(seed=7)
    pictures = []
    for step in range(max(at) + 1):
        if step in at:
            pictures.append(np.asarray(env.render()))
        action, _ = policy(observation[None])
        observation, *_ = env.step(action[0])
    env.close()
    return pictures


def draw(steps: np.ndarray, returns: np.ndarray, pictures: list[np.ndarray], path: Path) -> None:
    """The figure."""
    plt.rcParams.update({"font.size": 12, "axes.spines.top": False, "axes.spines.right": False})
    figure = plt.figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(1.5, 1))
    axes = left.subplots()
    bounds = np.array([bootstrap([returns[:, i]]) for i in range(len(steps))])
    thousands = steps / 1000
    axes.plot(thousands, returns.T, color=GREY, alpha=0.35, linewidth=1)
    axes.fill_between(thousands, bounds[:, 0], bounds[:, 1], color=BLUE, alpha=0.2, linewidth=0)
    axes.plot(thousands, [iqm(returns[:, i]) for i in range(len(steps))], color=BLUE, linewidth=2.5)
    axes.set(xlabel="environment steps (thousands)", ylabel="greedy return", ylim=(0, 515), xlim=(0, 102))
    axes.set_title("PPO on CartPole-v1: five seeds, interquartile mean, 95 % interval", fontsize=12, loc="left")
    for cell, picture, step in zip(right.subplots(len(pictures), 1), pictures, SHOWN, strict=True):
        cell.imshow(picture[150:330])
        cell.set_title(f"after {step} decisions", fontsize=11, loc="left")
        cell.set_axis_off()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as out:
        runs = trained(out)
        draw(*curves(runs), frames(runs[0], SHOWN), Path(sys.argv[0]).parent / "first-light.png")
