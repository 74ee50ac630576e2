"""Messages: numbers that agents broadcast to those near them, and average with what they hear."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.blocking import in_sight
from ecotone.gridworld.cells import Rules, pairs, reach, table
from ecotone.gridworld.chance import uniform
from ecotone.gridworld.components import Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState
from ecotone.spec import Box, Discrete

Array = Any


@register
@frozen
class Broadcast:
    """Send one's message (1) to all within the broadcast range who are not hidden, or not (0).

    All who send do so at once; then everybody's message becomes the mean of its own and of those it heard.
    """

    mapping: Rules
    """From encodings to those, one or several, that hear them."""
    key = "broadcast"
    words = 0
    events = ("sent",)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mapping", pairs(self.mapping))

    def serves(self, kind: Kind) -> bool:
        """Those with a broadcast range."""
        return kind.broadcast_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Send or not."""
        return Discrete(2)

    def act_together(
        self, world: World, state: GridState, members: np.ndarray, acting: Array, action: Array, words: Array
    ) -> tuple[GridState, Events]:
        """All send at once."""
        sends = acting & (action > 0)
        heard = hears(world, state, members, pairs(self.mapping)) & sends[:, None]
        total = (heard * state.message[members][:, None]).sum(0)
        mean = (state.message + total) / (1 + heard.sum(0))
        kept = state.parts | {"heard": _by_sender(world, state, members, heard)}
        return state._replace(message=mean.astype(jnp.float32), parts=kept), {"sent": sends}


@register
@frozen
class HeardMessages:
    """What the agent heard in the last step, by sender, and its own message at its own place, `[senders]`; 0: nothing."""

    key = "message"

    def serves(self, kind: Kind) -> bool:
        """Those with a broadcast range."""
        return kind.broadcast_range is not None

    def space(self, world: World, kind: Kind) -> Box:
        """A message each."""
        return Box((int(world.roster.each(self.serves, "bool").sum()),), low=-1.0, high=1.0)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Messages, `[A, senders]`."""
        senders = np.flatnonzero(world.roster.each(self.serves, "bool"))
        where = np.arange(world.size)[world.roster.of(kind)]
        return jnp.where(where[:, None] == senders, state.message[senders], state.parts["heard"][:, where].T)


@register
@frozen
class Messages:
    """First messages as the kinds say; where they say none, drawn uniformly from -1 to 1; 0 for those that send none."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Set them for all; nothing has been heard."""
        sends = world.roster.each(lambda kind: kind.broadcast_range is not None, "bool")
        given = world.roster.each(lambda kind: np.nan if kind.message is None else kind.message, "float32")
        drawn = 2.0 * uniform(word, np.arange(world.size)) - 1.0
        first = jnp.where(np.isnan(given), drawn, np.nan_to_num(given))
        silence = {"heard": jnp.zeros((int(sends.sum()), world.size), jnp.float32)}
        return state._replace(message=jnp.where(sends, first, 0.0).astype(jnp.float32), parts=state.parts | silence)


@register
@frozen
class Agreement:
    """A sender is done when its message is within a tolerance of the mean of all senders'; all are when everyone is."""

    tolerance: float
    """How far its message may be from the mean."""

    def ended(self, world: World, state: GridState) -> Array:
        """Those who agree."""
        sends = world.roster.each(lambda kind: kind.broadcast_range is not None, "bool")
        mean = jnp.where(sends, state.message, 0).sum() / sends.sum()
        return sends & (abs(state.message - mean) <= self.tolerance)

    def over(self, world: World, state: GridState) -> Array:
        """Everyone agrees."""
        sends = world.roster.each(lambda kind: kind.broadcast_range is not None, "bool")
        return (self.ended(world, state) | ~sends).all()


def hears(world: World, state: GridState, members: np.ndarray, mapping: Rules) -> Array:
    """`[m, j]`: what member m sends, agent j hears: within range, not hidden, on the grid, of the right encoding."""
    far = max(reach(kind.broadcast_range, world.rows, world.columns) for kind in world.kinds)
    own = world.roster.each(lambda kind: reach(kind.broadcast_range, world.rows, world.columns), "int32")[members, None]
    down = state.row - state.row[members][:, None]
    right = state.column - state.column[members][:, None]
    near = (abs(down) <= own) & (abs(right) <= own)
    sight = in_sight(world, state, state.row[members], state.column[members], far)
    seen = jnp.take_along_axis(sight, jnp.where(near, (down + far) * (2 * far + 1) + right + far, 0), 1)
    right_ones = table(world.kinds, pairs(mapping), "the mapping of Broadcast")[members]
    listens = world.roster.each(lambda kind: kind.broadcast_range is not None, "bool")
    other = members[:, None] != np.arange(world.size)
    return near & seen & right_ones & listens & other & state.active & state.active[members][:, None]


def _by_sender(world: World, state: GridState, members: np.ndarray, heard: Array) -> Array:
    """The messages that were heard by all senders of the world, `[senders, N]`; zeros from those who did not send."""
    senders = np.flatnonzero(world.roster.each(lambda kind: kind.broadcast_range is not None, "bool"))
    said = heard * state.message[members][:, None]
    return jnp.zeros((len(senders), world.size), jnp.float32).at[np.searchsorted(senders, members)].set(said)
