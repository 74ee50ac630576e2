"""Searches: one experiment over ranges of settings, what a search leaves in its folder, and how it goes on."""

import csv
import dataclasses
import json
import math
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ecotone.experiment import Evaluation, Experiment
from ecotone.mistakes import Mistake
from ecotone.ops.schedules import Schedule
from ecotone.runs import FILE, Run, new_folder, read_experiment
from ecotone.sweeps import APART, changed, setting
from ecotone.written import from_json, to_json, writable

RECORD, STUDY, TABLE, BEST = "search.json", "study.journal", "trials.csv", "best.py"
POINTS = 10
"""Evaluations of a trial where the experiment asks for none."""


@writable
@dataclass(frozen=True)
class Between:
    """Any number from `low` to `high`, whole where both are; `log` draws its logarithm evenly, for what spans decades."""

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise Mistake(f"a range goes from a number to a larger one, not from {self.low:g} to {self.high:g}.")
        if self.log and self.low <= 0:
            raise Mistake(f"a logarithmic range begins above 0, not at {self.low:g}.")

    @property
    def whole(self) -> bool:
        """Whether its numbers are whole."""
        return isinstance(self.low, int) and isinstance(self.high, int)


@writable
@dataclass(frozen=True)
class Among:
    """One of some values, of any kind."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            raise Mistake(f"a choice is among two values or more, not {self.values}.")

    @property
    def names(self) -> tuple[str, ...]:
        """What the values are called where only texts may stand."""
        return tuple(str(value) for value in self.values)


Range = Between | Among


@dataclass(frozen=True)
class Search:
    """An experiment whose settings are to be chosen; the score of a trial is its last evaluation's mean greedy return.

    Raises `Mistake` for ranges that make no sense, and settings that are not there.
    """

    experiment: Experiment
    """What all trials have in common."""
    over: Mapping[str, Range]
    """Ranges of settings by dotted name, such as `algorithm.optimizer.learning_rate`; a number may stand for a schedule."""
    trials: int = 20
    """Trials in all, those that are cut short included."""

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise Mistake(f"trials is {self.trials}, but must be at least 1.")
        if not self.over:
            raise Mistake("search over what? Give a range: `--search algorithm.gamma=0.9:0.999`.")
        for path, range_ in self.over.items():
            _check(self.experiment, path, range_)
        if not self.experiment.evaluation.every:
            every = max(self.experiment.steps // POINTS, 1)
            evaluation = Evaluation(every, self.experiment.evaluation.episodes)
            object.__setattr__(self, "experiment", dataclasses.replace(self.experiment, evaluation=evaluation))

    def with_values(self, values: Mapping[str, Any]) -> Experiment:
        """The experiment with values of its settings."""
        experiment = self.experiment
        for path, value in values.items():
            experiment = changed(experiment, path, value)
        return experiment


def _check(experiment: Experiment, path: str, range_: Range) -> None:
    if path.partition(".")[0] in APART:
        raise Mistake(f"a search cannot go over '{path}', which is no setting.")
    now = setting(experiment, path)
    if isinstance(range_, Among):
        return
    if isinstance(now, bool) or not (now is None or isinstance(now, int | float | Schedule)):
        raise Mistake(f"'{path}' is {now!r}, which has no range from low to high: give values, `{path}=A,B`.")
    if type(now) is int and not range_.whole:
        raise Mistake(
            f"'{path}' is a whole number: give whole ends, `{path}={math.ceil(range_.low)}:{math.ceil(range_.high)}`."
        )


@dataclass(frozen=True)
class Trial:
    """What came of one choice of settings.

    Attributes:
        number: of the trial, which its folder is named after.
        values: of the settings.
        state: `done`; `pruned` where it fell behind; `failed` where its return was no number.
        score: mean greedy return of the last evaluation, none where there is none.
    """

    number: int
    values: Mapping[str, Any]
    state: Literal["done", "pruned", "failed"]
    score: float | None


def best(trials: Sequence[Trial]) -> Trial | None:
    """The trial of the highest score among those that went to their ends, none where there is none."""
    done = [trial for trial in trials if trial.state == "done" and trial.score is not None]
    return max(done, key=lambda trial: trial.score or -math.inf, default=None)


@dataclass(frozen=True)
class SearchFolder:
    """The folder of a search: `search.json`, the study's journal, a run for each trial, their table, and the best file."""

    folder: Path
    search: Search

    @classmethod
    def create(cls, search: Search, code: str) -> "SearchFolder":
        """A new folder; `code` is the text of a file that defines the experiment. Raises `Mistake`."""
        made = cls(new_folder(search.experiment), search)
        try:
            made.folder.mkdir(parents=True)
            (made.folder / FILE).write_text(code)
        except OSError as error:
            raise Mistake(f"the folder {made.folder} cannot be written: {error.strerror}. Choose another --out.") from error
        made.describe()
        return made

    @classmethod
    def open(cls, folder: Path) -> "SearchFolder":
        """The search in a folder; raises `Mistake` where there is none."""
        try:
            told = json.loads((folder / RECORD).read_text())
            base = read_experiment(folder / FILE)
            said = {name: from_json(value, getattr(base, name, None)) for name, value in told["experiment"].items()}
            over = {path: from_json(value) for path, value in told["over"].items()}
            return cls(folder, Search(Experiment(**said), over, told["trials"]))
        except (OSError, ValueError, KeyError) as error:
            raise Mistake(f"{folder} is not the folder of a search: it has no readable {RECORD}.") from error

    def describe(self) -> None:
        """Write `search.json`."""
        experiment = self.search.experiment
        told = {
            "experiment": {f.name: to_json(getattr(experiment, f.name)) for f in dataclasses.fields(experiment)},
            "over": {path: to_json(range_) for path, range_ in self.search.over.items()},
            "trials": self.search.trials,
            "command": sys.argv,
        }
        (self.folder / RECORD).write_text(json.dumps(told, indent=2))

    def run(self, number: int, values: Mapping[str, Any]) -> Run:
        """A fresh run for a trial, in place of one that was left half-way."""
        folder = self.folder / f"trial-{number:03d}"
        shutil.rmtree(folder, ignore_errors=True)
        return Run.create(self.search.with_values(values), self.folder / FILE, folder)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Write the table of all trials, and the file of the best one."""
        with (self.folder / TABLE).open("w", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(["trial", "state", "score", *self.search.over])
            lines.writerows([t.number, t.state, t.score, *map(t.values.get, self.search.over)] for t in trials)
        chosen = best(trials)
        if chosen is not None:
            code = (self.folder / FILE).read_text()
            base = read_experiment(self.folder / FILE)
            wanted = dataclasses.replace(self.search.with_values(chosen.values), evaluation=base.evaluation)
            why = f"What the best of {len(trials)} trials changes: trial {chosen.number}, greedy return {chosen.score:.6g}."
            (self.folder / BEST).write_text(amended(code, why, dict(differences(base, wanted))))


def differences(base: Any, wanted: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted names of the settings in which one experiment differs from another, with the other's values."""
    for field in dataclasses.fields(base):
        path, old, new = f"{prefix}{field.name}", getattr(base, field.name), getattr(wanted, field.name)
        if dataclasses.is_dataclass(old) and type(old) is type(new):
            yield from differences(old, new, f"{path}.")
        elif old != new and path not in ("out", "callbacks"):
            yield path, new


def amended(code: str, why: str, values: Mapping[str, Any]) -> str:
    """An experiment file's code with other values of some settings, set after all else that it defines."""
    classes = sorted({cls for value in values.values() for cls in _classes(value)}, key=lambda cls: cls.__name__)
    names = [f"from {cls.__module__} import {cls.__name__}" for cls in classes]
    quoted = lambda value: json.dumps(value) if isinstance(value, str) else repr(value)
    lines = [f"    {quoted(path)}: {quoted(value)}," for path, value in values.items()]
    block = [
        f"# {why}", *names, "from ecotone.sweeps import changed", "",
        "for setting, value in {", *lines, "}.items():", "    experiment = changed(experiment, setting, value)",
    ]  # fmt: skip
    before, main, after = code.partition("\nif __name__ ==")
    return "\n".join([before.rstrip(), "", *block, ""]) + (f"\n{main.lstrip()}{after}" if main else "")


def _classes(value: Any) -> Iterator[type]:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield type(value)
        for field in dataclasses.fields(value):
            yield from _classes(getattr(value, field.name))
    elif isinstance(value, tuple):
        for entry in value:
            yield from _classes(entry)
