"""`ecotone list`: what there is."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from ecotone.cli.arguments import parse
from ecotone.cli.tables import table
from ecotone.mistakes import Mistake, nearest

FAMILIES = ("classic_control", "toy_text", "box2d", "mujoco")
EXTRAS = {"box2d": "box2d", "mujoco": "mujoco"}
PACKAGES = {"box2d": "Box2D", "atari": "ale_py", "pettingzoo": "mpe2"}
"""What an extra installs, where that is named otherwise."""


@dataclass(frozen=True)
class Options:
    """List what there is."""

    what: Positional[str]
    """`algorithms`, `environments` or `experiments`."""


def main(arguments: Sequence[str]) -> int:
    """List; returns the exit code."""
    if not arguments:
        raise Mistake(f"list what? `ecotone list {'|'.join(LISTS)}`.")
    what = parse(Options, "ecotone list", arguments).what
    if what not in LISTS:
        raise Mistake(f"no list of '{what}'.{nearest(what, LISTS)} `ecotone list {'|'.join(LISTS)}`.")
    print(LISTS[what]())
    return 0


def algorithms() -> str:
    """Every algorithm, how it is fed, and what it is."""
    from ecotone.algorithms import ALGORITHMS

    rows = []
    for name, kind in ALGORITHMS.items():
        summary = (inspect.getdoc(kind) or "").partition("\n\n")[0].replace("\n", " ")
        rows.append([name, type(kind().feed).__name__.lower(), summary])
    return table(["algorithm", "fed by", "what it is"], rows)


def environments() -> str:
    """Environments by name, compiled ones, those of Gymnasium (the newest version of each) and of many agents.

    Prefixes stand for all that another package has; the last column says what is to be installed first.
    """
    from ecotone.envs.classic import CLASSIC, MULTI_AGENT
    from ecotone.envs.gymnasium import registered
    from ecotone.envs.names import GRID, INTEROP
    from ecotone.gridworld.games import GAMES

    rows = {name: ["ecotone", "one", "compiled", ""] for name in CLASSIC}
    many = (*MULTI_AGENT, *(f"{GRID}:{name}" for name in GAMES))
    rows |= {name: ["ecotone", "many", "compiled", ""] for name in many}
    registry = registered()
    for name in _newest(registry.values()):
        family = _family(registry[name])
        runtimes = "local, compiled" if name in CLASSIC else "local"
        rows[name] = [f"gymnasium {family}", "one", runtimes, _lacking(EXTRAS.get(family, ""))]
    patterns = {
        "ALE/NAME-v5": ["ale-py", "one", "local", _lacking("atari")],
        "MinAtar/NAME-v1": ["minatar", "one", "local", _lacking("minatar")],
        "envpool:NAME": ["envpool", "one", "local", _lacking("envpool")],
    }
    foreign = {f"{p}:NAME": [p, "many" if p == "jaxmarl" else "one", "compiled", _lacking(p)] for p in INTEROP}
    told = [*sorted(rows.items(), key=lambda item: (item[1][0], item[0])), *(patterns | foreign | _of_many()).items()]
    return table(["environment", "from", "agents", "runtimes", "to install"], [[name, *row] for name, row in told])


def _of_many() -> dict[str, list[str]]:
    """Environments of many agents that step in this process: names where their package is at hand, else a pattern."""
    from ecotone.envs import pettingzoo
    from ecotone.envs.agents.tuples import EXAMPLES

    rows = {}
    for family, package in pettingzoo.FAMILIES.items():
        lacking = _lacking("pettingzoo")
        names = pettingzoo.names(family) if not lacking else ["NAME"]
        told = package.replace(".", " ")
        rows |= {f"{pettingzoo.PREFIX}{family}/{name}": [told, "many", "local", lacking] for name in names}
    return rows | {name: [package, "many", "local", _lacking(package)] for package, name in EXAMPLES.items()}


def _lacking(extra: str) -> str:
    """The extra, where what it installs is not at hand."""
    return extra if extra and find_spec(PACKAGES.get(extra, extra)) is None else ""


def _family(spec: Any) -> str:
    point = spec.entry_point if isinstance(spec.entry_point, str) else spec.entry_point.__module__
    return point.partition("gymnasium.envs.")[2].partition(".")[0]


def _newest(specs: Iterable[Any]) -> list[str]:
    """Names of the newest version of each environment of Gymnasium's own families."""
    newest: dict[str, Any] = {}
    for spec in specs:
        known = newest.get(spec.name)
        if spec.namespace is None and _family(spec) in FAMILIES and (known is None or (spec.version or 0) > known.version):
            newest[spec.name] = spec
    return [spec.id for spec in newest.values()]


def experiments() -> str:
    """Experiments by name, those that come with Ecotone and those in the folder `experiments` here."""
    from ecotone import tuned

    heading = ["experiment", "environment", "algorithm", "steps", "reaches", "what it is"]
    return table(heading, [[name, *_told(file)] for name, file in tuned.files().items()], numbers=(3, 4))


def _told(file: Path) -> list[str]:
    """What a row says of an experiment's file; one that cannot be read says why, and does not hide the others."""
    from ecotone import tuned

    try:
        said = tuned.read(file)
    except Exception as error:
        return ["", "", "", "", f"{file} cannot be read: {' '.join(str(error).split())}"]
    experiment, reach = said.experiment, said.reach
    reached = "" if reach is None else f"{reach:g}"
    return [experiment.env_name, experiment.algorithm_name, f"{experiment.steps:,}", reached, said.about]


LISTS: dict[str, Callable[[], str]] = {
    "algorithms": algorithms,
    "environments": environments,
    "experiments": experiments,
}
