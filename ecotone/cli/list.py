"""`ecotone list`: what there is."""

import ast
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

from ecotone.cli.arguments import parse
from ecotone.cli.tables import table
from ecotone.mistakes import Mistake, nearest

FAMILIES = ("classic_control", "toy_text", "box2d", "mujoco")
EXTRAS = {"box2d": "box2d", "mujoco": "mujoco"}


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
    """Environments by name: the newest version of each that Gymnasium knows, the compiled ones, and prefixes for more."""
    from ecotone.envs.classic import CLASSIC
    from ecotone.envs.gymnasium import registered
    from ecotone.envs.names import GRID, INTEROP
    from ecotone.gridworld.games import GAMES

    rows = {name: ["ecotone", "compiled", ""] for name in (*CLASSIC, *(f"{GRID}:{name}" for name in GAMES))}
    registry = registered()
    for name in _newest(registry.values()):
        family = _family(registry[name])
        rows[name] = [f"gymnasium {family}", "local, compiled" if name in CLASSIC else "local", EXTRAS.get(family, "")]
    patterns = {
        "ALE/NAME-v5": ["ale-py", "local", "atari"],
        "MinAtar/NAME-v1": ["minatar", "local", "minatar"],
        "envpool:NAME": ["envpool", "local", "envpool"],
        **{f"{prefix}:NAME": [prefix, "compiled", prefix] for prefix in INTEROP},
    }
    told = [*sorted(rows.items(), key=lambda item: (item[1][0], item[0])), *patterns.items()]
    return table(["environment", "from", "runtimes", "extra"], [[name, *row] for name, row in told])


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
    """Experiment files in `experiments/`, here or beside the package."""
    places = [Path("experiments"), Path(__file__).parents[2] / "experiments"]
    files = {file.resolve(): file for place in reversed(places) for file in sorted(place.glob("**/*.py"))}
    if not files:
        raise Mistake("no experiments: there is no folder `experiments` here with Python files in it.")
    return table(["experiment", "what it is"], [[str(file), _docstring(file)] for file in files.values()])


def _docstring(file: Path) -> str:
    try:
        return (ast.get_docstring(ast.parse(file.read_text())) or "").partition("\n")[0]
    except SyntaxError as error:
        return f"cannot be read: {error.msg}"


LISTS: dict[str, Callable[[], str]] = {
    "algorithms": algorithms,
    "environments": environments,
    "experiments": experiments,
}
