"""Wrappers of what is seen. `only` names parts of a nested observation; none means all parts that can be served."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ecotone.envs.wrappers.parts import (
    change_seen,
    change_spec,
    change_step,
    get,
    no_memory,
    parts_of,
    put,
    same_action,
    where,
    with_mask,
)
from ecotone.frozen import frozen
from ecotone.ops.arrays import namespace
from ecotone.ops.features import flat_size, flatten
from ecotone.spec import Box, Discrete, Leaf, MultiBinary, MultiDiscrete, Place, Space, Spec, leaves, seen_space
from ecotone.trajectory import TimeStep, Tree


@frozen
class Stack:
    """The last `count` observations side by side on the last axis, oldest first; an episode's first one fills all places.

    Mnih et al. 2015 (doi:10.1038/nature14236) show the last four frames.
    """

    count: int = 4
    """Observations in view; usually 2 to 8. More show more of the past and cost more per row."""
    only: tuple[str, ...] = ()
    """Parts of a nested observation; none means all."""

    act = same_action

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"Stack: count is {self.count}, but must be at least 1.")

    def spec(self, spec: Spec) -> Spec:
        """The chosen leaves with a last axis of `count` times the size."""
        return change_spec(spec, self.only, self._space)

    def start(self, spec: Spec, lanes: int) -> Tree:
        """Zeros in the shape of the stacked leaves."""
        parts = parts_of(spec.observation, self.only, self._space)
        return tuple(np.zeros((lanes, *part.after.shape), part.after.dtype) for part in parts)

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Put the newest behind the others, and drop the oldest."""
        observation, after = step.observation, []
        for part, before in zip(parts_of(spec.observation, self.only, self._space), memory, strict=True):
            xp, newest = namespace(get(observation, part.keys)), get(observation, part.keys)
            newest = newest if part.before.shape else newest[..., None]
            onward = xp.concatenate([xp.asarray(before)[..., newest.shape[-1] :], newest], -1)
            after.append(where(step.is_first, xp.concatenate([newest] * self.count, -1), onward))
            observation = put(observation, part.keys, after[-1])
        return step._replace(observation=observation), tuple(after)

    def _space(self, leaf: Leaf) -> Leaf:
        shape = (*leaf.shape[:-1], leaf.shape[-1] * self.count) if leaf.shape else (self.count,)
        if isinstance(leaf, Discrete):
            return MultiDiscrete((leaf.n,) * self.count, (leaf.start,) * self.count, leaf.dtype)
        if isinstance(leaf, MultiDiscrete):
            return replace(leaf, sizes=leaf.sizes * self.count, start=leaf.start * self.count)
        if isinstance(leaf, MultiBinary):
            return replace(leaf, shape=shape)
        repeat = lambda bound: np.concatenate([np.atleast_1d(bound)] * self.count, -1)
        return replace(leaf, shape=shape, stacked=self.count, **_bounds(leaf, repeat))


@frozen
class Crop:
    """Images without rows and columns at their edges."""

    top: int = 0
    """Rows of pixels left out above."""
    bottom: int = 0
    """Rows left out below."""
    left: int = 0
    """Columns left out on the left."""
    right: int = 0
    """Columns left out on the right."""
    only: tuple[str, ...] = ()
    """Parts of a nested observation; none means all with three axes."""

    start, act = no_memory, same_action

    def __post_init__(self) -> None:
        if min(self.top, self.bottom, self.left, self.right) < 0:
            raise ValueError(f"{self} would leave out less than nothing.")

    def spec(self, spec: Spec) -> Spec:
        """Images `[height, width, channels]` become smaller."""
        return change_spec(spec, self.only, self._space)

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Leave out the edges."""
        return change_step(spec, self.only, self._space, lambda leaf, x: x[(slice(None), *self._inner(leaf))], step), memory

    def _inner(self, leaf: Leaf) -> tuple[slice, slice]:
        return slice(self.top, leaf.shape[0] - self.bottom), slice(self.left, leaf.shape[1] - self.right)

    def _space(self, leaf: Leaf) -> Leaf | None:
        if not isinstance(leaf, Box) or len(leaf.shape) != 3:
            return None
        inner = self._inner(leaf)
        shape = (*(part.stop - part.start for part in inner), leaf.shape[2])
        if min(shape) < 1:
            raise ValueError(f"{self} leaves nothing of an image of the shape {leaf.shape}.")
        return replace(leaf, shape=shape, **_bounds(leaf, lambda bound: bound[inner]))


@frozen
class Clip:
    """Numbers cut off at `low` and `high`."""

    low: float
    """Least value."""
    high: float
    """Greatest value."""
    only: tuple[str, ...] = ()
    """Parts of a nested observation; none means all of floating-point numbers."""

    start, act = no_memory, same_action

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"Clip: low is {self.low}, which is not below high, {self.high}.")

    def spec(self, spec: Spec) -> Spec:
        """The bounds shrink."""
        return change_spec(spec, self.only, self._space)

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Cut off."""
        return change_step(spec, self.only, self._space, lambda leaf, x: x.clip(self.low, self.high), step), memory

    def _space(self, leaf: Leaf) -> Leaf | None:
        if not isinstance(leaf, Box) or np.dtype(leaf.dtype).kind != "f":
            return None
        return replace(leaf, **_bounds(leaf, lambda bound: bound.clip(self.low, self.high)))


