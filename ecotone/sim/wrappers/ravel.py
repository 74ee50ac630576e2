"""Whatever can be counted, as one choice."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple

from ecotone.mistakes import Mistake
from ecotone.sim.agents import is_agent
from ecotone.sim.spaces import is_unset
from ecotone.sim.wrappers.wrapper import SARWrapper

LARGEST = 2**63 - 1


def digits(space: Space, point: Any) -> Iterator[int]:
    """The entries of a point, each counted from 0, in the order of the space's parts."""
    if isinstance(space, Dict):
        for name, part in space.items():
            yield from digits(part, point[name])
    elif isinstance(space, Tuple):
        for part, entry in zip(space.spaces, point, strict=True):
            yield from digits(part, entry)
    else:
        low = lowest(space)
        yield from (np.asarray(point).astype(np.int64).reshape(low.shape) - low).ravel().tolist()


def radices(space: Space) -> Iterator[int]:
    """How many values each entry may take; raises `Mistake` for a space that cannot be counted."""
    if isinstance(space, Dict | Tuple):
        for part in space.values() if isinstance(space, Dict) else space.spaces:
            yield from radices(part)
    elif isinstance(space, Discrete):
        yield int(space.n)
    elif isinstance(space, MultiDiscrete):
        yield from space.nvec.ravel().tolist()
    elif isinstance(space, MultiBinary):
        yield from [2] * int(np.prod(space.shape))
    elif isinstance(space, Box) and _is_countable(space):
        yield from (space.high.astype(np.int64) - space.low.astype(np.int64) + 1).ravel().tolist()
    else:
        raise Mistake(f"{space} cannot be counted: only choices, bits and whole numbers between bounds can.")


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
    return _from_digits(space, iter(reversed(found)))


def ravel_space(space: Space) -> Discrete:
    """One choice with as many values as the space has points; raises `Mistake` where these cannot be counted."""
    number = 1
    for radix in radices(space):
        number *= radix
    if number > LARGEST:
        raise Mistake(f"{space} has {number:.0e} points, more than one choice can tell apart: use FlattenWrapper.")
    return Discrete(number)


def _from_digits(space: Space, left: Iterator[int]) -> Any:
    if isinstance(space, Dict):
        return {name: _from_digits(part, left) for name, part in space.items()}
    if isinstance(space, Tuple):
        return tuple(_from_digits(part, left) for part in space.spaces)
    if isinstance(space, Discrete):
        return next(left) + int(space.start)
    low = lowest(space)
    entries = np.array([next(left) for _ in range(low.size)], np.int64).reshape(low.shape)
    return (entries + low).astype(space.dtype)


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
        for name, agent in self.agents.items():
            if not is_agent(agent):
                continue
            inside = sim.agents[name]
            for what in ("observation", "action"):
                space, null = getattr(inside, f"{what}_space"), getattr(inside, f"null_{what}", None)
                try:
                    setattr(agent, f"{what}_space", ravel_space(space))
                except Mistake as mistake:
                    raise Mistake(f"the {what} space of agent '{name}': {mistake}") from mistake
                setattr(agent, f"null_{what}", None if is_unset(null) else ravel(space, null))

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
