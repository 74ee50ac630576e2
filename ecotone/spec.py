"""What a lane sees and does: spaces of observations and actions, and the map from actions to the environment's units."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np


@dataclass(frozen=True)
class Box:
    """An array of numbers between bounds.

    Arguments:
        shape: shape of one element, without time and lanes.
        dtype: NumPy name of the element type, such as `"float32"` or `"uint8"`.
        low, high: bounds in the environment's units, one number for all entries or one per entry (flattened).
        stacked: how many of the newest observations lie side by side on the last axis, oldest first (an episode's first one
            stands for those before it); a replay then keeps each only once.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float | tuple[float, ...] = -math.inf
    high: float | tuple[float, ...] = math.inf
    stacked: int = 1

    @property
    def bounded(self) -> bool:
        """Whether every entry has finite bounds on both sides."""
        return bool(np.all(np.isfinite(self.low)) and np.all(np.isfinite(self.high)))

    @property
    def is_image(self) -> bool:
        """Whether elements are pixels: three axes (height, width, channels) of bytes."""
        return len(self.shape) == 3 and self.dtype == "uint8"

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Low and high as arrays of the element's shape."""
        low, high = (np.asarray(bound, self.dtype) for bound in (self.low, self.high))
        spread = lambda bound: np.full(self.shape, bound) if bound.ndim == 0 else bound.reshape(self.shape)
        return spread(low), spread(high)


@dataclass(frozen=True)
class Discrete:
    """One of `n` choices, 0 to n - 1 in the rows; the environment's own numbering begins at `start`."""

    n: int
    start: int = 0
    dtype: str = "int32"
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class MultiDiscrete:
    """Several choices at once, the i-th of `sizes[i]`; the environment's own numbering begins at `start[i]`."""

    sizes: tuple[int, ...]
    start: tuple[int, ...] = ()
    dtype: str = "int32"

    @property
    def shape(self) -> tuple[int, ...]:
        """One entry a choice."""
        return (len(self.sizes),)


@dataclass(frozen=True)
class MultiBinary:
    """An array of bits, each 0 or 1."""

    shape: tuple[int, ...]
    dtype: str = "int32"


@dataclass(frozen=True)
class Dict:
    """Named parts; elements are dicts with the same keys. `parts` may be given as a dict of spaces."""

    parts: tuple[tuple[str, "Space"], ...]

    if TYPE_CHECKING:

        def __init__(self, parts: "Mapping[str, Space] | tuple[tuple[str, Space], ...]") -> None: ...

    def __post_init__(self) -> None:
        parts = self.parts.items() if isinstance(self.parts, Mapping) else self.parts
        object.__setattr__(self, "parts", tuple(sorted((str(name), space) for name, space in parts)))

    def __getitem__(self, name: str) -> "Space":
        return dict(self.parts)[name]

    def __contains__(self, name: str) -> bool:
        return name in dict(self.parts)


@dataclass(frozen=True)
class Tuple:
    """Parts in order; elements are tuples."""

    parts: tuple["Space", ...]


@dataclass(frozen=True)
class Repeated:
    """Up to `most` elements of `space`, as many as there happen to be.

    Elements are dicts of `items` (those of `space` with one more leading axis `[most, ...]`, zeros behind the last item) and
    `count` (int32).
    """

    space: "Space"
    most: int


Leaf = Box | Discrete | MultiDiscrete | MultiBinary
Space = Leaf | Dict | Tuple | Repeated
ACTION_MASK = "action_mask"
"""Name of the part of a `Dict` observation that says which choices are legal."""
SEEN = "observation"
"""Name of the part that encoders see by itself where it is the only one beside the mask."""


@dataclass(frozen=True)
class Spec:
    """What a lane sees (`observation`) and does (`action`).

    A `Dict` observation may have a part named `action_mask`, true (or 1) for choices that are legal: `[K]` for a `Discrete`
    action, one entry per choice of each part `[ΣK_i]` for a `MultiDiscrete`, `[*shape]` (may be 1) for a `MultiBinary`, and
    nested as the action for a `Dict` or `Tuple`, where parts may be left out.
    """

    observation: Space
    action: Space


def split_mask(observation: Any) -> tuple[Any, Any | None]:
    """`(seen, legal)`: what encoders see of an observation, and its part `action_mask`; `legal` is none without one.

    Where a part named `observation` is all that is left beside the mask, `seen` is that part itself.
    """
    if not isinstance(observation, dict) or ACTION_MASK not in observation:
        return observation, None
    rest = {name: part for name, part in observation.items() if name != ACTION_MASK}
    return rest[SEEN] if set(rest) == {SEEN} else rest, observation[ACTION_MASK]


