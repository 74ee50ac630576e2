"""Elements of spaces as they come from environments, checked and laid into arrays of many copies and agents."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces

from ecotone.envs.lists import has_lists, pad
from ecotone.mistakes import Mistake
from ecotone.spec import (
    ACTION_MASK,
    Dict,
    Discrete,
    Leaf,
    MultiDiscrete,
    Place,
    Space,
    leaves,
    limits,
    over_parts,
    zeros,
)

SLACK = 1e-4
"""How far floats may lie beyond their bounds, beside bounds of about one: rounding."""


class Elements:
    """Places for elements of one space, `[*leading, ...]`.

    Arguments:
        space: of one element.
        origin: the same space as the environment has it.
        leading: axes before those of the space.
        what: names an element in messages.
    """

    def __init__(self, space: Space, origin: spaces.Space, leading: tuple[int, ...], what: str = "observation") -> None:
        self.space, self._leading, self._what = space, len(leading), what
        self.values = zeros(space, leading)
        self._origin = origin if has_lists(origin) else None
        self._array = self.values if isinstance(space, Leaf) and not np.any(_start(space)) else None
        places = _of_leaves(space, self.values)
        found = (
            (place, leaf, _inside(leaf, place), array) for (place, leaf), array in zip(leaves(space), places, strict=True)
        )
        self._tests = [(place, leaf, *bounds, array) for place, leaf, bounds, array in found if bounds is not None]

    def put(self, at: Any, element: Any) -> None:
        """Lay an element into its place; raises `Mistake` for one of another shape or type."""
        array = self._array
        if array is not None and type(element) is np.ndarray and element.dtype == array.dtype:
            if element.shape != self.space.shape:  # type: ignore[union-attr]
                _fit(self._what, self.space, element, Place())  # type: ignore[arg-type]
            array[at] = element
            return
        if self._origin is not None:
            element = pad(self._origin, element)
        try:
            over_parts(partial(_put, self._what, at), self.space, self.values, element)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, Mistake):
                raise
            raise Mistake(f"{self._what} does not fit its space: {error}") from error

    def outside(self, shown: np.ndarray) -> tuple[tuple[int, ...], str] | None:
        """The first place of `shown` `[*leading]` bool whose element lies outside the space, and what is wrong with it."""
        for place, leaf, low, high, array in self._tests:
            fits = (array >= low) & (array <= high)
            if fits.all():
                continue
            axes = tuple(range(self._leading, fits.ndim))
            wrong = shown & ~fits.all(axes)
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                return at, _said(_named(self._what, place), leaf, array[at], fits[at])
        return None

    def copy(self) -> Any:
        """The elements, apart from what is put into their places later."""
        return (
            self._array.copy()
            if self._array is not None
            else over_parts(lambda leaf, x, place: x.copy(), self.space, self.values)
        )


def _start(leaf: Leaf) -> Any:
    """What the environment counts choices from, 0 for all else."""
    start = leaf.start if isinstance(leaf, Discrete | MultiDiscrete) else 0
    return np.asarray(start) if np.any(start) else 0


def _named(what: str, place: Place) -> str:
    return f"{what}'s part '{place.path}'" if place.path else what


def _put(what: str, at: Any, leaf: Leaf, array: np.ndarray, element: Any, place: Place) -> None:
    array[at] = _fit(what, leaf, element, place)


def _fit(what: str, leaf: Leaf, element: Any, place: Place) -> np.ndarray:
    """An element of a leaf as rows have it; raises `Mistake` for one of another shape or type."""
    found, shape, dtype = np.asarray(element), (*place.axes, *leaf.shape), np.dtype(leaf.dtype)
    what = _named(what, place)
    if found.shape != shape:
        raise Mistake(f"{what} has the shape {found.shape}, but its space says {shape}.")
    if found.dtype.kind not in "biuf" or (found.dtype.kind == "f" and dtype.kind in "iu"):
        raise Mistake(f"{what} has elements of type {found.dtype}, but its space says {dtype}.")
    found = found - _start(leaf)
    if dtype.kind in "iu" and found.size and found.dtype != dtype:
        most = np.iinfo(dtype)
        if found.min() < most.min or found.max() > most.max:
            raise Mistake(f"{what} goes from {found.min()} to {found.max()}, beyond its space's {dtype}.")
    return found


def _of_leaves(space: Space, tree: Any) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    over_parts(lambda leaf, array, place: found.append(array), space, tree)
    return found


def _inside(leaf: Leaf, place: Place) -> tuple[np.ndarray, np.ndarray] | None:
    """The least and the largest that every entry may be, finite ones; none where the type allows no others."""
    dtype, (low, high) = np.dtype(leaf.dtype), limits(leaf)
    if dtype.kind == "f":
        most = np.finfo(dtype).max
        low, high = (np.full_like(low, -np.inf), np.full_like(high, np.inf)) if place.axes else (low, high)
        slack = (SLACK * np.maximum(1.0, np.abs(bound)) for bound in (low, high))
        return np.maximum(low - next(slack), -most), np.minimum(high + next(slack), most)
    most = np.iinfo(dtype)
    any_fits = bool(place.axes) or (np.all(low <= most.min) and np.all(high >= most.max))
    return None if any_fits else (low, high)


def _said(what: str, leaf: Leaf, element: np.ndarray, fits: np.ndarray) -> str:
    start = _start(leaf)
    bad = np.asarray(element + start)[~fits].ravel()[0]
    if not np.isfinite(bad):
        return f"{what} is not finite ({bad})."
    low, high = (bound + start for bound in limits(leaf))
    return f"{what} has {bad} in it, outside its space's {np.min(low)} to {np.max(high)}."


def no_choice(space: Space, action: Space, values: Any, shown: np.ndarray) -> tuple[int, ...] | None:
    """The first place of `shown` that asks for one of several choices of which none is legal."""
    if not (isinstance(space, Dict) and ACTION_MASK in space and isinstance(action, Discrete)):
        return None
    wrong = shown & ~values[ACTION_MASK].any(-1)
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else None


def action_picker(space: Space, origin: spaces.Space) -> Callable[[Any], Callable[[int, int], Any]]:
    """From actions `[B, A, ...]` in the environment's units to a function that gives that of a copy's agent."""
    if isinstance(space, Discrete):  # Spaces check numbers of Python's several times faster than NumPy's.
        return lambda action: _listed(np.asarray(action).tolist())
    if isinstance(space, Leaf):
        dtype = origin.dtype if isinstance(origin, spaces.Box) else None
        return lambda action: _indexed(np.asarray(action, dtype))
    return lambda action: lambda copy, agent: over_parts(lambda leaf, x, place: x[copy, agent], space, action)


def _listed(action: list[list[int]]) -> Callable[[int, int], int]:
    return lambda copy, agent: action[copy][agent]


def _indexed(action: np.ndarray) -> Callable[[int, int], np.ndarray]:
    return lambda copy, agent: action[copy, agent]
