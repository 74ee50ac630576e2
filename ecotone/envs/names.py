"""Compiled environments by name."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ecotone.envs.classic import CLASSIC, MULTI_AGENT
from ecotone.envs.interop import brax, gymnax, jaxmarl, jumanji
from ecotone.mistakes import Mistake, nearest
from ecotone.protocols import Environment
from ecotone.teams import MultiAgentEnvironment

INTEROP: dict[str, Callable[..., Environment | MultiAgentEnvironment]] = {
    "gymnax": gymnax.Gymnax,
    "brax": brax.Brax,
    "jumanji": jumanji.Jumanji,
    "jaxmarl": jaxmarl.JaxMarl,
}
"""What wraps the environments of another package, by the prefix of their names."""

GRID = "grid"
"""Prefix of the names of grid worlds."""
OWN: dict[str, type] = CLASSIC | MULTI_AGENT
"""Compiled environments of this package."""


def is_compiled(name: str) -> bool:
    """Whether a name is that of a compiled environment (behind a prefix, whatever follows it)."""
    return name in OWN or (name.partition(":")[0] in (*INTEROP, GRID) and ":" in name)


def has_many_agents(name: str, **kwargs: Any) -> bool:
    """Whether a compiled environment has many agents; raises as `make_compiled`."""
    return isinstance(make_compiled(name, **kwargs), MultiAgentEnvironment)


def make_compiled(name: str, **kwargs: Any) -> Environment | MultiAgentEnvironment:
    """A compiled environment by its name.

    Arguments:
        name: an id of `OWN` such as `CartPole-v1`, or `gymnax:NAME`, `brax:NAME`, `jumanji:NAME`, or
            `jaxmarl:NAME` and `grid:NAME` (of many agents).
        kwargs: fields of the classic task, or options of the foreign environment (`limit` with brax and jumanji is the
            number of decisions per episode); lists become tuples.

    Raises:
        Mistake: no environment has this name, or the environment has no such option.
        MissingExtra: the package that has it is not installed.
    """
    if not is_compiled(name):
        foreign = ", ".join(f"{prefix}:NAME" for prefix in (GRID, *INTEROP))
        known = f" There are {', '.join(OWN)}, and {foreign}."
        raise Mistake(f"no compiled environment is named {name!r}.{nearest(name, OWN) or known}")
    prefix, colon, inner = name.partition(":")
    if prefix == GRID:
        from ecotone.gridworld.games import game

        return game(inner, **kwargs)
    if colon:
        return _foreign(INTEROP[prefix], inner, kwargs)
    fields = {field.name for field in dataclasses.fields(OWN[name])}
    for option in kwargs.keys() - fields:
        hint = nearest(option, fields) or f" It has {', '.join(sorted(fields))}."
        raise Mistake(f"{name} has no option {option!r}.{hint}")
    return OWN[name](**kwargs)


def _foreign(wrapper: Any, name: str, kwargs: dict[str, Any]) -> Any:
    own = {field.name for field in dataclasses.fields(wrapper)} - {"name", "options"}
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in kwargs.items()}
    fields = {key: options.pop(key) for key in own & options.keys()}
    return wrapper(name, tuple(sorted(options.items())), **fields)
