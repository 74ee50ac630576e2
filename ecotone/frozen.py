"""One decorator: a frozen dataclass that is a pytree, with its floats as leaves and all else as static structure."""

import dataclasses
import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, dataclass_transform

import jax
from jax.tree_util import GetAttrKey

T = TypeVar("T")
FROZEN: dict[str, type] = {}
"""Every frozen class by its name, so that a configuration read from JSON can only become one of these."""


def static(*, default: Any) -> Any:
    """A field that stays structure although its annotation would make it a leaf, for floats that decide shapes."""
    return dataclasses.field(default=default, metadata={"static": True})


def is_frozen(annotation: Any) -> bool:
    """Whether an annotation is a frozen class (or the protocol that frozen classes fulfil)."""
    return isinstance(annotation, type) and (
        annotation.__dict__.get("__frozen__", False) or getattr(annotation, "_is_protocol", False)
    )


def is_leaf_annotation(annotation: Any) -> bool:
    """Whether values so annotated belong to the tree: floats, frozen classes, protocols, and unions with None of these."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [a for a in typing.get_args(annotation) if a is not types.NoneType]
        return bool(members) and all(is_leaf_annotation(a) for a in members)
    return annotation is float or is_frozen(annotation)


def _float_fields(annotations: dict[str, Any], names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(n for n in names if annotations[n] is float or float in typing.get_args(annotations[n]))


def register(cls: type[T], data: tuple[str, ...], meta: tuple[str, ...]) -> type[T]:
    """Make a dataclass a pytree with the fields `data` as children and `meta` as structure.

    JAX's own `register_dataclass` forgets the class when it compares structures, so that now and then (where hashes meet) a
    program compiled for one class runs for another with the same fields.
    """

    def flatten(node: Any) -> tuple[tuple, tuple]:
        return tuple(getattr(node, name) for name in data), tuple(getattr(node, name) for name in meta)

    def flatten_with_keys(node: Any) -> tuple[tuple, tuple]:
        children, structure = flatten(node)
        return tuple(zip(map(GetAttrKey, data), children, strict=True)), structure

    def unflatten(structure: tuple, children: Iterable[Any]) -> Any:
        node = object.__new__(cls)
        for name, value in zip((*data, *meta), (*children, *structure), strict=True):
            object.__setattr__(node, name, value)
        return node

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)
    return cls


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field, static))
def frozen(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass registered as a pytree.

    Fields annotated `float` are leaves (changing one does not recompile; `jax.vmap` over the object is a sweep), fields
    annotated with a frozen class or a protocol are branches, every other field is static structure and must be hashable.
    An `int` given to a float field becomes a float.
    """
    cls.__frozen__ = True  # type: ignore[attr-defined]
    checked = getattr(cls, "__post_init__", None)

    def __post_init__(self: Any) -> None:
        for name in floats:
            if type(value := getattr(self, name)) is int:
                object.__setattr__(self, name, float(value))
        if checked is not None:
            checked(self)

    cls.__post_init__ = __post_init__  # type: ignore[attr-defined]
    made = dataclasses.dataclass(frozen=True)(cls)
    annotations = typing.get_type_hints(made)
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    data = tuple(f.name for f in fields if is_leaf_annotation(annotations[f.name]) and not f.metadata.get("static"))
    floats = _float_fields(annotations, tuple(f.name for f in fields))
    meta = tuple(f.name for f in fields if f.name not in data)
    register(made, data, meta)
    FROZEN[f"{made.__module__}.{made.__qualname__}"] = made
    return made


def put(tree: Any, path: Sequence[str], value: Any) -> Any:
    """A dataclass instance (or dictionary) with `value` where the path of field names (or keys) leads.

    Raises `AttributeError` for a field that is not there.
    """
    name, *rest = path
    if isinstance(tree, dict):
        return tree | {name: put(tree[name], rest, value) if rest else value}
    if not dataclasses.is_dataclass(tree) or name not in {field.name for field in dataclasses.fields(tree)}:
        raise AttributeError(f"{type(tree).__name__} has no field {name}")
    inner = put(getattr(tree, name), rest, value) if rest else value
    return dataclasses.replace(tree, **{name: inner})  # type: ignore[type-var]
