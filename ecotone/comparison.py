"""Runs read back: which are repetitions of one another, and what each group scored."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ecotone.metrics import FILE, read_columns
from ecotone.statistics import bootstrap, iqm

Array = Any

NOT_TELLING = ("seed", "out", "title", "env")
"""Settings that do not tell groups apart: runs that differ in nothing else are repetitions."""

SCHEDULED = ("start", "end", "over")
"""Fields of a schedule, which say little without the setting's own name; that of a constant says nothing at all."""


class Told(NamedTuple):
    """What a run left: its settings by dotted name, and the columns of its `progress.csv`."""

    folder: Path
    title: str
    env: str
    settings: Mapping[str, str]
    columns: Mapping[str, Array]


class Group(NamedTuple):
    """Repetitions: runs that differ in nothing but their seed and, maybe, their environment."""

    label: str
    runs: Sequence[Told]

    def on(self, env: str) -> list[Told]:
        """Those on one environment."""
        return [run for run in self.runs if run.env == env]


class Score(NamedTuple):
    """What repetitions on one environment came to."""

    env: str
    label: str
    runs: int
    value: float
    """Interquartile mean of the return: of the last evaluations, or of the last tenth of training where there was none."""
    interval: tuple[float, float] | None
    """95% bootstrap interval of it: over runs, or over the episodes of a single run's evaluation."""
    evaluated: bool
    """Whether it is of evaluations."""
    steps: float
    seconds: float


def settings(tree: Any, prefix: str = "") -> dict[str, str]:
    """A configuration as dotted names and texts; functions go by their names, empty settings are left out."""
    told: dict[str, str] = {}
    for field in dataclasses.fields(tree):
        name, value = f"{prefix}{field.name}", getattr(tree, field.name)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            if field.type is not type(value):  # one of several that would fit
                told[name] = type(value).__name__
            told |= settings(value, f"{name}.")
        elif isinstance(value, dict) and any(map(dataclasses.is_dataclass, value.values())):
            for key, part in value.items():
                told |= settings(part, f"{name}.{key}.")
        elif callable(value):
            told[name] = getattr(value, "__qualname__", type(value).__name__)
        elif value not in ("", (), {}, None):
            told[name] = f"{value:g}" if isinstance(value, float) else re.sub(r" at 0x\w+", "", str(value))
    return told


def tell(folder: Path, experiment: Any) -> Told:
    """What a run left in `folder`; raises `FileNotFoundError` where it has no `progress.csv`."""
    told = settings(experiment)
    if experiment.groups:
        told["algorithm"] = " + ".join(dict.fromkeys(told[f"groups.{name}.algorithm"] for name in experiment.groups))
    title = experiment.title or f"{told.get('algorithm', '')} on {told['env']}"
    return Told(folder, title, told["env"], told, read_columns(folder / FILE))


def group(runs: Sequence[Told]) -> list[Group]:
    """Put repetitions together, in the order of their first run, each group named by what sets it apart from the others."""
    members: dict[Any, list[Told]] = {}
    for run in runs:
        own = tuple(item for item in run.settings.items() if item[0] not in NOT_TELLING)
        members.setdefault((run.settings.get("title", ""), own), []).append(run)
    groups = list(members.values())
    labels = _labels([each[0] for each in groups])
    return [Group(label, each) for label, each in zip(labels, groups, strict=True)]


def _labels(runs: Sequence[Told]) -> list[str]:
    if len(runs) == 1:
        return [runs[0].title]
    titles = [run.settings.get("title", "") for run in runs]
    algorithms = [run.settings.get("algorithm", "") for run in runs]
    for labels in (titles, algorithms):
        if len(set(labels)) == len(runs) and all(labels):
            return labels
    names = dict.fromkeys(name for run in runs for name in run.settings if name not in NOT_TELLING)
    varying = [name for name in names if len({run.settings.get(name) for run in runs}) > 1]
    labels = [", ".join(_say(name, run.settings.get(name, "none")) for name in varying[:3]) or run.title for run in runs]
    return [label if labels.count(label) == 1 else f"{label} ({i + 1})" for i, label in enumerate(labels)]


def _say(name: str, value: str) -> str:
    *_, before, last = ["", *name.split(".")]
    said = before if last == "value" else f"{before} {last}" if last in SCHEDULED else last
    return value if name == "algorithm" else f"{said.replace('_', ' ')} {value}"


def environments(groups: Sequence[Group]) -> list[str]:
    """Names of the environments that the groups ran on."""
    return list(dict.fromkeys(run.env for each in groups for run in each.runs))


def scores(groups: Sequence[Group]) -> list[Score]:
    """One score per environment and group."""
    on = [(env, each.label, each.on(env)) for env in environments(groups) for each in groups]
    return [score(env, label, runs) for env, label, runs in on if runs]


def score(env: str, label: str, runs: Sequence[Told]) -> Score:
    """What repetitions on one environment came to."""
    evaluated = all(math.isfinite(final(run, "evaluation_return_iqm")) for run in runs)
    values = np.array([final(run, "evaluation_return_iqm") if evaluated else trained(run) for run in runs])
    steps, seconds = (
        float(np.mean([np.max(run.columns[name], initial=0.0) for run in runs])) for name in ("steps", "seconds")
    )
    interval = None
    if len(runs) > 1:
        low, high = bootstrap([values])
        interval = (float(low), float(high))
    elif evaluated:
        interval = (final(runs[0], "evaluation_return_low"), final(runs[0], "evaluation_return_high"))
    return Score(env, label, len(runs), float(iqm(values)), interval, evaluated, steps, seconds)


def final(run: Told, column: str) -> float:
    """The last number in a column, NaN where there is none."""
    values = run.columns[column]
    values = values[np.isfinite(values)]
    return float(values[-1]) if len(values) else math.nan


def trained(run: Told) -> float:
    """Mean return of the last tenth of training, NaN where no episode ended."""
    values = run.columns["return_mean"]
    values = values[np.isfinite(values)]
    return float(values[-max(len(values) // 10, 1) :].mean()) if len(values) else math.nan
