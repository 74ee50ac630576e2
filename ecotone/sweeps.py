"""Sweeps: one experiment over seeds and settings, and the folder that its runs lie in."""

import dataclasses
import itertools
import json
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ecotone.comparison import settings
from ecotone.experiment import Experiment
from ecotone.frozen import put
from ecotone.mistakes import Mistake, nearest
from ecotone.ops.schedules import Constant, Schedule
from ecotone.runs import RECORD, Run, new_folder

FILE = "sweep.json"
LONGEST_NAME = 80
APART = ("seed", "out", "title", "callbacks")
"""Fields of an experiment that a sweep cannot go over: seeds have a field of their own, the others name no setting."""


@dataclass(frozen=True)
class Sweep:
    """An experiment with every combination of some settings, each with several seeds.

    >>> from ecotone import PPO
    >>> sweep = Sweep(Experiment("CartPole-v1", PPO()), seeds=2, over={"algorithm.gamma": (0.9, 0.99)})
    >>> list(sweep.members())
    ['0-gamma-0.9-seed-0', '1-gamma-0.9-seed-1', '2-gamma-0.99-seed-0', '3-gamma-0.99-seed-1']
    """

    experiment: Experiment
    """What all members have in common; its seed is the first one."""
    seeds: int = 1
    """Repetitions of each configuration; they differ in their seed alone."""
    over: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Values of settings by dotted name, such as `algorithm.optimizer.learning_rate`; a number may stand for a schedule."""
    together: int | None = None
    """Runs in one program (compiled runtime); none means one on CPU, where more are not faster, and all on accelerators."""

    def __post_init__(self) -> None:
        for name in ("seeds", "together"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise Mistake(f"{name} is {value}, but must be at least 1.")
        for path, values in self.over.items():
            if path.partition(".")[0] in APART:
                raise Mistake(f"a sweep cannot go over '{path}'; repetitions are asked for by `seeds`.")
            if isinstance(values, str) or not isinstance(values, Sequence) or not values:
                raise Mistake(f"the values of '{path}' stand in a tuple with at least one in it, not {values!r}.")

    def members(self) -> dict[str, Experiment]:
        """The experiment of each member by its name, which is also its folder's; seeds vary fastest.

        Raises `Mistake` for a setting that is not there, or a value that it cannot have.
        """
        chosen = [dict(zip(self.over, values, strict=True)) for values in itertools.product(*self.over.values())]
        seeds = range(self.experiment.seed, self.experiment.seed + self.seeds)
        made: dict[str, Experiment] = {}
        width = len(str(len(chosen) * self.seeds - 1))
        for values, seed in itertools.product(chosen, seeds):
            experiment = dataclasses.replace(self.experiment, seed=seed)
            for path, value in values.items():
                experiment = changed(experiment, path, value)
            made[_name(f"{len(made):0{width}d}", values, seed)] = experiment
        return made


def setting(experiment: Experiment, path: str) -> Any:
    """The setting at a dotted path; raises `Mistake` where there is none."""
    try:
        return _at(experiment, path.replace("-", "_").split("."))
    except (AttributeError, KeyError) as error:
        raise _missing(experiment, path) from error


def changed(experiment: Experiment, path: str, value: Any) -> Experiment:
    """The experiment with another value of the setting at a dotted path; raises `Mistake` where there is none."""
    names = path.replace("-", "_").split(".")
    try:
        if isinstance(value, int | float) and isinstance(_at(experiment, names), Schedule):
            value = Constant(float(value))
        return put(experiment, names, value)
    except (AttributeError, KeyError) as error:
        raise _missing(experiment, path) from error


def _missing(experiment: Experiment, path: str) -> Mistake:
    return Mistake(f"there is no setting '{path}'.{nearest(path, settings(experiment))}")


def _at(tree: Any, names: Sequence[str]) -> Any:
    for name in names:
        tree = tree[name] if isinstance(tree, dict) else getattr(tree, name)
    return tree


def _name(number: str, values: Mapping[str, Any], seed: int) -> str:
    said = [f"{path.rpartition('.')[2]}-{_short(value)}" for path, value in values.items()]
    return re.sub(r"[^\w.]+", "-", "-".join([number, *said])[:LONGEST_NAME]) + f"-seed-{seed}"


def _short(value: Any) -> str:
    if isinstance(value, Constant):
        return f"{value.value:g}"
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class SweepFolder:
    """The folder of a sweep: `sweep.json`, and a run's folder for each member."""

    folder: Path
    together: int | None

    @classmethod
    def create(cls, sweep: Sweep, source: Path | None = None) -> "SweepFolder":
        """A new folder with that of every member in it; `source` is the experiment's file. Raises `Mistake`."""
        members = sweep.members()
        made = cls(new_folder(sweep.experiment), sweep.together)
        for name, experiment in members.items():
            Run.create(experiment, source, made.folder / name)
        told = {"together": sweep.together, "members": list(members), "command": sys.argv}
        (made.folder / FILE).write_text(json.dumps(told, indent=2))
        return made

    @classmethod
    def open(cls, folder: Path) -> "SweepFolder":
        """The sweep in a folder; raises `Mistake` where there is none."""
        try:
            return cls(folder, json.loads((folder / FILE).read_text())["together"])
        except (OSError, ValueError, KeyError) as error:
            raise Mistake(f"{folder} is not the folder of a sweep: it has no readable {FILE}.") from error

    def runs(self) -> list[Run]:
        """The members' runs, in their order."""
        return [Run.open(record.parent) for record in sorted(self.folder.glob(f"*/{RECORD}"))]

    def remove(self) -> None:
        """Delete the folder, and those above it that it leaves empty."""
        out = [Path(run.experiment.out) for run in self.runs()][:1]
        shutil.rmtree(self.folder, ignore_errors=True)
        for above in (self.folder.parent, *out):
            if above.is_dir() and not any(above.iterdir()):
                above.rmdir()
