"""One run of one contestant, in a process of its own."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

from peers.protocol import PREFIX
from works import Work


@dataclass(frozen=True, eq=False)
class Contestant:
    """Who runs, and how.

    Attributes:
        title: library, and variant in brackets.
        library: what its variants have in common.
        family: variants of one family do the same and the best one counts.
        command: Python, driver and its options, without those that the work gives.
        settings: environment variables; an empty value takes the variable away.
    """

    title: str
    library: str
    family: str
    command: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a run came to: rate, seconds until the result and until the end of the process, and what the driver said."""

    told: dict[str, Any]
    seconds_to_result: float
    seconds: float

    def score(self, work: Work) -> float:
        """Environment steps per second, or runs per second where a task is to be solved: more is better."""
        return 1.0 / self.seconds_to_result if work.solve else float(self.told["steps_per_second"])


def run(contestant: Contestant, name: str, work: Work, seed: int) -> Outcome:
    """Run it once; raises `RuntimeError` with the last lines of its output where it fails."""
    command = [*contestant.command[:2], name, "--steps", str(work.steps), "--warmup", str(work.warmup)]
    command += ["--seed", str(seed), *contestant.command[2:]]
    settings = {k: v for k, v in (_surroundings() | contestant.settings).items() if v}
    told, arrived, lines = None, 0.0, []
    with tempfile.TemporaryFile("w+") as errors, tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        streams = {"stdout": subprocess.PIPE, "stderr": errors, "text": True}
        with subprocess.Popen(command, env=settings, cwd=folder, **streams) as process:
            for line in process.stdout or ():
                lines = [*lines[-20:], line]
                if line.startswith(PREFIX):
                    told, arrived = json.loads(line.removeprefix(PREFIX)), time.perf_counter() - began
        seconds = time.perf_counter() - began
        if told is None or process.returncode:
            errors.seek(0)
            last = "".join([*lines, *errors.readlines()[-20:]])
            raise RuntimeError(f"{contestant.title} failed at {name} (exit code {process.returncode}):\n{last}")
    if work.solve and not told["solved"]:
        raise RuntimeError(f"{contestant.title} did not solve {name} within {work.steps} steps with seed {seed}.")
    return Outcome(told, arrived, seconds)


def _surroundings() -> dict[str, str]:
    """This process's variables, such that bytecode is kept and output comes at once."""
    return dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "", "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": ""}
