"""What every driver is told on its command line, and the one line that it prints. Needs nothing but Python."""

import argparse
import json
import time
from collections import deque
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PREFIX = "RESULT "
"""Begins the line of standard output that carries the result as JSON."""
EVALUATE_EVERY = 5_120
"""Environment steps between greedy evaluations where a task is to be solved."""
EVALUATION_EPISODES = 20
"""Episodes of each such evaluation."""
SOLVED = 475.0
"""Mean return over these episodes at which CartPole-v1 counts as solved."""


def arguments(description: str, *options: str) -> argparse.Namespace:
    """Parse a driver's command line: work, steps, warm-up, seed, and further options with text values."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("work", help="name of the work, as in works.py")
    parser.add_argument("--steps", type=int, required=True, help="environment steps in all")
    parser.add_argument("--warmup", type=int, default=0, help="environment steps before the clock starts")
    parser.add_argument("--seed", type=int, default=1)
    for option in options:
        parser.add_argument(f"--{option}", default="")
    return parser.parse_args()


def versions(*packages: str) -> dict[str, str]:
    """The installed versions of packages, those that are absent left out."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def report(**fields: Any) -> None:
    """Print the result line."""
    print(PREFIX + json.dumps(fields), flush=True)


class Clock:
    """Times training from the first notice at or after `warmup` environment steps to the last one."""

    def __init__(self, warmup: int) -> None:
        self.warmup = warmup
        self.first: tuple[int, float] | None = None
        self.last: tuple[int, float] = (0, time.perf_counter())
        self.returns: deque[float] = deque(maxlen=100)

    def starts(self, steps: int) -> bool:
        """Whether a notice at this step would start the clock."""
        return self.first is None and steps >= self.warmup

    def note(self, steps: int) -> None:
        """Take note that all work belonging to the first `steps` environment steps is done."""
        self.last = (steps, time.perf_counter())
        if self.starts(steps):
            self.first = self.last

    def result(self) -> dict[str, Any]:
        """Steps and seconds after the warm-up, their ratio, and the mean return of the last 100 episodes."""
        if self.first is None or self.last[0] <= self.first[0]:
            raise SystemExit(f"nothing was timed: training ended at {self.last[0]} steps, warm-up is {self.warmup}.")
        steps, seconds = self.last[0] - self.first[0], self.last[1] - self.first[1]
        mean = sum(self.returns) / len(self.returns) if self.returns else None
        return {"steps": steps, "seconds": seconds, "steps_per_second": steps / seconds, "return": mean}
