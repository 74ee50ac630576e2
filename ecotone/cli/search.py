"""`ecotone search`: the settings of an experiment that do best, by trials."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecotone.cli.arguments import parse
from ecotone.cli.tables import table
from ecotone.cli.train import asked, overridden
from ecotone.experiment import Experiment
from ecotone.mistakes import Mistake
from ecotone.optuna import Searching, begin_search, resume_search
from ecotone.progress import EMPTY, Display, number
from ecotone.runs import Run
from ecotone.runtime.events import Event
from ecotone.search import BEST, TABLE, Among, Between, Range, Search, Trial, best
from ecotone.sweeps import setting

USAGE = """\
usage: ecotone search ALGORITHM ENV --search FIELD=RANGE [--search ...] [--trials N] [options of train]
       ecotone search EXPERIMENT --search FIELD=RANGE [--search ...] [--trials N] [options of train]
       ecotone search --resume FOLDER [--trials N]

Find the settings that do best: every trial trains with others, those that fall behind are cut short. The score is the mean
greedy return of a trial's last evaluation. The last line printed is the search's folder: the table of its trials, a run's
folder for each, and best.py, an experiment that `ecotone train` takes. Ctrl-C stops; --resume goes on.

  --search FIELD=LOW:HIGH      a number between two, whole where both are and the setting is: algorithm.gamma=0.9:0.999
  --search FIELD=LOW:HIGH:log  by its logarithm: algorithm.optimizer.learning-rate=1e-5:1e-2:log
  --search FIELD=A,B,C         one of some values: algorithm.epochs=2,4,8
  --trials N                   trials in all, 20 where not given; a resumed search gets a new number
  --evaluation.every N         environment steps between evaluations, a tenth of a trial where not given
"""


def main(arguments: Sequence[str]) -> int:
    """Search; returns the exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else 2
    shown = Shown()
    if any(argument.split("=")[0] == "--resume" for argument in arguments):
        resume = parse(Resume, "ecotone search", arguments)
        return _watch(resume_search(resume.resume, resume.trials, shown), shown)
    trials, over, arguments = take(arguments)
    experiment, source, options = asked(arguments, "search")
    with_more = lambda more: overridden(experiment, source, [*options, *more], "search")
    ranges = {path.replace("-", "_"): range_of(path, text, with_more) for path, text in over.items()}
    wanted = Search(with_more([]), ranges, **({} if trials is None else {"trials": trials}))
    return _watch(begin_search(wanted, _code(experiment, source), shown), shown)


@dataclass(frozen=True)
class Resume:
    """Go on with a search where it was left, with its own settings."""

    resume: Path
    """The search's folder."""
    trials: int | None = None
    """Trials in all, those already made included; none means as it was."""


def _code(experiment: Experiment, source: Path | None) -> str:
    """The text of a file that defines the experiment."""
    if source is not None:
        return source.read_text()
    algorithm = type(experiment.algorithm).__name__
    return f'import ecotone\n\nexperiment = ecotone.Experiment("{experiment.env}", ecotone.{algorithm}())\n'


def take(arguments: Sequence[str]) -> tuple[int | None, dict[str, str], list[str]]:
    """How many trials, texts of ranges by setting, and the other arguments; raises `Mistake`."""
    options = ("--trials", "--search")
    tokens = [part for token in arguments for part in (token.split("=", 1) if token.split("=")[0] in options else [token])]
    trials: int | None = None
    over: dict[str, str] = {}
    left = []
    while tokens:
        option = tokens.pop(0)
        if option not in options:
            left.append(option)
            continue
        if not tokens or tokens[0].startswith("--"):
            raise Mistake(f"{option} wants {'a number' if option == '--trials' else 'FIELD=LOW:HIGH or FIELD=A,B'}.")
        text = tokens.pop(0)
        if option == "--trials":
            if not text.isdecimal() or int(text) < 1:
                raise Mistake(f"--trials wants a whole number of at least 1, not '{text}'.")
            trials = int(text)
        else:
            path, equals, range_ = text.partition("=")
            if not equals or not path.strip() or not range_.strip():
                raise Mistake(f"--search wants FIELD=LOW:HIGH or FIELD=A,B such as algorithm.gamma=0.9:0.999, not '{text}'.")
            over[path.strip()] = range_.strip()
    return trials, over, left


def range_of(path: str, text: str, with_more: Callable[[list[str]], Experiment]) -> Range:
    """What a range's text means; its values are read as the option of that name would be. Raises `Mistake`."""
    if "," in text:
        name = path.replace("-", "_")
        values = (setting(with_more([f"--{path}", *value.split()]), name) for value in text.split(","))
        return Among(tuple(values))
    ends, log = (text.removesuffix(":log"), True) if text.endswith(":log") else (text, False)
    try:
        low, high = (_number(end) for end in ends.split(":"))
    except ValueError:
        usage = f"{path}=LOW:HIGH, {path}=LOW:HIGH:log or {path}=A,B"
        raise Mistake(f"--search wants {usage}, not '{path}={text}'.") from None
    return Between(low, high, log)


def _number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)


class Shown:
    """Shows the run of each trial while it trains."""

    def __init__(self) -> None:
        self._run: Run | None = None
        self._display: Display | None = None

    def __call__(self, run: Run, event: Event) -> None:
        """Show an event of a run."""
        if run != self._run or self._display is None:
            self.close()
            self._run, self._display = run, Display(run.experiment.steps, title=run.folder.name)
        self._display(event)

    def close(self) -> None:
        """The run is over."""
        if self._display is not None:
            self._display.close()
        self._display = None


def _watch(searching: Searching, shown: Shown) -> int:
    try:
        for trial in searching:
            shown.close()
            print(f"{_told(trial)}; {len(searching.trials)} of {searching.search.trials} trials", flush=True)
    except KeyboardInterrupt:
        shown.close()
        print("ecotone: interrupted. Go on with:", file=sys.stderr)
        print(f"  ecotone search --resume {searching.folder}", file=sys.stderr)
        return 130
    print(_table(searching))
    chosen = best(searching.trials)
    if chosen is not None:
        print(f"best: {searching.folder / BEST}; all trials: {searching.folder / TABLE}")
    print(searching.folder)
    return 0


def _told(trial: Trial) -> str:
    values = ", ".join(f"{path} {_shown(value)}" for path, value in trial.values.items())
    return f"trial {trial.number} {trial.state}: return {number(trial.score)}, {values}"


def _table(searching: Searching) -> str:
    """The trials, the best first, those that were cut short after those that were not."""
    order = {state: place for place, state in enumerate(("done", "pruned", "failed"))}
    trials = sorted(searching.trials, key=lambda trial: (order[trial.state], -(trial.score or 0.0)))
    over = searching.search.over
    rows = [[str(t.number), t.state, number(t.score), *(_shown(t.values.get(path)) for path in over)] for t in trials]
    heading = ["trial", "state", "return", *(path.removeprefix("algorithm.") for path in over)]
    return table(heading, rows, numbers=(0, 2))


def _shown(value: object) -> str:
    if value is None:
        return EMPTY
    return f"{value:.4g}" if isinstance(value, float) else str(value)
