"""`ecotone train`: a policy from an algorithm and an environment, from an experiment file, or on from where a run stands."""

import dataclasses
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from ecotone import tuned
from ecotone.algorithms import ALGORITHMS
from ecotone.cli import sweeps
from ecotone.cli.arguments import parse
from ecotone.cli.kwargs import env_kwargs
from ecotone.cli.runs import find_one, is_sweep
from ecotone.experiment import Experiment
from ecotone.groups import Group
from ecotone.mistakes import Mistake, nearest
from ecotone.progress import Display
from ecotone.runs import Run, read_experiment
from ecotone.sweeping import begin_sweep, resume_sweep
from ecotone.training import Training, begin, follow

USAGE = f"""\
usage: ecotone train ALGORITHM ENV [options]
       ecotone train EXPERIMENT [options]
       ecotone train --resume RUN [--steps N]

Train a policy, or go on with a run. The last line printed is the run's folder. Ctrl-C saves a checkpoint first.

  ALGORITHM       one of {", ".join(ALGORITHMS)}
  ENV             an environment's name: `ecotone list environments` tells those at hand
  EXPERIMENT      a Python file that defines `experiment = Experiment(...)`, or the name of one that
                  `ecotone list experiments` tells, such as cartpole-ppo; options override it
  RUN             the folder of a run or a sweep; --steps gives it a new end

`ecotone train ALGORITHM --help` and `ecotone train EXPERIMENT --help` tell all options with their values, among them
those of the algorithm. Those most often wanted:

  --steps N  --num-envs N  --seed S  --runtime auto|local|compiled|ray  --overlap  --title T  --out DIR
  --devices N  --threads N  --evaluation.every N  --checkpoint.every N  --env-kwargs.KEY VALUE
  --algorithm.FIELD VALUE

Many runs in one command, each with a folder of its own in the sweep's, which is then the last line printed:

  --seeds N                    repetitions with seeds S, S + 1, …
  --sweep FIELD=VALUE,VALUE    settings, such as algorithm.gamma=0.9,0.99; given again, every combination
  --together N                 runs in one program (compiled runtime); else one on CPU, all on accelerators
"""

DESCRIPTION = """\
Besides the options below, --env-kwargs.KEY VALUE hands an argument to the environment, and a schedule such as
--algorithm.optimizer.learning-rate may be given whole, as a number or as `linear START END [OVER]`."""


