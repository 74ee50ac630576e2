"""One spec for agents whose spaces differ: shorter observations end in zeros, choices that one does not have are illegal."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ecotone.mistakes import Mistake
from ecotone.ops.arrays import namespace
from ecotone.ops.features import flat_size, flatten
from ecotone.spec import ACTION_MASK, SEEN, Box, Dict, Discrete, Space, Spec, seen_space, split_mask
from ecotone.trajectory import Array, Tree


def padded(group: str, specs: Mapping[str, Spec]) -> Spec:
    """The spec that serves all of these, by team; raises `Mistake` for actions of unlike kinds.

    Specs that are equal are it. Else observations become a row of numbers as long as the longest, choices as many as the
    most with a mask beside the observation, and boxes of actions as long as the longest.
    """
    first, *others = specs.values()
    if all(spec == first for spec in others):
        return first
    actions = [spec.action for spec in specs.values()]
    size = max(flat_size(seen_space(spec.observation)) for spec in specs.values())
    seen: Space = Box((size,))
    if all(isinstance(action, Discrete) for action in actions):
        choices = max(action.n for action in actions)  # type: ignore[union-attr]
        return Spec(Dict({SEEN: seen, ACTION_MASK: Box((choices,), "int8", 0, 1)}), Discrete(choices))
    boxes = [action for action in actions if isinstance(action, Box) and len(action.shape) == 1 and action.bounded]
    if len(boxes) == len(actions):
        return Spec(seen, Box((max(box.shape[0] for box in boxes),), low=-1.0, high=1.0))
    told = ", ".join(f"{team}: {spec.action}" for team, spec in specs.items())
    raise Mistake(
        f"group {group} holds agents whose actions cannot be padded to one space ({told}): "
        "give each kind a group of its own, or bounds to their boxes."
    )


def pad(spec: Spec, wanted: Spec, observation: Tree) -> Tree:
    """Observations `[..., *shape]` of agents with `spec`, as those of the padded spec `wanted`."""
    if spec == wanted:
        return observation
    seen, legal = split_mask(observation)
    row = _widened(flatten(seen_space(spec.observation), seen), flat_size(seen_space(wanted.observation)))
    if not isinstance(wanted.action, Discrete):
        return row
    xp, choices = namespace(row), spec.action.n  # type: ignore[union-attr]
    if legal is None:
        legal = xp.ones((*row.shape[:-1], choices), "int8")
    return {SEEN: row, ACTION_MASK: _widened(legal.astype("int8"), wanted.action.n)}


def cut(spec: Spec, wanted: Spec, action: Array) -> Any:
    """Actions of the padded spec `wanted` `[..., *shape]`, as agents with `spec` have them."""
    if spec == wanted or not isinstance(spec.action, Box):
        return action
    return action[..., : spec.action.shape[0]]


def _widened(x: Array, size: int) -> Array:
    xp = namespace(x)
    if x.shape[-1] == size:
        return x
    return xp.concatenate([x, xp.zeros((*x.shape[:-1], size - x.shape[-1]), np.dtype(x.dtype))], -1)
