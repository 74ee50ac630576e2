"""What a run tells, kept: `progress.csv` and TensorBoard events."""

import csv
import math
import os
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ecotone.runtime.events import EpisodeEnded, Evaluated, Event, Updated
from ecotone.statistics import bootstrap, iqm

Row = dict[str, float]

COLUMNS = (
    "steps",
    "seconds",
    "steps_per_second",
    "episodes",
    "return_mean",
    "length_mean",
    "evaluation_return_mean",
    "evaluation_return_iqm",
    "evaluation_return_low",
    "evaluation_return_high",
    "evaluation_length_mean",
)
"""Columns of every `progress.csv`; what the algorithm reports of its learning follows them."""
FILE = "progress.csv"
MOST_AGENTS = 16
"""Agents up to which each has a column of its own."""


class Progress:
    """`progress.csv` of a run: one row per column name to value, cells empty where a row has nothing to say.

    Arguments:
        folder: the run's.
        begin: environment steps that a resumed run goes on from; rows beyond them are dropped.
    """

    def __init__(self, folder: Path, begin: int = 0) -> None:
        self.path = folder / FILE
        self.columns = list(COLUMNS)
        rows = [row for row in read_rows(self.path) if row["steps"] <= begin] if self.path.exists() else []
        self.seconds = rows[-1]["seconds"] if rows else 0.0
        self._note_columns(rows)
        self._rewrite(rows)

    def write(self, row: Row) -> None:
        """Append a row; a name not seen before becomes a column."""
        if self._note_columns([row]):
            self._file.close()
            self._rewrite(read_rows(self.path))
        self._append(row)
        self._file.flush()

    def close(self) -> None:
        """No more rows will come."""
        self._file.close()

    def _note_columns(self, rows: list[Row]) -> bool:
        new = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in self.columns]
        self.columns += new
        return bool(new)

    def _append(self, row: Row) -> None:
        self._writer.writerow([_cell(row[name]) if name in row else "" for name in self.columns])

    def _rewrite(self, rows: list[Row]) -> None:
        beside = self.path.with_suffix(".csv.part")
        self._file = beside.open("w", newline="")
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(self.columns)
        for row in rows:
            self._append(row)
        self._file.flush()
        os.replace(beside, self.path)


def _cell(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def read_rows(path: Path) -> list[Row]:
    """Rows of a `progress.csv`, each with the cells it has; a last line cut short by a crash is left out."""
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    if not lines:
        return []
    names = lines[0]
    return [
        {name: float(cell) for name, cell in zip(names, line, strict=True) if cell}
        for line in lines[1:]
        if len(line) == len(names)
    ]


def read_columns(path: Path) -> dict[str, np.ndarray]:
    """Columns of a `progress.csv` by name, `[rows]`, NaN where a cell is empty."""
    rows = read_rows(path)
    names = dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)])
    return {name: np.array([row.get(name, math.nan) for row in rows]) for name in names}


