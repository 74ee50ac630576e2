"""`ecotone analyze`: curves and a report of runs, or the user's own analysis of them."""

import os
import runpy
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from ecotone.cli.arguments import parse
from ecotone.cli.runs import find_all, is_sweep
from ecotone.mistakes import Mistake


@dataclass(frozen=True)
class Options:
    """Draw curves and write report.html of one run, or compare several (runs that differ in their seed alone: a group)."""

    runs: Annotated[tuple[Path, ...], Positional, arg(metavar="RUN [RUN ...]")]
    """Folders of runs, or folders that have runs in them."""
    script: Path | None = None
    """A Python file with a function `analyze(run)`, which is called for each run instead."""
    out: Path | None = None
    """Folder of the report; none means the run's own, or `comparison` beside several runs."""
    league: bool = False
    """Let every checkpoint that was kept play every other one instead (two agents), and rate them by Elo."""
    games: int = 64
    """In a league, of each pair and side."""


def main(arguments: Sequence[str]) -> int:
    """Analyze; returns the exit code."""
    options = parse(Options, "ecotone analyze", arguments)
    if not options.runs:
        raise Mistake("analyze what? Give one or more folders of runs: `ecotone analyze RUN`.")
    folders = find_all(options.runs)
    if options.league:
        return _league(folders, options.games)
    return _report(folders, options.out) if options.script is None else _call(options.script, folders)


def _report(folders: Sequence[Path], out: Path | None) -> int:
    from ecotone.cli.tables import table
    from ecotone.comparison import group, scores, tell
    from ecotone.report import score_rows, write
    from ecotone.runs import Run

    folders = _recorded(folders)
    runs = [tell(folder, Run.open(folder).experiment) for folder in folders]
    if empty := [str(run.folder) for run in runs if not len(run.columns["steps"])]:
        raise Mistake(f"nothing was recorded yet in {', '.join(empty)}: leave it out, or let it train a while.")
    if out is None:
        out = folders[0] if len(folders) == 1 else Path(os.path.commonpath(folders)) / "comparison"
    heading, rows = score_rows(scores(group(runs)))
    print(table(heading, rows, numbers=range(2, len(heading))))
    print()
    try:
        for path in write(runs, out, _behaviour(folders[0]) if len(folders) == 1 else None):
            print(path)
    except OSError as error:
        raise Mistake(f"the report cannot be written to {out}: {error.strerror}. Choose another --out.") from error
    return 0


def _league(folders: Sequence[Path], games: int) -> int:
    from ecotone.cli.tables import table
    from ecotone.league import league
    from ecotone.runs import Run

    if games < 1:
        raise Mistake(f"--games is {games}, but must be at least 1.")
    rows = []
    for each in league([Run.open(folder) for folder in folders], games):
        counts = map(str, (each.won, each.drawn, each.lost))
        rows.append([each.name, f"{each.rating:.0f}", *counts, f"{100.0 * each.against_random:.1f}%"])
    print(table(["player", "Elo", "won", "drawn", "lost", "against random"], rows, numbers=range(1, 6)))
    return 0


def _behaviour(folder: Path) -> Callable[[Path], bool]:
    from ecotone.behaviour import draw_behaviour
    from ecotone.runs import Run

    return lambda path: draw_behaviour(Run.open(folder), path)


def _recorded(folders: Sequence[Path]) -> Sequence[Path]:
    """The runs that have begun; those of a sweep that have not are named on standard error."""
    from ecotone.metrics import FILE

    there = [folder for folder in folders if (folder / FILE).exists()]
    missing = [folder for folder in folders if folder not in there]
    if not there or any(not is_sweep(folder.parent) for folder in missing):
        raise Mistake(f"{missing[0] / FILE} is missing: nothing was recorded there, so there is nothing to draw.")
    if missing:
        names = ", ".join(folder.name for folder in missing)
        print(f"ecotone: left out, because they have not begun: {names}.", file=sys.stderr)
    return there


def _call(script: Path, folders: Sequence[Path]) -> int:
    from ecotone.runs import Run

    if not script.is_file():
        raise Mistake(f"there is no script {script}.")
    analyze = runpy.run_path(str(script)).get("analyze")
    if not callable(analyze):
        raise Mistake(f"{script} has no function `analyze(run)`.")
    for folder in folders:
        analyze(Run.open(folder))
    return 0
