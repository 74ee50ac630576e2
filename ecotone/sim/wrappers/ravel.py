"""Whatever can be counted, as one choice."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete, Space

from ecotone.mistakes import Mistake
from ecotone.sim.spaces import assembled, entries, leaves
from ecotone.sim.wrappers.wrapper import SARWrapper

LARGEST = 2**63 - 1


def digits(space: Space, point: Any) -> Iterator[int]:
    """The entries of a point, each counted from 0, in the order of the space's parts."""
    for leaf, entry in entries(space, point):
        low = lowest(leaf)
        yield from (np.asarray(entry).astype(np.int64).reshape(low.shape) - low).ravel().tolist()


def radices(space: Space) -> Iterator[int]:
    """How many values each entry may take; raises `Mistake` for a space that cannot be counted."""
    for leaf in leaves(space):
        if isinstance(leaf, Discrete):
            yield int(leaf.n)
        elif isinstance(leaf, MultiDiscrete):
            yield from leaf.nvec.ravel().tolist()
        elif isinstance(leaf, MultiBinary):
            yield from [2] * int(np.prod(leaf.shape))
        elif isinstance(leaf, Box) and _is_countable(leaf):
            yield from (leaf.high.astype(np.int64) - leaf.low.astype(np.int64) + 1).ravel().tolist()
        else:
            raise Mistake(f"{leaf} cannot be counted: only choices, bits and whole numbers between bounds can.")


def lowest(space: Space) -> np.ndarray:
    """The least value of every entry of a leaf, in its shape."""
    if isinstance(space, Box):
        return space.low.astype(np.int64)
    if isinstance(space, Discrete | MultiDiscrete):
        return np.asarray(space.start, np.int64)
    return np.zeros(space.shape or (), np.int64)


def ravel(space: Space, point: Any) -> int:
    """The number of a point: its entries as digits, the first the most significant."""
    number = 0
    for digit, radix in zip(digits(space, point), radices(space), strict=True):
        number = number * radix + digit
    return number


def unravel(space: Space, number: int) -> Any:
    """The point that `ravel` gives this number."""
    number, found = int(number), []
    for radix in reversed(list(radices(space))):
        number, digit = divmod(number, radix)
        found.append(digit)
    left = reversed(found)
    return assembled(space, lambda leaf: _entry(leaf, left))


def ravel_space(space: Space) -> Discrete:
    """One choice with as many values as the space has points; raises `Mistake` where these cannot be counted."""
    number = 1
    for radix in radices(space):
        number *= radix
    if number > LARGEST:
        raise Mistake(f"{space} has {number:.0e} points, more than one choice can tell apart: use FlattenWrapper.")
    return Discrete(number)


def _entry(leaf: Space, left: Iterator[int]) -> Any:
    if isinstance(leaf, Discrete):
        return next(left) + int(leaf.start)
    low = lowest(leaf)
    found = np.array([next(left) for _ in range(low.size)], np.int64).reshape(low.shape)
    return (found + low).astype(leaf.dtype)


def _is_countable(space: Box) -> bool:
    """Whether both bounds of every whole number were given; Gymnasium stands the type's own bounds for infinite ones."""
    if not np.issubdtype(space.dtype, np.integer):
        return False
    widest = np.iinfo(str(space.dtype))
    if widest.bits < 32:
        return True
    return bool((space.low > widest.min).all() and (space.high < widest.max).all())


class RavelDiscreteWrapper(SARWrapper):
    """Observations, actions and null points of every learning agent as one number each, for tables of values.

    Raises:
        Mistake: a space cannot be counted.
    """

    def __init__(self, sim: Any) -> None:
        super().__init__(sim)
        self.respace(("observation", "action"), ravel_space, ravel)

    def wrap_observation(self, from_agent: Any, observation: Any) -> int:
        """The number of an observation."""
        return ravel(from_agent.observation_space, observation)

    def unwrap_observation(self, from_agent: Any, observation: Any) -> Any:
        """The observation of that number."""
        return unravel(from_agent.observation_space, observation)

    def wrap_action(self, from_agent: Any, action: Any) -> Any:
        """The action of that number."""
        return unravel(from_agent.action_space, action)

    def unwrap_action(self, from_agent: Any, action: Any) -> int:
        """The number of an action."""
        return ravel(from_agent.action_space, action)