@frozen
class OneHot:
    """Choices as indicators: an entry per choice, 1 for the one that is."""

    only: tuple[str, ...] = ()
    """Parts of a nested observation; none means all choices."""

    start, act = no_memory, same_action

    def spec(self, spec: Spec) -> Spec:
        """`Discrete` becomes `Box((n,))`, `MultiDiscrete` a `Box` of as many entries as there are choices."""
        return change_spec(spec, self.only, self._space)

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Choices to indicators."""
        return change_step(spec, self.only, self._space, flatten, step), memory

    def _space(self, leaf: Leaf) -> Leaf | None:
        if not isinstance(leaf, Discrete | MultiDiscrete):
            return None
        return Box((flat_size(leaf),), low=0.0, high=1.0)


@frozen
class Entries:
    """Some entries of a flat observation; the others are hidden, so that they must be remembered or inferred."""

    keep: tuple[int, ...]
    """Which entries are seen, in this order."""
    only: tuple[str, ...] = ()
    """Parts of a nested observation; none means all with one axis."""

    start, act = no_memory, same_action

    def spec(self, spec: Spec) -> Spec:
        """Boxes of one axis with fewer entries."""
        return change_spec(spec, self.only, self._space)

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Keep some entries."""
        return change_step(spec, self.only, self._space, lambda leaf, x: x[:, np.array(self.keep)], step), memory

    def _space(self, leaf: Leaf) -> Leaf | None:
        if not isinstance(leaf, Box) or len(leaf.shape) != 1:
            return None
        if not self.keep or not all(0 <= i < leaf.shape[0] for i in self.keep):
            raise ValueError(f"Entries: there are entries 0 to {leaf.shape[0] - 1} to keep, not {self.keep}.")
        return replace(leaf, shape=(len(self.keep),), stacked=1, **_bounds(leaf, lambda bound: bound[np.array(self.keep)]))


@frozen
class Flatten:
    """A nested observation as one vector: numbers as they are, bytes as parts of 255, choices as indicators."""

    start, act = no_memory, same_action

    def spec(self, spec: Spec) -> Spec:
        """One `Box` of one axis; an action mask stays beside it."""
        seen = seen_space(spec.observation)
        low, high = (np.concatenate(bound) for bound in zip(*[_flat_bounds(*found) for found in leaves(seen)], strict=True))
        flat = Box(low.shape, "float32", tuple(low.tolist()), tuple(high.tolist()))
        return replace(spec, observation=with_mask(flat, spec.observation))

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Every leaf in turn, in the order of their names."""
        seen = seen_space(spec.observation)
        return step._replace(observation=change_seen(lambda x: flatten(seen, x), step.observation)), memory


@frozen
class MapObservation:
    """A function of what is seen."""

    function: Callable[[Any], Any]
    """From observations `[B, ...]`, NumPy or JAX arrays, to those that the policy sees; never of the action mask."""
    space: Space
    """What the function gives."""
    part: str = ""
    """The part of a nested observation that it is a function of; none means all that is seen."""

    start, act = no_memory, same_action

    def spec(self, spec: Spec) -> Spec:
        """The function's space in place of what it reads."""
        if self.part:
            return change_spec(spec, (self.part,), self._space)
        return replace(spec, observation=with_mask(self.space, spec.observation))

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Call the function."""
        if self.part:
            return change_step(spec, (self.part,), self._space, lambda leaf, x: self.function(x), step), memory
        return step._replace(observation=change_seen(self.function, step.observation)), memory

    def _space(self, leaf: Leaf) -> Any:
        return self.space


def _bounds(leaf: Box, change: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """Low and high after a change of the arrays of bounds; one number where all entries have the same."""

    def one(bound: np.ndarray) -> float | tuple[float, ...]:
        flat = change(bound).astype(float).ravel()
        return float(flat[0]) if (flat == flat[0]).all() else tuple(flat.tolist())

    low, high = leaf.bounds()
    return {"low": one(low), "high": one(high)}


def _flat_bounds(place: Place, leaf: Leaf) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(leaf, Box):
        low, high = leaf.bounds()
        scale = 255.0 if leaf.dtype == "uint8" else 1.0
    else:
        low, high, scale = np.zeros(flat_size(leaf)), np.ones(flat_size(leaf)), 1.0
    spread = lambda bound: np.broadcast_to(bound.astype(float) / scale, (*place.axes, *bound.shape)).ravel()
    low, high = spread(low), spread(high)
    return (np.minimum(low, 0.0), np.maximum(high, 0.0)) if place.axes else (low, high)
