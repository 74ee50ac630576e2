"""Training seen from a terminal: one live line; from anywhere else: plain lines now and then."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ecotone.metrics import Tally
from ecotone.runtime.events import Evaluated, Event

EMPTY = "–"


def number(value: float | None) -> str:
    """A score or a length as people read it: four digits or so, a dash for none."""
    if value is None:
        return EMPTY
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def mean(values: Sequence[float]) -> float | None:
    """Their mean, none where there are none."""
    return sum(values) / len(values) if values else None


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds, a dash for none."""
    if seconds is None:
        return EMPTY
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def parts(tally: Tally, over: bool = False) -> list[tuple[str, str]]:
    """Pairs of label and value; `over` says that training has ended."""
    rate = tally.overall_rate() if over else tally.rate()
    length = mean(tally.lengths)
    told = [
        ("steps", f"{tally.steps:,}"),
        ("steps/s", EMPTY if rate is None else f"{rate:,.0f}"),
        ("return", number(mean(tally.returns))),
        ("length", EMPTY if length is None else f"{length:,.0f}"),
    ]
    if tally.evaluated is not None:
        told.append(("evaluated", number(mean(tally.evaluated.returns))))
    return [*told, ("took", duration(tally.seconds())) if over else ("left", duration(tally.left()))]


def fitting(told: list[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """As many of the parts as fit into `width` characters, without those that are missed least."""
    kept = list(told)
    for label in ("length", "evaluated", "steps/s", "left", "took"):
        if sum(len(name) + len(value) + 3 for name, value in kept) > width:
            kept = [part for part in kept if part[0] != label]
    return kept


class Total:
    """Environment steps of several runs as those of one.

    Arguments:
        runs: where each run begins and ends, by its folder.
    """

    def __init__(self, runs: Mapping[Path, tuple[int, int]]) -> None:
        self._at = {folder: begin for folder, (begin, _) in runs.items()}
        self.begin = self.now = sum(self._at.values())
        self.steps = sum(end for _, end in runs.values())

    def __call__(self, folder: Path, event: Event) -> int:
        """Steps of all runs after an event of one."""
        self.now += event.steps - self._at[folder]
        self._at[folder] = event.steps
        return self.now


class PlainLines:
    """A line every few seconds and for each evaluation.

    Arguments:
        tally: where the run stands; it must be told of an event before this is.
        stream: where lines go.
        every: seconds between lines.
        evaluations: whether each of them gets a line.
    """

    def __init__(self, tally: Tally, stream: TextIO, every: float = 5.0, evaluations: bool = True) -> None:
        self.tally, self.stream, self.every, self.evaluations = tally, stream, every, evaluations
        self._due = time.monotonic() + every

    def __call__(self, event: Event) -> None:
        """Print what is due."""
        if isinstance(event, Evaluated) and self.evaluations:
            score = number(mean(event.returns))
            self._print(f"evaluated at {event.steps:,} steps: return {score}, mean of {len(event.returns)} episodes")
        elif time.monotonic() >= self._due:
            self._print(self._line())
            self._due = time.monotonic() + self.every

    def close(self) -> None:
        """Print where training ended."""
        self._print(self._line(over=True))

    def _line(self, over: bool = False) -> str:
        (_, steps), *others = parts(self.tally, over)
        told = ", ".join(f"{label} {value}" for label, value in others if label != "evaluated")
        return f"{steps} of {self.tally.total:,} steps: {told}"

    def _print(self, line: str) -> None:
        print(line, file=self.stream, flush=True)


class LiveLine:
    """One line with a bar that stays in place, drawn four times a second in a thread of its own.

    Arguments:
        tally: where the run stands; it must be told of events.
        title: what begins the line.
        console: rich's, standard output where none is given.
    """

    def __init__(self, tally: Tally, title: str, console: Any = None) -> None:
        from rich.live import Live

        self.tally, self.title = tally, title
        self._over = False
        self._live = Live(self, console=console, refresh_per_second=4)
        self._live.start()

    def __call__(self, event: Event) -> None:
        """The thread draws; nothing to do."""

    def close(self) -> None:
        """Draw where training ended, and leave it standing."""
        self._over = True
        self._live.stop()

    def __rich_console__(self, console: Any, options: Any) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        told = fitting(parts(self.tally, self._over), options.max_width)
        cells = [Text.assemble((label, "dim"), " ", (value, "bold")) for label, value in told]
        room = options.max_width - sum(cell.cell_len + 2 for cell in cells)
        table = Table.grid(padding=(0, 2, 0, 0))
        heading = []
        if room >= len(self.title) + 14:
            heading.append(Text(self.title, "cyan"))
            room -= len(self.title) + 2
        if room >= 12:
            heading.append(ProgressBar(self.tally.total, self.tally.steps, width=min(room - 2, 40)))
        table.add_row(*heading, *cells)
        yield table


class Display:
    """What a person sees of a run: a live line where `stream` is a terminal, plain lines elsewhere.

    Arguments:
        steps: environment steps of the whole run.
        begin: environment steps that a resumed run goes on from.
        title: what begins the live line.
        stream: standard output where none is given.
        of_many: whether the events are of several runs; evaluations then get no lines of their own.
    """

    def __init__(
        self, steps: int, begin: int = 0, title: str = "", stream: TextIO | None = None, of_many: bool = False
    ) -> None:
        to: TextIO = sys.stdout if stream is None else stream
        self.tally = Tally(steps, begin)
        self._lines = LiveLine(self.tally, title) if to.isatty() else PlainLines(self.tally, to, evaluations=not of_many)

    def __call__(self, event: Event, steps: int | None = None) -> None:
        """Show an event, which is at `steps` where it tells of one run among several."""
        self.tally(event, steps)
        self._lines(event)

    def close(self) -> None:
        """No more events will come."""
        self._lines.close()

    def __enter__(self) -> "Display":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
