"""Compiled environments around compiled environments."""

from dataclasses import replace
from typing import Any

import numpy as np

from ecotone.frozen import frozen
from ecotone.protocols import Environment
from ecotone.spec import Box, Spec

Array = Any
Key = Any


@frozen
class Entries:
    """Some entries of a flat observation; the others are hidden, so that they must be remembered or inferred."""

    environment: Environment
    """What is observed, with a `Box` of one axis."""
    keep: tuple[int, ...]
    """Which entries are seen, in this order."""

    @property
    def spec(self) -> Spec:
        """The environment's with fewer entries; raises `ValueError` where it has no flat observation."""
        spec, keep = self.environment.spec, np.array(self.keep)
        space = spec.observation
        if not isinstance(space, Box) or len(space.shape) != 1:
            raise ValueError(f"entries can be hidden of a Box of one axis, not of {space}.")
        low, high = (tuple(bound[keep].tolist()) for bound in space.bounds())
        return replace(spec, observation=Box((len(self.keep),), space.dtype, low, high))

    def reset(self, key: Key) -> tuple[Any, Array]:
        """Begin an episode."""
        state, observation = self.environment.reset(key)
        return state, observation[np.array(self.keep)]

    def step(self, state: Any, action: Array, key: Key) -> tuple[Any, Array, Array, Array, Array]:
        """Take an action."""
        state, observation, *rest = self.environment.step(state, action, key)
        return state, observation[np.array(self.keep)], *rest
