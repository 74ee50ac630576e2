"""Nested spaces as one row of numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.spaces import Discrete, MultiBinary, MultiDiscrete, Space

from ecotone.sim.spaces import Box, assembled, entries, leaves
from ecotone.sim.wrappers.wrapper import SARWrapper


def flatten(space: Space, point: Any) -> np.ndarray:
    """The entries of a point side by side, in the order of the space's parts; a choice is one number, not one-hot."""
    return np.concatenate([np.asarray(entry, _type(leaf)).reshape(-1) for leaf, entry in entries(space, point)])


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
    parts = list(leaves(space))
    bounds = [_bounds(leaf) for leaf in parts]
    low, high = (np.concatenate([bound[side] for bound in bounds]) for side in (0, 1))
    dtype = np.result_type(*map(_type, parts))
    return Box(low.astype(dtype), high.astype(dtype), dtype=dtype.type)


def unflatten(space: Space, row: Any) -> Any:
    """The point whose entries stand in a row; what has to be a whole number is rounded."""
    left = iter(np.asarray(row).tolist())
    return assembled(space, lambda leaf: _entry(leaf, left))


def _entry(leaf: Space, left: Iterator[float]) -> Any:
    if isinstance(leaf, Discrete):
        return round(next(left))
    shape, dtype = leaf.shape or (), np.dtype(leaf.dtype)
    found = np.array([next(left) for _ in range(int(np.prod(shape)))]).reshape(shape)
    return (np.rint(found) if dtype.kind in "iu" else found).astype(dtype)


class FlattenActionWrapper(SARWrapper):
    """Actions and null actions of every learning agent as one row of numbers."""

    flattened = ("action",)
    """What is flattened."""

    def __init__(self, sim: Any) -> None:
        super().__init__(sim)
        self.respace(self.flattened, flatten_space, flatten)

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
