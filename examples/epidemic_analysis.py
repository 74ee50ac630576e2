"""What the vaccinators are worth: `ecotone analyze RUN --script examples/epidemic_analysis.py`."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from ecotone import Random, play, train
from ecotone.pictures.figures import Map, draw_maps
from ecotone.pictures.maps import meetings, occupancy

STATUSES = ("susceptible", "infected", "recovered", "vaccinated")
EPISODES = 64


def counts(recording):
    """People of each status at each step, `[episodes, steps, statuses]`; the last step of an episode goes on."""
    labels = [look.label for look in recording.scene.looks]
    steps = max(episode.rows for episode in recording.episodes)
    told = []
    for episode in recording.episodes:
        look = np.pad(episode.frames.look, ((0, steps - episode.rows), (0, 0)), mode="edge")
        told.append(np.stack([(look == labels.index(status)).sum(1) for status in STATUSES], -1))
    return np.array(told)


def draw(by_name, path):
    """Curves of infected people, and of those who were spared."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    for axes, status in zip(figure.subplots(1, 3), ("infected", "recovered", "vaccinated"), strict=True):
        for colour, (name, told) in zip(("#0072B2", "#7A7A7A"), by_name.items(), strict=True):
            curves = told[:, :, STATUSES.index(status)]
            axes.plot(curves.mean(0), color=colour, linewidth=2.2, label=name)
            axes.fill_between(range(curves.shape[1]), *np.percentile(curves, [10, 90], axis=0), color=colour, alpha=0.15)
        axes.set(title=status, xlabel="step", ylabel="people", ylim=(0, None))
        axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=160)


def analyze(run):
    """Compare the run's policy with vaccinators who walk at random, and map where it goes."""
    idle = train(replace(run.experiment, algorithm=Random(), title="epidemic at random", steps=1))
    recordings = {"trained": play(run, EPISODES), "at random": play(idle, EPISODES)}
    by_name = {name: counts(recording) for name, recording in recordings.items()}
    for name, told in by_name.items():
        ever = told[:, -1, 1:3].sum(-1)
        error = ever.std() / np.sqrt(len(ever))
        print(f"{name}: {ever.mean():.1f} ± {error:.1f} of {told[0, 0].sum()} people were infected")
    draw(by_name, run.folder / "epidemic.png")
    trained = recordings["trained"]
    maps = [
        Map("Where vaccinators are", occupancy(trained, "vaccinator"), "vaccinators per step"),
        Map("Where people are infected", occupancy(trained, "infected"), "people per step"),
        Map("Where they meet", meetings(trained, "vaccinator", "infected", distance=2), "pairs per step"),
    ]
    draw_maps(maps, run.folder / "epidemic-maps.png")
