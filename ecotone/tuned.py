"""Experiments by name: the tuned ones that come with Ecotone, and those of the folder `experiments` at hand."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ecotone.evaluation import evaluate
from ecotone.experiment import Experiment
from ecotone.runs import Run, experiment_in, read_file
from ecotone.runtime.events import Evaluated

HERE = Path("experiments")
PLACES = (HERE, Path(__file__).parent / "experiments", Path(__file__).parents[1] / "experiments")
"""The user's own folder, then that of an installed package and that of a checkout; what comes first hides what follows."""


@dataclass(frozen=True)
class Tuned:
    """What an experiment's file says.

    Attributes:
        experiment: what it trains, entitled by the file's name where it has no title of its own.
        reach: what a run of it must reach; none where the file says none.
        about: the first line of its docstring.
        goal: function of an evaluation, what its greedy episodes are judged by, `[episodes]`; none means their returns.
        measure: function of a run and a number of episodes, what is to reach `reach` where greedy episodes do not tell it,
            such as games won against others; none means the mean of the goal.
    """

    experiment: Experiment
    reach: float | None
    about: str
    goal: Callable[[Evaluated], Any] | None = None
    measure: Callable[[Run, int], float] | None = None

    def score(self, played: Evaluated) -> float:
        """The mean of the goal over an evaluation's episodes."""
        return float(np.mean(self.goal(played) if self.goal else played.returns))

    def result(self, run: Run, episodes: int) -> float:
        """What is to be compared with `reach`, over so many episodes of a run's trained policy."""
        return self.measure(run, episodes) if self.measure else self.score(evaluate(run, episodes))


def files() -> dict[str, Path]:
    """The file of every experiment by its name, such as `cartpole-ppo`."""
    found = {_name(file.stem): file for place in reversed(PLACES) for file in sorted(place.glob("*.py"))}
    return dict(sorted(found.items()))


def find(name: str) -> Path | None:
    """The file of the experiment of that name, with dashes or underscores; none where there is no such experiment."""
    return files().get(_name(name))


def read(file: Path) -> Tuned:
    """What a file says; raises `Mistake` where it defines no experiment."""
    said = read_file(file)
    experiment, about = experiment_in(file, said), (said.get("__doc__") or "").strip().partition("\n")[0]
    titled = replace(experiment, title=experiment.title or _name(file.stem))
    return Tuned(titled, said.get("reach"), about, said.get("goal"), said.get("measure"))


def _name(text: str) -> str:
    return text.replace("_", "-")
