"""What a lane sees and does: spaces of observations and actions, and the map from actions to the environment's units."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Box:
    """An array of numbers between bounds.

    Arguments:
        shape: shape of one element, without time and lanes.
        dtype: NumPy name of the element type, such as `"float32"` or `"uint8"`.
        low, high: bounds in the environment's units, one number for all entries or one per entry (flattened).
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    low: float | tuple[float, ...] = -math.inf
    high: float | tuple[float, ...] = math.inf

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


Space = Box | Discrete | MultiDiscrete


@dataclass(frozen=True)
class Spec:
    """What a lane sees (`observation`) and does (`action`)."""

    observation: Space
    action: Space


def to_environment(space: Space, action: Any) -> Any:
    """Actions of rows in the environment's own units, with the array library of `action`.

    In rows a bounded `Box` action lies in [-1, 1] in every entry (what lies outside is clipped) and choices count from 0.
    """
    if isinstance(space, Box):
        scaling = _scaling(space)
        return action if scaling is None else scaling[0] + (action.clip(-1.0, 1.0) + 1.0) * scaling[1]
    if isinstance(space, MultiDiscrete):
        return action + np.asarray(space.start, space.dtype) if any(space.start) else action
    return action + space.start if space.start else action


@cache
def _scaling(space: Box) -> tuple[np.ndarray, np.ndarray] | None:
    if not space.bounded:
        return None
    low, high = space.bounds()
    return low, 0.5 * (high - low)


def zeros(space: Space, leading: tuple[int, ...]) -> np.ndarray:
    """An array of zeros for elements of `space` with the given leading axes."""
    return np.zeros((*leading, *space.shape), space.dtype)
