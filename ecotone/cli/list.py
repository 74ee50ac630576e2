"""`ecotone list`: what there is."""

import ast
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from ecotone.cli.arguments import parse
from ecotone.cli.tables import table
from ecotone.mistakes import Mistake, nearest


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
    """Every environment that a name reaches without more arguments, by where it comes from."""
    import gymnasium

    from ecotone.envs import names

    rows = []
    for name, spec in sorted(gymnasium.registry.items()):
        point = spec.entry_point if isinstance(spec.entry_point, str) else spec.entry_point.__module__
        runtimes = "local, compiled" if names.is_compiled(name) else "local"
        rows.append([name, point.split(":")[0].replace("gymnasium.envs.", "gymnasium "), runtimes])
    return table(["environment", "from", "runtimes"], rows)


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
