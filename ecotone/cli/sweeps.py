"""`ecotone train … --seeds N --sweep FIELD=VALUE,VALUE`: what these options mean, and how a sweep looks while it trains."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ecotone.experiment import Experiment
from ecotone.mistakes import Mistake
from ecotone.progress import Display, Total
from ecotone.sweeping import Sweeping
from ecotone.sweeps import Sweep, setting

COUNTS = ("--seeds", "--together")
OPTIONS = (*COUNTS, "--sweep")
Overridden = Callable[[list[str]], Experiment]


@dataclass(frozen=True)
class Asked:
    """What the options of a sweep say: how many seeds and runs in one program, and texts of values by setting."""

    seeds: int = 1
    together: int | None = None
    over: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def sweep(self, overridden: Overridden) -> Sweep:
        """The sweep; `overridden` makes the experiment with some more options, and so reads every value as that option."""
        over = {}
        for path, texts in self.over:
            name = path.replace("-", "_")
            over[name] = tuple(setting(overridden([f"--{path}", *text.split()]), name) for text in texts)
        first = [part for path, texts in self.over for part in (f"--{path}", *texts[0].split())]
        return Sweep(overridden(first), self.seeds, over, self.together)


def take(arguments: Sequence[str]) -> tuple[Asked | None, list[str]]:
    """The options of a sweep, none where there are none, and the other arguments."""
    tokens = [part for token in arguments for part in (token.split("=", 1) if token.split("=")[0] in OPTIONS else [token])]
    counts: dict[str, int] = {}
    over: dict[str, tuple[str, ...]] = {}
    left = []
    while tokens:
        option = tokens.pop(0)
        if option not in OPTIONS:
            left.append(option)
            continue
        if not tokens or tokens[0].startswith("--"):
            raise Mistake(f"{option} wants {'a number' if option in COUNTS else 'FIELD=VALUE,VALUE'}.")
        if option == "--sweep":
            path, values = _values(tokens.pop(0))
            over[path] = values
        else:
            counts[option[2:]] = _count(option, tokens.pop(0))
    return (Asked(**counts, over=tuple(over.items())) if counts or over else None), left


def _values(text: str) -> tuple[str, tuple[str, ...]]:
    path, equals, values = text.partition("=")
    found = tuple(value.strip() for value in values.split(","))
    if not equals or not path or not all(found):
        raise Mistake(f"--sweep wants FIELD=VALUE,VALUE such as algorithm.gamma=0.9,0.99, not '{text}'.")
    return path.strip(), found


def _count(option: str, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise Mistake(f"{option} wants a whole number of at least 1, not '{text}'.")
    return int(text)


def watch(sweeping: Sweeping) -> int:
    """Train all runs and show how far they are together; returns the exit code."""
    runs = sweeping.runs
    total = Total({run.folder: (run.steps(), run.experiment.steps) for run in runs})
    title = f"{runs[0].experiment.name}, {len(runs)} runs"
    try:
        with Display(total.steps, total.begin, title, of_many=True) as display:
            for run, event in sweeping:
                display(event, total(run.folder, event))
    except KeyboardInterrupt:
        print(f"ecotone: interrupted at {total.now:,} steps of all runs, saved. Go on with:", file=sys.stderr)
        print(f"  ecotone train --resume {sweeping.folder}", file=sys.stderr)
        return 130
    print(sweeping.folder)
    return 0
