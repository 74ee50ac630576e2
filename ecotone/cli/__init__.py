"""The command line. Nothing heavy is imported before the command that needs it is known."""

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from ecotone.mistakes import Mistake, nearest

COMMANDS = {
    "train": "Train a policy, or go on with a run.",
    "search": "Find the settings that do best.",
    "evaluate": "Score a run's policy on fresh environments.",
    "analyze": "Draw curves and write a report of one run, or compare several.",
    "visualize": "Watch a run's policy, or record it.",
    "check": "Try whether an environment keeps its contract, before training.",
    "debug": "Tell episodes of an environment play by play.",
    "list": "List algorithms, environments or experiments.",
}
"""Every command, each in the file of its name, with what it does."""

USAGE = """\
usage: ecotone COMMAND ...

Reinforcement learning for any simulation.

commands:
  train ALGORITHM ENV [options]         {train}
  train EXPERIMENT [options]            (a file, or a name of `ecotone list experiments`)
  train --resume RUN [--steps N]
  search ALGORITHM ENV --search FIELD=LOW:HIGH
                                        {search}
  evaluate RUN [options]                {evaluate}
  analyze RUN [RUN ...] [options]       {analyze}
  visualize RUN [options]               {visualize}
  check ENV|EXPERIMENT.py [options]     {check}
  debug ENV|EXPERIMENT.py|RUN [options] {debug}
  list algorithms|environments|experiments
                                        {list}

RUN is a run's folder, as the last line of `train` names it. `ecotone COMMAND --help` tells the options.

try it:
  ecotone train ppo CartPole-v1 --steps 100000 --seed 1
  ecotone evaluate RUN
  ecotone visualize RUN --record cartpole.mp4

exit codes: 0 done, 2 a mistake in what was asked, 130 interrupted (a checkpoint is saved), 1 anything else.
"""

MISTAKE, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; `arguments` without the program's name, those of the process where none are given.

    Returns the exit code: 0 done, 2 the user's mistake, 130 interrupted; anything else is raised.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _told
            return _run(*(sys.argv[1:] if arguments is None else arguments))
    except Mistake as mistake:
        print(f"ecotone: {' '.join(str(mistake).split())}", file=sys.stderr)
        return MISTAKE
    except KeyboardInterrupt:
        print("ecotone: interrupted.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _told(message: Warning | str, category: type[Warning], filename: str, line: int, *rest: Any) -> None:
    """A warning that is meant for the user in one line, any other as Python has it."""
    plain = f"ecotone: {message}\n" if category is UserWarning else warnings.formatwarning(message, category, filename, line)
    print(plain, file=sys.stderr, end="")


def _run(name: str = "", *rest: str) -> int:
    if name in ("", "-h", "--help", "help"):
        print(USAGE.format(**COMMANDS), end="")
        return 0 if name else MISTAKE
    if name == "--version":
        from importlib.metadata import version

        print(f"ecotone {version('ecotone')}")
        return 0
    if name not in COMMANDS:
        raise Mistake(f"no command '{name}'.{nearest(name, COMMANDS)} `ecotone --help` tells all.")
    try:
        return importlib.import_module(f"ecotone.cli.{name}").main(rest)
    except SystemExit as done:  # help was printed
        return done.code if isinstance(done.code, int) else 0
