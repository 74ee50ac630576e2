"""Networks as plain Python objects that hold NumPy arrays, for acting without JAX.

Equinox looks up every attribute in Python, which takes longer than the arithmetic of a small network; a mirror has the same
fields and the same functions, and Python's own attribute access.
"""

import dataclasses
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import equinox as eqx
import jax
import numpy as np

Tree = Any
Refresh = Callable[[Iterator[np.ndarray]], Any]


class Mirror:
    """The mirror of a tree of modules, tuples, dicts and arrays; made once, then given new arrays as often as wanted."""

    def __init__(self, tree: Tree) -> None:
        self._refresh = _refresher(tree)

    def load(self, leaves: list[Any]) -> Tree:
        """The mirrored tree with copies of these leaves, in the order of `jax.tree.leaves`."""
        return self._refresh(iter([np.array(leaf) for leaf in leaves]))


def _refresher(node: Any) -> Refresh:
    if not jax.tree.leaves(node):
        return lambda leaves: node
    if isinstance(node, eqx.Module):
        return _module_refresher(node)
    if isinstance(node, dict):
        named = {name: _refresher(node[name]) for name in sorted(node)}
        return lambda leaves: {name: part(leaves) for name, part in named.items()}
    if isinstance(node, tuple):
        parts = [_refresher(part) for part in node]
        make = type(node) if hasattr(node, "_fields") else lambda *values: tuple(values)
        return lambda leaves: make(*[part(leaves) for part in parts])
    if jax.tree_util.all_leaves([node]):
        return next
    raise TypeError(f"{type(node).__name__} cannot be mirrored")


def _module_refresher(module: eqx.Module) -> Refresh:
    mirrored = object.__new__(_plain(type(module)))
    values = {field.name: getattr(module, field.name) for field in dataclasses.fields(module)}
    mirrored.__dict__.update(values)
    static = {field.name for field in dataclasses.fields(module) if field.metadata.get("static")}
    parts = [(name, _refresher(value)) for name, value in values.items() if name not in static]

    def refresh(leaves: Iterator[np.ndarray]) -> Any:
        for name, part in parts:
            mirrored.__dict__[name] = part(leaves)
        return mirrored

    return refresh


@cache
def _plain(cls: type) -> type:
    """A class with the functions of an Equinox module, and nothing else of it."""
    names = {name for base in cls.__mro__ if base not in (object, eqx.Module) for name in vars(base)}
    wanted = {name for name in names if name == "__call__" or not name.startswith("__")}
    return type(cls.__name__, (), {name: getattr(cls, name) for name in wanted if hasattr(cls, name)})
