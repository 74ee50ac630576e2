"""What agents are paid."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.components import World, register
from ecotone.gridworld.state import GridState

Array = Any


@register
@frozen
class Pay:
    """So much for each time that an event happened: `Pay("kill", 1.0)`, `Pay("acted", -0.01)`."""

    event: str
    """The event's name: `acted`, or one of an actor's or rule's `events`."""
    amount: float
    """What each brings."""
    kinds: tuple[str, ...] = ()
    """Names of the kinds that get it; empty: all."""

    def pay(self, world: World, before: GridState, state: GridState) -> Array:
        """From the counts of the step, `[N]`."""
        gets = world.roster.is_kind(*(self.kinds or (kind.name for kind in world.kinds))).astype(np.float32)
        return state.events[self.event] * (self.amount * gets)


@register
@frozen
class Reach:
    """So much for being where a target is: for each step that an agent acted and stands on the target's cell."""

    targets: tuple[tuple[str, str], ...]
    """Pairs of an agent and its target, by name."""
    amount: float = 1.0
    """What it brings."""

    def pay(self, world: World, before: GridState, state: GridState) -> Array:
        """From where they stand after the step, `[N]`."""
        there = on_target(world, state, self.targets) & before.asks
        return jnp.where(there, self.amount, 0.0)


def on_target(world: World, state: GridState, targets: tuple[tuple[str, str], ...]) -> Array:
    """Who stands on its target's cell, `[N]` bool; nobody without a target does."""
    goal = np.arange(world.size)
    for agent, target in targets:
        goal[world.roster.place(agent)] = world.roster.place(target)
    same = (state.row == state.row[goal]) & (state.column == state.column[goal])
    return same & (goal != np.arange(world.size))
