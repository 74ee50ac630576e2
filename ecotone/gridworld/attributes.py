"""What agents have at reset, beside their places."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.chance import shuffled, uniform
from ecotone.gridworld.components import World, register
from ecotone.gridworld.state import GridState

Array = Any


@register
@frozen
class Health:
    """Health as the kinds say; where they say none, drawn uniformly above 0 and up to 1."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Set it for all."""
        given = world.roster.each(lambda kind: np.nan if kind.health is None else kind.health, "float32")
        drawn = 1.0 - uniform(word, np.arange(world.size))
        return state._replace(health=jnp.where(np.isnan(given), drawn, np.nan_to_num(given)).astype(jnp.float32))


@register
@frozen
class Ammunition:
    """Ammunition as the kinds say; those without limit have 0, which nothing reads."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Set it for all."""
        return state._replace(ammunition=jnp.asarray(world.roster.each(lambda kind: kind.ammunition or 0, "int32")))


@register
@frozen
class Orientation:
    """Orientation as the kinds say, or drawn from 1 left, 2 down, 3 right, 4 up; 0 for those without."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Set it for all."""
        code = lambda kind: -1 if kind.orientation == "random" else kind.orientation or 0
        given = world.roster.each(code, "int32")
        drawn = (1 + shuffled(word, np.arange(world.size)) % np.uint32(4)).astype(jnp.int32)
        return state._replace(orientation=jnp.where(given < 0, drawn, given))
