"""When agents, and all, are done."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.cells import Rules, pairs, table
from ecotone.gridworld.components import World, register
from ecotone.gridworld.rewards import on_target
from ecotone.gridworld.state import GridState

Array = Any
Targets = tuple[tuple[str, str], ...]


@register
@frozen
class Inactive:
    """An agent is done when it is not active; all are when nobody is."""

    def ended(self, world: World, state: GridState) -> Array:
        """The inactive."""
        return ~state.active

    def over(self, world: World, state: GridState) -> Array:
        """Nobody is active."""
        return ~state.active.any()


@register
@frozen
class OneTeamRemaining:
    """An agent is done when it is not active; all are when those who are active have the same encoding."""

    def ended(self, world: World, state: GridState) -> Array:
        """The inactive."""
        return ~state.active

    def over(self, world: World, state: GridState) -> Array:
        """One encoding is left, or none."""
        encoding = world.roster.encoding
        most = jnp.where(state.active, encoding, 0).max()
        return most == jnp.where(state.active, encoding, most).min()


@register
@frozen
class TargetOverlap:
    """An agent is done when it stands on its target's cell; all are when everyone with a target is."""

    targets: Targets
    """Pairs of an agent and its target, by name."""

    def ended(self, world: World, state: GridState) -> Array:
        """Those on their targets."""
        return on_target(world, state, self.targets)

    def over(self, world: World, state: GridState) -> Array:
        """All are on their targets."""
        members = np.asarray([world.roster.place(agent) for agent, _ in self.targets])
        return self.ended(world, state)[members].all()


@register
@frozen
class TargetInactive:
    """An agent is done when its target is not active; all are when everyone with a target is."""

    targets: Targets
    """Pairs of an agent and its target, by name."""

    def ended(self, world: World, state: GridState) -> Array:
        """Those whose targets are inactive."""
        agents, targets = (np.asarray([world.roster.place(pair[i]) for pair in self.targets]) for i in (0, 1))
        return jnp.zeros(world.size, bool).at[agents].set(~state.active[targets])

    def over(self, world: World, state: GridState) -> Array:
        """All targets are inactive."""
        return ~state.active[np.asarray([world.roster.place(target) for _, target in self.targets])].any()


@register
@frozen
class EncodingInactive:
    """An agent is done when nobody is active of the encodings that its own is mapped to."""

    mapping: Rules
    """From encodings to their targets' encodings, one or several."""
    one_is_enough: bool = True
    """Whether all are done when the targets of one encoding are gone, instead of those of every encoding."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mapping", pairs(self.mapping))

    def ended(self, world: World, state: GridState) -> Array:
        """Those with targets of which none is active."""
        targets = table(world.kinds, pairs(self.mapping), "the mapping of EncodingInactive")
        return targets.any(1) & ~(targets & state.active).any(1)

    def over(self, world: World, state: GridState) -> Array:
        """The targets of one encoding (or of every one) are gone."""
        encoding = world.roster.encoding
        gone = [~(state.active & np.isin(encoding, others)).any() for _, others in pairs(self.mapping)]
        return jnp.stack(gone).any() if self.one_is_enough else jnp.stack(gone).all()
