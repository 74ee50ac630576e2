"""Who acts when."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.components import World, register
from ecotone.gridworld.state import GridState

Array = Any


@register
@frozen
class AllAct:
    """All act at every step."""

    shuffled: bool = False
    """Whether they act in an order drawn at each step, instead of the roster's."""
    simultaneous = True

    def next(self, world: World, state: GridState, candidates: Array) -> tuple[Array, Array]:
        """All who are there."""
        return candidates, state.turn


@register
@frozen
class TurnBased:
    """One acts after another, in the roster's order and around; every episode begins with the first."""

    shuffled = False
    simultaneous = False

    def next(self, world: World, state: GridState, candidates: Array) -> tuple[Array, Array]:
        """The nearest behind the one whose turn it was."""
        index = np.arange(world.size)
        begins = state.time == 0
        waits = jnp.where(begins, index, (index - state.turn - 1) % world.size)
        waits = jnp.where(candidates, waits, world.size)
        turn = jnp.argmin(waits).astype(jnp.int32)
        return candidates & (index == turn), turn


@register
@frozen
class DynamicOrder:
    """Whoever a function of yours names."""

    chosen: Callable[[World, GridState], Array]
    """From the world and its state to who acts next, `[N]` bool; where it names nobody who is there, all of them act."""
    shuffled: bool = False
    """Whether those who act together do so in a drawn order."""
    simultaneous = False

    def next(self, world: World, state: GridState, candidates: Array) -> tuple[Array, Array]:
        """Those of the candidates whom the function names."""
        named = candidates & self.chosen(world, state)
        return jnp.where(named.any(), named, candidates), state.turn
