"""Spaces of agents: Gymnasium's, or dictionaries of them until the agent is finalized."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple


class Box(spaces.Box):
    """Gymnasium's box that also holds Python numbers (where it has one entry) and lists of them."""

    def contains(self, x: Any) -> bool:
        """Whether `x` has the shape, a kind of number that loses nothing here, and lies within the bounds."""
        try:
            found = np.asarray(x)
        except ValueError:
            return False
        if found.ndim == 0 and self.shape == (1,):
            found = found.reshape(1)
        return bool(
            found.shape == self.shape
            and np.can_cast(found.dtype, self.dtype, "same_kind")
            and (found >= self.low).all()
            and (found <= self.high).all()
        )


LEAVES = (Discrete, MultiDiscrete, MultiBinary, spaces.Box)


def is_space(space: Any, strict: bool = False) -> bool:
    """Whether this is a space of numbers, choices and bits, nested to any depth.

    Arguments:
        space: what an agent was given.
        strict: whether plain dictionaries and tuples of spaces, which `made` turns into spaces, do not pass.
    """
    if isinstance(space, Dict):
        return all(is_space(part, strict) for part in space.values())
    if isinstance(space, Tuple):
        return all(is_space(part, strict) for part in space.spaces)
    if not strict and isinstance(space, Mapping):
        return all(is_space(part) for part in space.values())
    if not strict and isinstance(space, tuple):
        return all(is_space(part) for part in space)
    return isinstance(space, LEAVES)


def made(space: Any) -> Space:
    """Plain dictionaries and tuples of spaces as Gymnasium's spaces, at every depth; what they were is left as it is."""
    if isinstance(space, Dict | Tuple) or not isinstance(space, Mapping | tuple):
        return space
    if isinstance(space, Mapping):
        return Dict({name: made(part) for name, part in space.items()})
    return Tuple([made(part) for part in space])


def leaves(space: Space) -> Iterator[Space]:
    """The spaces that are not made of others, in the order of the parts."""
    if isinstance(space, Dict | Tuple):
        for part in space.values() if isinstance(space, Dict) else space.spaces:
            yield from leaves(part)
    else:
        yield space


def entries(space: Space, point: Any) -> Iterator[tuple[Space, Any]]:
    """Every leaf with what the point has there."""
    if isinstance(space, Dict):
        for name, part in space.items():
            yield from entries(part, point[name])
    elif isinstance(space, Tuple):
        for part, entry in zip(space.spaces, point, strict=True):
            yield from entries(part, entry)
    else:
        yield space, point


def assembled(space: Space, entry: Callable[[Space], Any]) -> Any:
    """The point that has `entry(leaf)` at every leaf, asked for in the order of the parts."""
    if isinstance(space, Dict):
        return {name: assembled(part, entry) for name, part in space.items()}
    if isinstance(space, Tuple):
        return tuple(assembled(part, entry) for part in space.spaces)
    return entry(space)


def is_unset(value: Any) -> bool:
    """Whether a space or null point was never given: none, or an empty dictionary, as Abmarl's own agents have it."""
    return value is None or (isinstance(value, dict) and not value)


def zeros(space: Space) -> Any:
    """A point of zeros, or of the numbers nearest to them that lie in the space."""
    if isinstance(space, Dict):
        return {name: zeros(part) for name, part in space.items()}
    if isinstance(space, Tuple):
        return tuple(zeros(part) for part in space.spaces)
    if isinstance(space, Discrete):
        return int(space.start)
    nothing = np.zeros(space.shape or (), space.dtype)
    if isinstance(space, spaces.Box):
        return nothing.clip(space.low, space.high)
    return nothing + space.start.astype(space.dtype) if isinstance(space, MultiDiscrete) else nothing
