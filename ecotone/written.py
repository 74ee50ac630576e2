"""Frozen objects as JSON, and back; only frozen classes can be built from what a file says."""

import dataclasses
import importlib
import json
from typing import Any, TypeVar

from ecotone.frozen import FROZEN, is_frozen
from ecotone.groups import World
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Repeated, Spec, Tuple
from ecotone.teams import Team

T = TypeVar("T")
WRITABLE: dict[str, type] = {}
"""Dataclasses that are not pytrees, but may stand in files."""


def writable(cls: type[T]) -> type[T]:
    """Let a dataclass stand in files."""
    WRITABLE[f"{cls.__module__}.{cls.__qualname__}"] = cls
    return cls


for _space in (Spec, Box, Discrete, MultiDiscrete, MultiBinary, Dict, Tuple, Repeated, Team, World):
    writable(_space)


def to_json(value: Any) -> Any:
    """Numbers, strings, tuples, dictionaries and frozen objects as JSON values; anything else as `{"opaque": repr}`."""
    if is_frozen(type(value)) or type(value) in WRITABLE.values():
        fields = {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"class": f"{type(value).__module__}.{type(value).__qualname__}", **fields}
    if isinstance(value, dict):
        return {str(key): to_json(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [to_json(entry) for entry in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return {"opaque": repr(value)}


def from_json(value: Any, base: Any = None) -> Any:
    """What `to_json` was given; raises `Mistake` where that cannot be built from text alone.

    What text cannot say (a function, say) is taken from the same place in `base`, where one is given.
    """
    if isinstance(value, list):
        bases = base if isinstance(base, (tuple, list)) and len(base) == len(value) else [None] * len(value)
        return tuple(from_json(entry, beside) for entry, beside in zip(value, bases, strict=True))
    if not isinstance(value, dict):
        return value
    if "opaque" in value:
        if base is None:
            raise Mistake(f"{value['opaque']} cannot be read back from run.json: keep it in an experiment file.")
        return base
    if "class" not in value:
        return {key: from_json(entry, base.get(key) if isinstance(base, dict) else None) for key, entry in value.items()}
    fields = {key: from_json(entry, getattr(base, key, None)) for key, entry in value.items() if key != "class"}
    made = _class(value["class"])
    if unknown := fields.keys() - {field.name for field in dataclasses.fields(made)}:
        raise Mistake(f"{made.__name__} has no field '{min(unknown)}': run.json was written by another version.")
    return made(**fields)


def _class(name: str) -> type:
    known = WRITABLE | FROZEN
    if name not in known and name.startswith("ecotone."):
        importlib.import_module(name.rpartition(".")[0])
        known = WRITABLE | FROZEN
    if name not in known:
        raise Mistake(f"'{name}' is not a known class: run.json was written by another version, or needs its file.")
    return known[name]


def dumps(value: Any) -> str:
    """`to_json` as text."""
    return json.dumps(to_json(value), indent=2)