def seen_space(space: Space) -> Space:
    """The space of what `split_mask` leaves to see; raises `ValueError` if there is nothing beside the mask."""
    if not isinstance(space, Dict) or ACTION_MASK not in space:
        return space
    rest = tuple((name, part) for name, part in space.parts if name != ACTION_MASK)
    if not rest:
        raise ValueError(f"an observation must have parts beside its '{ACTION_MASK}'.")
    return space[SEEN] if [name for name, _ in rest] == [SEEN] else Dict(rest)


class Place(NamedTuple):
    """Where a leaf lies in a nested space: names and positions joined by `/`, and the axes of the lists it is in."""

    path: str = ""
    axes: tuple[int, ...] = ()

    def below(self, name: str | int) -> "Place":
        """The place of a part."""
        return Place(f"{self.path}/{name}" if self.path else str(name), self.axes)


def over_parts(function: Callable[..., Any], space: Space, *trees: Any, place: Place = Place()) -> Any:
    """`function(leaf, *elements, place)` of every leaf of a space and of elements in that place, nested as elements are.

    Elements have any leading axes; those of a leaf within a `Repeated` have its place's axes between these and their own.
    """
    if isinstance(space, Dict):
        trees = tuple(_keyed(space, tree, place) for tree in trees)
        return {n: over_parts(function, part, *(t[n] for t in trees), place=place.below(n)) for n, part in space.parts}
    if isinstance(space, Tuple):
        numbered = enumerate(zip(space.parts, *trees, strict=True))
        return tuple(over_parts(function, *parts, place=place.below(i)) for i, parts in numbered)
    if isinstance(space, Repeated):
        items, inside = [tree["items"] for tree in trees], place.below("items")
        inside = inside._replace(axes=(*inside.axes, space.most))
        count = function(Discrete(space.most + 1), *(tree["count"] for tree in trees), place.below("count"))
        return {"count": count, "items": over_parts(function, space.space, *items, place=inside)}
    return function(space, *trees, place)


def _keyed(space: Dict, tree: Any, place: Place) -> Any:
    names = [name for name, _ in space.parts]
    if not isinstance(tree, Mapping) or sorted(tree) != names:
        found = sorted(tree) if isinstance(tree, Mapping) else type(tree).__name__
        raise ValueError(f"{place.path or 'the element'} should have the parts {names}, but it has {found}.")
    return tree


def leaves(space: Space) -> list[tuple[Place, Leaf]]:
    """Places and leaves of a space, in the order of `jax.tree.leaves` of its elements."""
    found: list[tuple[Place, Leaf]] = []
    over_parts(lambda leaf, place: found.append((place, leaf)), space)
    return found


def to_environment(space: Space, action: Any) -> Any:
    """Actions of rows in the environment's own units, with the array library of `action`.

    In rows a bounded `Box` action lies in [-1, 1] in every entry (what lies outside is clipped) and choices count from 0.
    """
    if isinstance(space, Box):
        scaling = _scaling(space)
        return action if scaling is None else scaling[0] + (action.clip(-1.0, 1.0) + 1.0) * scaling[1]
    if isinstance(space, MultiDiscrete):
        return action + np.asarray(space.start, space.dtype) if any(space.start) else action
    if isinstance(space, Discrete):
        return action + space.start if space.start else action
    return action if isinstance(space, MultiBinary) else over_parts(_one_to_environment, space, action)


def _one_to_environment(space: Space, action: Any, place: Place) -> Any:
    return to_environment(space, action)


def from_environment(space: Space, observation: Any) -> Any:
    """Observations as rows have them: of the space's element types, choices counted from 0."""
    if isinstance(space, Leaf):
        return _one_from_environment(space, observation, Place())
    return over_parts(_one_from_environment, space, observation)


def _one_from_environment(space: Leaf, observation: Any, place: Place) -> np.ndarray:
    start = space.start if isinstance(space, Discrete | MultiDiscrete) else 0
    return np.asarray(observation - np.asarray(start) if start else observation, space.dtype)


@cache
def _scaling(space: Box) -> tuple[np.ndarray, np.ndarray] | None:
    if not space.bounded:
        return None
    low, high = space.bounds()
    return low, 0.5 * (high - low)


def limits(leaf: Leaf) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest value of every entry, as rows have them."""
    if isinstance(leaf, Box):
        return leaf.bounds()
    if isinstance(leaf, MultiBinary):
        return np.asarray(0), np.asarray(1)
    return np.asarray(0), np.asarray(leaf.n if isinstance(leaf, Discrete) else leaf.sizes) - 1


def zeros(space: Space, leading: tuple[int, ...]) -> Any:
    """Zeros for elements of `space` with the given leading axes."""
    return over_parts(lambda leaf, place: np.zeros((*leading, *place.axes, *leaf.shape), leaf.dtype), space)