class Recorder:
    """Writes what events tell into a run's folder.

    Losses are read one update late, when they are ready, so that writing them never waits for the learner.

    Arguments:
        folder: the run's.
        steps: environment steps of the whole run; there are about two hundred rows in it.
        begin: environment steps that a resumed run goes on from.
    """

    def __init__(self, folder: Path, steps: int, begin: int = 0) -> None:
        self._folder = folder
        self._progress = Progress(folder, begin)
        self._board = _Board(folder)
        self._every = max((steps - begin) // 200, 1)
        self._steps = self._row_steps = begin
        self._started = self._row_time = time.monotonic()
        self._before = self._progress.seconds
        self._episodes = 0
        self._ended: list[EpisodeEnded] = []
        self._updated: Updated | None = None

    def __call__(self, event: Event) -> None:
        """Take note of an event; write a row when one is due."""
        if isinstance(event, EpisodeEnded):
            self._ended.append(event)
            self._episodes += 1
        elif isinstance(event, Updated):
            self._steps = event.steps
            if self._steps - self._row_steps >= self._every or time.monotonic() - self._row_time > 10.0:
                self._write(self._row())
            self._updated = event
        elif isinstance(event, Evaluated):
            self._steps = event.steps
            self._write(self._heading() | evaluation_row(event))

    def close(self) -> None:
        """Write what is left, unless the folder is gone; no more events will come."""
        if self._folder.exists() and (self._ended or self._updated is not None):
            self._write(self._row())
        self._progress.close()
        self._board.close()

    def _heading(self) -> Row:
        return {"steps": self._steps, "seconds": self._seconds(), "episodes": self._episodes}

    def _seconds(self) -> float:
        return round(self._before + time.monotonic() - self._started, 3)

    def _row(self) -> Row:
        now = time.monotonic()
        row = self._heading()
        if self._steps > self._row_steps:
            row["steps_per_second"] = (self._steps - self._row_steps) / max(now - self._row_time, 1e-9)
        if self._ended:
            row["return_mean"] = float(np.mean([ended.episode_return for ended in self._ended]))
            row["length_mean"] = float(np.mean([ended.length for ended in self._ended]))
            row |= shares(self._ended)
        if self._updated is not None and self._updated.updates > 0:
            row |= self._updated.metrics
        self._ended, self._updated = [], None
        self._row_steps, self._row_time = self._steps, now
        return row

    def _write(self, row: Row) -> None:
        self._progress.write(row)
        self._board.write(row)


def shares(ended: Sequence[EpisodeEnded]) -> Row:
    """Mean returns over episodes of many agents: of each group's agents, and of each agent where there are not too many."""
    row: Row = {}
    if ended[0].agents is None or ended[0].groups is None:
        return row
    mean = lambda of, name: float(np.mean([getattr(each, of)[name] for each in ended]))
    row |= {f"return_mean/{name}": mean("groups", name) for name in ended[0].groups}
    if len(ended[0].agents) <= MOST_AGENTS:
        row |= {f"agent_return_mean/{name}": mean("agents", name) for name in ended[0].agents}
    return row


def evaluation_row(event: Evaluated) -> Row:
    """Columns of an evaluation; low and high bound the interquartile mean with 95% confidence."""
    low, high = bootstrap([np.asarray(event.returns)])
    shared = {f"evaluation_return_mean/{name}": float(np.mean(got)) for name, got in (event.groups or {}).items()}
    return shared | {
        "evaluation_return_mean": float(np.mean(event.returns)),
        "evaluation_return_iqm": float(iqm(event.returns)),
        "evaluation_return_low": float(low),
        "evaluation_return_high": float(high),
        "evaluation_length_mean": float(np.mean(event.lengths)),
    }


class _Board:
    """TensorBoard events, in groups `training`, `evaluation` and `learning`."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        self._writer: Any = SummaryWriter(logdir=str(folder))

    def write(self, row: Row) -> None:
        for name, value in row.items():
            if name != "steps":
                self._writer.add_scalar(board_tag(name), value, int(row["steps"]))

    def close(self) -> None:
        self._writer.close()


def board_tag(column: str) -> str:
    """The name in TensorBoard of a column of `progress.csv`."""
    if column.startswith("evaluation_"):
        return column.replace("_", "/", 1)
    return f"{'training' if is_of_episodes(column) else 'learning'}/{column}"


def is_of_episodes(column: str) -> bool:
    """Whether a column of `progress.csv` tells of time and episodes, be it of single agents or groups, not of learning."""
    return column in COLUMNS or column.partition("/")[0] in (*COLUMNS, "agent_return_mean")


class Tally:
    """Where a run stands: steps, rate, and the mean of the most recent whole episodes.

    Arguments:
        steps: environment steps of the whole run.
        begin: environment steps that a resumed run goes on from.
        recent: episodes that the means are over.
    """

    def __init__(self, steps: int, begin: int = 0, recent: int = 50) -> None:
        self.total, self.begin, self.steps = steps, begin, begin
        self.returns: deque[float] = deque(maxlen=recent)
        self.lengths: deque[int] = deque(maxlen=recent)
        self.evaluated: Evaluated | None = None
        self._started = time.monotonic()
        self._marks: deque[tuple[float, int]] = deque([(self._started, begin)])

    def __call__(self, event: Event, steps: int | None = None) -> None:
        """Take note of an event, which is at `steps` where it tells of one run among several."""
        if isinstance(event, EpisodeEnded):
            self.returns.append(event.episode_return)
            self.lengths.append(event.length)
        elif isinstance(event, Evaluated):
            self.evaluated = event
        self.steps = max(self.steps, event.steps if steps is None else steps)

    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started

    def rate(self) -> float | None:
        """Environment steps per second over about the last ten seconds; none before the first step."""
        now = time.monotonic()
        if self.steps > self._marks[-1][1]:
            self._marks.append((now, self.steps))
        while len(self._marks) > 2 and now - self._marks[1][0] > 10.0:
            self._marks.popleft()
        then, steps = self._marks[0]
        return (self.steps - steps) / max(now - then, 1e-9) if self.steps > steps else None

    def overall_rate(self) -> float | None:
        """Environment steps per second since the beginning; none before the first step."""
        return (self.steps - self.begin) / max(self.seconds(), 1e-9) if self.steps > self.begin else None

    def left(self) -> float | None:
        """Seconds to go at the present rate; none before the first step."""
        rate = self.rate()
        return max(self.total - self.steps, 0) / rate if rate else None
