"""What a grid world is at one moment."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from ecotone.gridworld.kinds import Roster

Array = Any
Tree = Any


class GridState(NamedTuple):
    """All agents side by side, `[N]` each, as in the world's roster.

    Attributes:
        row, column: where it stands, or stood when it left the grid; -1 before it ever came, int32.
        active: it is alive and on the grid, bool.
        health: 0 to 1, float32.
        ammunition: hits left; meaningless without limit, int32.
        orientation: 1 left, 2 down, 3 right, 4 up, 0 none, int32.
        message: what it would broadcast, -1 to 1, float32.
        stock: what it has harvested, float32.
        ended: its episode is over, bool.
        asks: it was asked for its next action, bool.
        events: what happened in the last step, by the names that components declare, how often to each, float32; always
            there are `acted` (it was asked), `killed` (its health came to 0) and `ended` (its episode is over for good).
        turn: who is next where turns are taken: place in the order of the agents that learn, `[]` int32.
        time: steps since reset, `[]` int32.
        parts: what components of your own keep, by their keys.
    """

    row: Array
    column: Array
    active: Array
    health: Array
    ammunition: Array
    orientation: Array
    message: Array
    stock: Array
    ended: Array
    asks: Array
    events: dict[str, Array]
    turn: Array
    time: Array
    parts: dict[str, Tree]

    @property
    def position(self) -> Array:
        """Rows and columns, `[..., N, 2]`."""
        return jnp.stack([self.row, self.column], -1)

    def hurt(self, loss: Array) -> "GridState":
        """The state after each agent's health fell by `loss` `[N]`; who has none left is off the grid."""
        health = jnp.where(loss > 0, jnp.maximum(self.health - loss, 0.0), self.health)
        return self._replace(health=health, active=self.active & (health > 0))


def blank(roster: Roster, events: Mapping[str, Any] | tuple[str, ...]) -> GridState:
    """Nobody on the grid; health 1, no limit to ammunition, no orientation."""
    count = len(roster.names)
    nobody, zeros, never = jnp.zeros(count, bool), jnp.zeros(count, jnp.float32), jnp.full(count, -1, jnp.int32)
    whole, zero = jnp.zeros(count, jnp.int32), jnp.zeros((), jnp.int32)
    quiet = dict.fromkeys(sorted(events), zeros)
    return GridState(
        never, never, nobody, zeros + 1, whole, whole, zeros, zeros, nobody, nobody, quiet, zero, zero, {}
    )  # fmt: skip