def main(arguments: Sequence[str]) -> int:
    """Train; returns the exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if arguments else 2
    if any(argument.split("=")[0] == "--resume" for argument in arguments):
        return _resume(arguments)
    several, arguments = sweeps.take(arguments)
    experiment, source, options = asked(arguments)
    with_more = lambda more: overridden(experiment, source, [*options, *more])
    if several is None:
        return _watch(begin(with_more([]), source=source))
    return sweeps.watch(begin_sweep(several.sweep(with_more), source))


def _watch(training: Training) -> int:
    experiment, run = training.experiment, training.run
    try:
        with Display(experiment.steps, training.steps, experiment.name) as display:
            follow(training, display)
    except KeyboardInterrupt:
        saved = sorted(run.checkpoints.glob("[0-9]*"))
        told = f"saved at {int(saved[-1].name):,}. Go on with:" if saved else "before anything was saved."
        print(f"ecotone: interrupted at {training.steps:,} steps, {told}", file=sys.stderr)
        if saved:
            print(f"  ecotone train --resume {run.folder}", file=sys.stderr)
        return 130
    print(run.folder)
    return 0


def asked(arguments: list[str], command: str = "train") -> tuple[Experiment, Path | None, list[str]]:
    """The experiment that a command's leading arguments name, its file if it has one, and the options after them.

    Raises `Mistake` where they name none.
    """
    first, *rest = arguments
    if first.startswith("-"):
        usage = f"`ecotone {command} ALGORITHM ENV` or `ecotone {command} EXPERIMENT`"
        raise Mistake(f"what to {command} comes before {first}: {usage}.")
    if first.endswith(".py"):
        return read_experiment(first), Path(first), rest
    if first not in ALGORITHMS:
        return _named(first, rest)
    algorithm = ALGORITHMS[first]()
    if rest and rest[0] in ("-h", "--help"):
        return Experiment("ENV", algorithm), None, rest
    if not rest or rest[0].startswith("-"):
        raise Mistake(f"{command} {first} on what? Give an environment: `ecotone {command} {first} CartPole-v1`.")
    return Experiment(rest[0], algorithm), None, rest[1:]


def _named(name: str, rest: list[str]) -> tuple[Experiment, Path, list[str]]:
    """The experiment of that name; raises `Mistake` for what is neither an experiment nor an algorithm."""
    file = tuned.find(name)
    if file is None:
        known = f"Algorithms are {', '.join(ALGORITHMS)}; `ecotone list experiments` tells the experiments."
        raise Mistake(f"no algorithm or experiment '{name}'.{nearest(name, [*ALGORITHMS, *tuned.files()])} {known}")
    return tuned.read(file).experiment, file, rest


def overridden(experiment: Experiment, source: Path | None, arguments: list[str], command: str = "train") -> Experiment:
    """The experiment with what the options change; raises `Mistake` for options that it does not have."""
    kwargs, arguments = env_kwargs(arguments)
    named = source or f"{type(experiment.algorithm).__name__.lower()} {experiment.env}"
    options, default = _options(experiment)
    made = parse(options, f"ecotone {command} {named}", arguments, default, DESCRIPTION)
    values = _values(made, Experiment)
    values["env_kwargs"] = experiment.env_kwargs | kwargs
    if experiment.groups is not None:
        values["groups"] = {name: Group(**_values(getattr(made.groups, name), Group)) for name in experiment.groups}
    return Experiment(**values)


def _values(instance: Any, cls: type) -> dict[str, Any]:
    """The fields of a class, by name, as an instance has them."""
    return {field.name: getattr(instance, field.name) for field in dataclasses.fields(cls)}


def _options(experiment: Experiment) -> tuple[type, Any]:
    """The experiment's class as options, and the experiment as one of them.

    They have the fields that the algorithms at hand have, and lack what no option can say.
    """
    unsaid = tyro.conf.Suppress[Any]
    values = _values(experiment, Experiment)
    parts: dict[str, Any] = {"algorithm": type(experiment.algorithm), "groups": unsaid}
    if experiment.groups is not None:
        values["groups"] = _group_options(experiment.groups)
        parts = {"algorithm": unsaid, "groups": type(values["groups"])}
    hidden = dict.fromkeys(("env", "env_kwargs", "wrappers", "callbacks"), unsaid)
    options = _extended("Options", parts | hidden, Experiment)
    return options, options(**values)


def _group_options(groups: dict[str, Group]) -> Any:
    """Groups as the fields of a dataclass by their names."""
    made = {}
    for name, group in groups.items():
        parts = {"algorithm": type(group.algorithm), "agents": tyro.conf.Suppress[Any]}
        made[name] = _extended(f"Group_{name}", parts, Group)(**_values(group, Group))
    return dataclasses.make_dataclass("Groups", [(name, type(group)) for name, group in made.items()], frozen=True)(**made)


def _extended(name: str, fields: dict[str, Any], cls: type) -> Any:
    """A class with other annotations of some fields."""
    return dataclasses.make_dataclass(name, [(field, kind, ()) for field, kind in fields.items()], bases=(cls,), frozen=True)


@dataclass(frozen=True)
class Resume:
    """Go on with a run from its newest checkpoint, with its own settings."""

    resume: Path
    """The run's folder."""
    steps: int | None = None
    """Environment steps of the whole run, those already taken included; none means as it was."""


def _resume(arguments: Sequence[str]) -> int:
    flags = [argument.split("=")[0] for argument in arguments if argument.startswith("-")]
    if foreign := [flag for flag in flags if flag not in ("--resume", "--steps", "-h", "--help")]:
        raise Mistake(f"--resume goes on with the run's own settings: only --steps can change, not {foreign[0]}.")
    asked = parse(Resume, "ecotone train", arguments)
    if is_sweep(asked.resume):
        return sweeps.watch(resume_sweep(asked.resume, asked.steps))
    run = Run.open(find_one(asked.resume))
    experiment = run.experiment
    if asked.steps is not None:
        experiment = dataclasses.replace(experiment, steps=asked.steps)
    training = begin(experiment, run)
    if training.steps >= experiment.steps:
        more = f"--steps {2 * training.steps}"
        raise Mistake(f"{run.folder} already has {training.steps} of {experiment.steps} steps: go on with, say, {more}.")
    return _watch(training)
