"""Compiled environments by name."""

import dataclasses
from collections.abc import Callable
from typing import Any

from ecotone.envs.classic import CLASSIC
from ecotone.envs.interop import brax, gymnax, jumanji
from ecotone.envs.missing import MissingExtra
from ecotone.envs.nearest import unknown
from ecotone.protocols import Environment

__all__ = ["INTEROP", "MissingExtra", "make_compiled"]

INTEROP: dict[str, Callable[..., Environment]] = {
    "gymnax": gymnax.Gymnax,
    "brax": brax.Brax,
    "jumanji": jumanji.Jumanji,
}
"""What wraps the environments of another package, by the prefix of their names."""


def make_compiled(name: str, **kwargs: Any) -> Environment:
    """A compiled environment by its name.

    Arguments:
        name: an id of `CLASSIC` such as `CartPole-v1`, or `gymnax:NAME`, `brax:NAME` or `jumanji:NAME`.
        kwargs: fields of the classic task, or options of the foreign environment (`limit` with brax and jumanji is the
            number of decisions per episode); lists become tuples.

    Raises:
        ValueError: no environment has this name, or the environment has no such option.
        MissingExtra: the package that has it is not installed.
    """
    prefix, colon, inner = name.partition(":")
    if colon and prefix in INTEROP:
        return _foreign(INTEROP[prefix], inner, kwargs)
    if name not in CLASSIC:
        raise unknown(name, [*CLASSIC, *(f"{prefix}:NAME" for prefix in INTEROP)])
    fields = {field.name for field in dataclasses.fields(CLASSIC[name])}
    for option in kwargs.keys() - fields:
        raise ValueError(f"{name} has no option {option!r}; it has {', '.join(sorted(fields))}.")
    return CLASSIC[name](**kwargs)


def _foreign(wrapper: Any, name: str, kwargs: dict[str, Any]) -> Environment:
    own = {field.name for field in dataclasses.fields(wrapper)} - {"name", "options"}
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in kwargs.items()}
    fields = {key: options.pop(key) for key in own & options.keys()}
    return wrapper(name, tuple(sorted(options.items())), **fields)
