"""To build and to harvest."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.cells import inside, reach
from ecotone.gridworld.chance import uniform
from ecotone.gridworld.components import Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import DOWN, RIGHT
from ecotone.gridworld.state import GridState
from ecotone.spec import Discrete

Array = Any


@register
@frozen
class Build:
    """Put an agent of another kind on a cell to the left (1), below (2), right (3) or above (4), or do not build (0).

    It takes the first of that kind who is off the grid. `build_failed`: nobody is left, the cell is off the grid, or
    somebody who is there does not let it in.
    """

    material: str
    """Name of the kind that is built with; it is in reserve, or its agents come back after they left the grid."""
    key = "build"
    words = 0
    events = ("built", "build_failed")

    def serves(self, kind: Kind) -> bool:
        """Those with a build range; they build that many cells away."""
        return kind.build_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Five choices."""
        return Discrete(5)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Build."""
        material = world.roster.is_kind(self.material)
        far = jnp.asarray(world.roster.each(lambda kind: reach(kind.build_range, world.rows, world.columns), "int32"))[agent]
        row, column = (
            state.row[agent] + far * jnp.asarray(DOWN)[action],
            state.column[agent] + far * jnp.asarray(RIGHT)[action],
        )
        spare = material & ~state.active
        new = spare & (np.arange(world.size) == jnp.argmax(spare))
        there = state.active & (state.row == row) & (state.column == column)
        clash = jnp.asarray(world.clash)[jnp.argmax(spare)]
        can = (action > 0) & inside(world, row, column) & ~(there & clash).any()
        new &= can
        built = state._replace(
            row=jnp.where(new, row, state.row), column=jnp.where(new, column, state.column), active=state.active | new,
            health=jnp.where(new, 1.0, state.health), ended=state.ended & ~new,
        )  # fmt: skip
        return built, {"built": new.any(), "build_failed": (action > 0) & ~new.any()}


@register
@frozen
class Harvest:
    """Take from a resource within the harvest range (1), or not (0), in turn; what is taken comes out of its health.

    The nearest one is taken from, the first of those as near. `harvested` counts the units, `harvest_failed` that there was
    none. A resource whose health is at 0 is off the grid, until something lets it grow again.
    """

    resources: tuple[int, ...]
    """Encodings of resources."""
    amount: float = 1.0
    """Units taken at once, if there are as many; an agent's health is at most 1."""
    key = "harvest"
    words = 0
    events = ("harvested", "harvest_failed")

    def serves(self, kind: Kind) -> bool:
        """Those with a harvest range."""
        return kind.harvest_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Take or not."""
        return Discrete(2)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Take."""
        far = jnp.asarray(world.roster.each(lambda kind: reach(kind.harvest_range, world.rows, world.columns), "int32"))[
            agent
        ]
        away = jnp.maximum(abs(state.row - state.row[agent]), abs(state.column - state.column[agent]))
        within = np.isin(world.roster.encoding, self.resources) & state.active & (away <= far)
        order = jnp.where(within, away * world.size + np.arange(world.size), np.int32(2**30))
        source = within & (order == order.min()) & (action > 0)
        taken = jnp.where(source, jnp.minimum(state.health, self.amount), 0.0)
        units = taken.sum()
        me = np.arange(world.size) == agent
        left = state.hurt(taken)._replace(stock=state.stock + jnp.where(me, units, 0.0))
        return left, {"harvested": units, "harvest_failed": (action > 0) & ~source.any()}


@register
@frozen
class Regrow:
    """Resources that are off the grid come back to where they were, each with a probability at every step."""

    resources: tuple[int, ...]
    """Encodings of resources."""
    probability: float = 0.01
    """Of each, at each step."""
    words = 1
    events = ("regrown",)

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Bring them back."""
        gone = np.isin(world.roster.encoding, self.resources) & ~state.active & (state.row >= 0)
        back = gone & (uniform(words[0], np.arange(world.size)) < self.probability)
        grown = state._replace(active=state.active | back, health=jnp.where(back, 1.0, state.health))
        return grown, {"regrown": back}
