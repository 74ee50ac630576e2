"""`ecotone evaluate`: what a run's policy scores."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from ecotone.cli.arguments import parse
from ecotone.cli.runs import find_one
from ecotone.mistakes import Mistake

if TYPE_CHECKING:
    from ecotone.runs import Run
    from ecotone.runtime.events import Evaluated
    from ecotone.tuned import Tuned


@dataclass(frozen=True)
class Options:
    """Score a run's greedy policy on fresh environments."""

    run: Annotated[Path, Positional, arg(metavar="RUN")]
    """The run's folder."""
    episodes: int = 32
    """How many to play."""
    seed: int | None = None
    """Of the environments; none means one that follows from the run's."""
    json: bool = False
    """Print one JSON object instead of a table."""


def main(arguments: Sequence[str]) -> int:
    """Evaluate; returns the exit code."""
    options = parse(Options, "ecotone evaluate", arguments)
    if options.episodes < 1:
        raise Mistake(f"--episodes is {options.episodes}, but must be at least 1.")
    told = _play(find_one(options.run), options.episodes, options.seed)
    if options.json:
        print(json.dumps(told))
        return 0
    from ecotone.progress import duration, number

    low, high = told["return_ci95"]
    rows = {
        "episodes": told["episodes"],
        "return, mean ± std": f"{number(told['return_mean'])} ± {number(told['return_std'])}",
        "return, IQM (95%)": f"{number(told['return_iqm'])} ({number(low)} to {number(high)})",
        "length, mean": number(told["length_mean"]),
        "time": duration(told["seconds"]),
    }
    rows |= {f"{what}, mean": number(told[what]) for what in ("goal", "measure") if what in told}
    for what in ("groups", "agents", "counts"):
        rows |= {f"  {name}": number(mean) for name, mean in told.get(what, {}).items() if mean or what != "counts"}
    width = max(20, *(len(name) + 2 for name in rows))
    for name, value in rows.items():
        print(f"{name:<{width}}{value}")
    return 0


def _play(folder: Path, episodes: int, seed: int | None) -> dict[str, Any]:
    from ecotone.evaluation import evaluate
    from ecotone.runs import FILE, Run
    from ecotone.statistics import summary
    from ecotone.tuned import read

    run = Run.open(folder)
    event = evaluate(run, episodes, seed)
    told = summary(event.returns, event.lengths) | {"seconds": round(event.seconds, 3)}
    if (file := run.folder / FILE).exists():
        told |= _judged(read(file), run, event)
    for what, shares in (("groups", event.groups), ("agents", event.agents), ("counts", event.counts)):
        if shares is not None:
            told[what] = {name: sum(got) / len(got) for name, got in shares.items()}
    return told


def _judged(tuned: "Tuned", run: "Run", event: "Evaluated") -> dict[str, float]:
    """By what the experiment's own file judges a run."""
    told = {} if tuned.goal is None else {"goal": tuned.score(event)}
    return told | ({} if tuned.measure is None else {"measure": tuned.measure(run, len(event.returns))})
