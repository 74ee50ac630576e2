"""Nested spaces as one row of numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple

from ecotone.sim.agents import is_agent
from ecotone.sim.spaces import Box, is_unset
from ecotone.sim.wrappers.wrapper import SARWrapper


def flatten(space: Space, point: Any) -> np.ndarray:
    """The entries of a point side by side, in the order of the space's parts; a choice is one number, not one-hot."""
    return np.concatenate(list(_rows(space, point)))


def _rows(space: Space, point: Any) -> Iterator[np.ndarray]:
    if isinstance(space, Dict):
        for name, part in space.items():
            yield from _rows(part, point[name])
    elif isinstance(space, Tuple):
        for part, entry in zip(space.spaces, point, strict=True):
            yield from _rows(part, entry)
    else:
        yield np.asarray(point, _type(space)).reshape(-1)


def _leaves(space: Space) -> Iterator[Space]:
    if isinstance(space, Dict | Tuple):
        for part in space.values() if isinstance(space, Dict) else space.spaces:
            yield from _leaves(part)
    else:
        yield space


def _type(leaf: Space) -> Any:
    return leaf.dtype if isinstance(leaf, spaces.Box) else np.dtype(np.int64)


def _bounds(leaf: Space) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(leaf, spaces.Box):
        return leaf.low.ravel(), leaf.high.ravel()
    if isinstance(leaf, Discrete | MultiDiscrete):
        low = np.atleast_1d(leaf.start).ravel()
        return low, low + np.atleast_1d(leaf.nvec if isinstance(leaf, MultiDiscrete) else leaf.n).ravel() - 1
    assert isinstance(leaf, MultiBinary)
    zeros = np.zeros(int(np.prod(leaf.shape)), np.int64)
    return zeros, zeros + 1


def flatten_space(space: Space) -> Box:
    """The box in which flattened points lie: of whole numbers where all entries are."""
    leaves = list(_leaves(space))
    bounds = [_bounds(leaf) for leaf in leaves]
    low, high = (np.concatenate([bound[side] for bound in bounds]) for side in (0, 1))
    dtype = np.result_type(*map(_type, leaves))
    return Box(low.astype(dtype), high.astype(dtype), dtype=dtype.type)


def unflatten(space: Space, row: Any) -> Any:
    """The point whose entries stand in a row; what has to be a whole number is rounded."""
    return _from_row(space, iter(np.asarray(row).tolist()))


def _from_row(space: Space, left: Iterator[float]) -> Any:
    if isinstance(space, Dict):
        return {name: _from_row(part, left) for name, part in space.items()}
    if isinstance(space, Tuple):
        return tuple(_from_row(part, left) for part in space.spaces)
    if isinstance(space, Discrete):
        return round(next(left))
    shape, dtype = space.shape or (), np.dtype(space.dtype)
    entries = np.array([next(left) for _ in range(int(np.prod(shape)))]).reshape(shape)
    return (np.rint(entries) if dtype.kind in "iu" else entries).astype(dtype)


class FlattenActionWrapper(SARWrapper):
    """Actions and null actions of every learning agent as one row of numbers."""

    flattened = ("action",)
    """What is flattened."""

    def __init__(self, sim: Any) -> None:
        super().__init__(sim)
        for name, agent in self.agents.items():
            if not is_agent(agent):
                continue
            inside = sim.agents[name]
            for what in self.flattened:
                space, null = getattr(inside, f"{what}_space"), getattr(inside, f"null_{what}", None)
                setattr(agent, f"{what}_space", flatten_space(space))
                setattr(agent, f"null_{what}", None if is_unset(null) else flatten(space, null))

    def wrap_action(self, from_agent: Any, action: Any) -> Any:
        """The action whose entries stand in a row."""
        return unflatten(from_agent.action_space, action)

    def unwrap_action(self, from_agent: Any, action: Any) -> np.ndarray:
        """The row of an action's entries."""
        return flatten(from_agent.action_space, action)


class FlattenWrapper(FlattenActionWrapper):
    """Observations, actions and null points of every learning agent as one row of numbers each."""

    flattened = ("observation", "action")

    def wrap_observation(self, from_agent: Any, observation: Any) -> np.ndarray:
        """The row of an observation's entries."""
        return flatten(from_agent.observation_space, observation)

    def unwrap_observation(self, from_agent: Any, observation: Any) -> Any:
        """The observation whose entries stand in a row."""
        return unflatten(from_agent.observation_space, observation)
