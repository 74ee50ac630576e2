"""Policies that nobody trains: heuristics written by hand, and choices at random."""

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx

from ecotone.feed import NoRows
from ecotone.frozen import frozen
from ecotone.networks.heads import action_leaves, choices
from ecotone.networks.masks import masks_of
from ecotone.ops import noise
from ecotone.ops.arrays import namespace
from ecotone.ops.features import flat_size
from ecotone.protocols import Report
from ecotone.spec import Box, Leaf, Place, Space, Spec, over_parts, split_mask
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class Nothing(eqx.Module):
    """The state of what never learns: the space of its actions."""

    space: Space = eqx.field(static=True)


def _init(self: Any, key: Key, spec: Spec) -> Nothing:
    """Nothing to learn; raises `ValueError` for actions that hold lists of varying length."""
    action_leaves(spec.action)
    return Nothing(spec.action)


def _initial_memory(self: Any, lanes: int) -> Tree:
    """None."""
    return ()


def _policy(self: Any, state: Nothing) -> Nothing:
    """The state."""
    return state


def _observe(self: Any, state: Nothing, rows: Trajectory) -> Nothing:
    """Nothing is counted."""
    return state


def _update(self: Any, state: Nothing, rows: Trajectory, key: Key) -> tuple[Nothing, Report]:
    """Nothing is learned."""
    return state, Report({})


@frozen
class Random:
    """Any legal action, each as likely; numbers evenly from their bounds (normally distributed where they have none).

    The baseline below which nothing was learned, as in Mnih et al. 2015 (doi:10.1038/nature14236, extended data table 2).
    """

    feed = NoRows()
    init, initial_memory, policy, observe, update = _init, _initial_memory, _policy, _observe, _update

    def act(self, params: Nothing, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """Draw; the same for all lanes where `explore` is false and the key is."""
        draw = partial(_draw, len(is_first), namespace(is_first))
        leaves = len(action_leaves(params.space))
        keys = iter(noise.split(key, leaves))
        legal = masks_of(params.space, split_mask(observation)[1])
        return over_parts(lambda leaf, legal, place: draw(next(keys), leaf, legal, place), params.space, legal), (), memory


def _draw(lanes: int, xp: Any, key: Key, leaf: Leaf, legal: Array | None, place: Place) -> Array:
    if not isinstance(leaf, Box):
        return choices(leaf, xp.zeros((lanes, flat_size(leaf)), "float32"), legal).sample(key)
    shape = (lanes, *leaf.shape)
    return 2.0 * noise.uniform(key, shape) - 1.0 if leaf.bounded else noise.normal(key, shape)


@frozen
class Scripted:
    """A function of what is seen, as heuristics and fixed opponents are."""

    function: Callable[[Tree], Tree]
    """Actions `[B, ...]` as rows have them (choices from 0, bounded numbers in [-1, 1]) of observations `[B, ...]`; pure,
    and where it is to act without JAX too, for NumPy arrays as well."""

    feed = NoRows()
    init, initial_memory, policy, observe, update = _init, _initial_memory, _policy, _observe, _update

    def act(self, params: Nothing, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """What the function says."""
        return self.function(observation), (), memory
