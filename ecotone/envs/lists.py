"""Observations that are lists of varying length, as arrays of a fixed one."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space, concatenate, create_empty_array

from ecotone.mistakes import Mistake


class Repeated(spaces.Sequence):
    """A Gymnasium space of lists of at most `most` elements of one space; a plain `Sequence` has no limit."""

    def __init__(self, feature_space: spaces.Space, most: int, seed: int | None = None) -> None:
        super().__init__(feature_space, seed)
        self.most = most

    def sample(self, *arguments: Any, **options: Any) -> Any:
        """A random list, cut where it is too long."""
        return super().sample(*arguments, **options)[: self.most]

    def contains(self, x: Any) -> bool:
        """Whether `x` is a list of elements that is not too long."""
        return len(x) <= self.most and super().contains(tuple(x))

    def __repr__(self) -> str:
        return f"Repeated({self.feature_space}, most={self.most})"


class FixedList(spaces.Dict):
    """What a `Repeated` becomes: `count`, and `items` of which those from `count` on are not there."""

    def __init__(self, space: Repeated) -> None:
        self.element, self.most = space.feature_space, space.most
        items = batch_space(fixed(space.feature_space), space.most)
        super().__init__({"count": spaces.Discrete(space.most + 1), "items": items})


def has_lists(space: spaces.Space) -> bool:
    """Whether a list of varying length is among a space's parts; raises `Mistake` where one has no limit."""
    if isinstance(space, spaces.Sequence) and not isinstance(space, Repeated):
        raise Mistake(f"{space} has no greatest length: use ecotone.envs.lists.Repeated(space, most=...) in its place.")
    if isinstance(space, spaces.Dict | spaces.Tuple):
        return any(map(has_lists, space.spaces.values() if isinstance(space, spaces.Dict) else space.spaces))
    return isinstance(space, Repeated)


def fixed(space: spaces.Space) -> spaces.Space:
    """The space with every list as a `FixedList`."""
    if isinstance(space, Repeated):
        return FixedList(space)
    if isinstance(space, spaces.Dict):
        return spaces.Dict({name: fixed(part) for name, part in space.items()})
    return spaces.Tuple([fixed(part) for part in space]) if isinstance(space, spaces.Tuple) else space


def pad(space: spaces.Space, element: Any) -> Any:
    """An element of a space as one of `fixed(space)`; raises `Mistake` for a list that is too long."""
    if isinstance(space, Repeated):
        if len(element) > space.most:
            raise Mistake(f"a list of {len(element)} was observed where the space allows at most {space.most}.")
        inner = fixed(space.feature_space)
        blank = create_empty_array(inner, n=1, fn=np.zeros)
        absent = _first(inner, blank)
        items = [pad(space.feature_space, item) for item in element] + [absent] * (space.most - len(element))
        out = create_empty_array(inner, n=space.most, fn=np.zeros)
        return {"count": len(element), "items": concatenate(inner, items, out)}
    if isinstance(space, spaces.Dict):
        return {name: pad(part, element[name]) for name, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(pad(part, each) for part, each in zip(space, element, strict=True))
    return element


def _first(space: spaces.Space, batch: Any) -> Any:
    if isinstance(space, spaces.Dict):
        return {name: _first(part, batch[name]) for name, part in space.items()}
    if isinstance(space, spaces.Tuple):
        return tuple(_first(part, each) for part, each in zip(space, batch, strict=True))
    return space.start if isinstance(space, spaces.Discrete) else batch[0]


class FixedLists(gymnasium.ObservationWrapper):
    """An environment whose lists are padded with zeros to their greatest length, beside their count."""

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        self.observation_space = fixed(env.observation_space)

    def observation(self, observation: Any) -> Any:
        """The observation with lists of fixed length."""
        return pad(self.env.observation_space, observation)
