"""What wrappers are composed of: the functions of those that need no other, and leaves of nested observations by name."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import jax

from ecotone.ops.arrays import namespace
from ecotone.spec import (
    ACTION_MASK,
    SEEN,
    Box,
    Dict,
    Discrete,
    Leaf,
    MultiDiscrete,
    Repeated,
    Space,
    Spec,
    Tuple,
    split_mask,
)  # fmt: skip
from ecotone.trajectory import Array, TimeStep, Tree

Change = Callable[[Leaf], Leaf | None]
"""The space that a wrapper makes of a leaf; none where it cannot serve it."""


def same_spec(self: Any, spec: Spec) -> Spec:
    """`spec` of a wrapper that changes no space."""
    return spec


def no_memory(self: Any, spec: Spec, lanes: int) -> Tree:
    """`start` of a wrapper that remembers nothing."""
    return ()


def same_step(self: Any, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
    """`observe` of a wrapper that changes nothing that is seen."""
    return step, memory


def same_action(self: Any, spec: Spec, memory: Tree, action: Tree) -> tuple[Tree, Tree]:
    """`act` of a wrapper that changes no action."""
    return action, memory


class Part(NamedTuple):
    """A leaf of an observation: its path, the keys to it, what it is and what it becomes."""

    path: str
    keys: tuple[str | int, ...]
    before: Leaf
    after: Leaf


@lru_cache(512)
def parts_of(space: Space, only: tuple[str, ...], change: Change) -> tuple[Part, ...]:
    """The leaves that `change` serves: those named by `only` (a part's name means all below it), or all without names.

    The action mask and what is in lists of varying length are left alone. Raises `ValueError` for names that are not there
    or cannot be served, and where nothing is left to change.
    """
    who = type(getattr(change, "__self__", None)).__name__
    found = _leaves(space)
    names = ", ".join(repr(path) for path, _, _ in found) or "no parts that can be named"
    wanted = lambda path: not only or any(path == name or path.startswith(f"{name}/") for name in only)
    for name in only:
        if not any(path == name or path.startswith(f"{name}/") for path, _, _ in found):
            raise ValueError(f"{who}: the observation has no part '{name}'; there is {names}.")
    parts = []
    for path, keys, leaf in found:
        after = change(leaf) if wanted(path) else None
        if after is not None:
            parts.append(Part(path, keys, leaf, after))
        elif only and wanted(path):
            raise ValueError(f"{who} cannot serve '{path}', which is {leaf}.")
    if not parts:
        raise ValueError(f"{who} finds nothing to change in the observation {space}.")
    return tuple(parts)


def _leaves(space: Space, keys: tuple[str | int, ...] = ()) -> list[tuple[str, tuple[str | int, ...], Leaf]]:
    if isinstance(space, Dict):
        return [
            leaf for name, part in space.parts if (*keys, name) != (ACTION_MASK,) for leaf in _leaves(part, (*keys, name))
        ]
    if isinstance(space, Tuple):
        return [leaf for i, part in enumerate(space.parts) for leaf in _leaves(part, (*keys, i))]
    return [] if isinstance(space, Repeated) else [("/".join(map(str, keys)), keys, space)]


def change_spec(spec: Spec, only: tuple[str, ...], change: Change) -> Spec:
    """The spec with `change(leaf)` in place of the chosen leaves of the observation."""
    observation = spec.observation
    for part in parts_of(observation, only, change):
        observation = _put_space(observation, part.keys, part.after)
    return replace(spec, observation=observation)


def change_step(
    spec: Spec, only: tuple[str, ...], change: Change, function: Callable[[Leaf, Array], Array], step: TimeStep
) -> TimeStep:
    """The time step with `function(leaf, values)` in place of the chosen leaves' values `[B, ...]`."""
    observation = step.observation
    for part in parts_of(spec.observation, only, change):
        observation = put(observation, part.keys, function(part.before, get(observation, part.keys)))
    return step._replace(observation=observation)


def get(tree: Tree, keys: tuple[str | int, ...]) -> Any:
    """What lies at the end of the keys."""
    for key in keys:
        tree = tree[key]
    return tree


def put(tree: Tree, keys: tuple[str | int, ...], value: Any) -> Tree:
    """A copy of dicts and tuples with another value at the end of the keys."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(key, int):
        return (*tree[:key], put(tree[key], rest, value), *tree[key + 1 :])
    return {**tree, key: put(tree[key], rest, value)}


def _put_space(space: Space, keys: tuple[str | int, ...], value: Space) -> Space:
    if not keys:
        return value
    change = lambda key, part: _put_space(part, keys[1:], value) if key == keys[0] else part
    if isinstance(space, Dict):
        return Dict(tuple((name, change(name, part)) for name, part in space.parts))
    assert isinstance(space, Tuple)
    return Tuple(tuple(change(i, part) for i, part in enumerate(space.parts)))


def where(lanes: Array, one: Array, other: Array) -> Array:
    """`one` `[B, ...]` in the lanes `[B]` bool, `other` elsewhere, in the type of `other`."""
    wide = lanes.reshape(-1, *(1,) * (other.ndim - 1))
    return namespace(other).where(wide, one, other).astype(other.dtype)


def like(old: Tree, new: Tree) -> Tree:
    """The arrays of `new` in the types of those of `old`, so that what is remembered keeps its types."""
    return jax.tree.map(lambda x, y: y.astype(x.dtype), old, new)


def with_mask(space: Space, like: Space) -> Space:
    """What is seen, and beside it the action mask of `like` where that has one."""
    if not isinstance(like, Dict) or ACTION_MASK not in like:
        return space
    return Dict((*(space.parts if isinstance(space, Dict) else ((SEEN, space),)), (ACTION_MASK, like[ACTION_MASK])))


def change_seen(function: Callable[[Tree], Tree], observation: Tree) -> Tree:
    """Observations with `function` in place of what is seen beside the action mask, as `with_mask` has them."""
    seen, mask = split_mask(observation)
    seen = function(seen)
    if mask is None:
        return seen
    return {**(seen if isinstance(seen, dict) else {SEEN: seen}), ACTION_MASK: mask}


def in_rows(space: Space) -> Space:
    """The space of actions as rows have them: bounded numbers in [-1, 1], choices from 0."""
    if isinstance(space, Dict):
        return Dict(tuple((name, in_rows(part)) for name, part in space.parts))
    if isinstance(space, Tuple):
        return Tuple(tuple(map(in_rows, space.parts)))
    if isinstance(space, Box) and space.bounded:
        return replace(space, low=-1.0, high=1.0)
    if isinstance(space, Discrete):
        return replace(space, start=0)
    return replace(space, start=()) if isinstance(space, MultiDiscrete) else space
