"""A task of several agents that take turns and are paid late."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Discrete, Spec
from ecotone.teams import Shown, Team

Array = Any
Key = Any
NAMES = ("first", "second", "third")


class Turn(NamedTuple):
    """What each agent sees, whose turn it is, what it will be paid when the next one has moved, `[A]` and `[]`."""

    seen: Array
    turn: Array
    owed: Array


@frozen
class InTurn:
    """Agents move one after another, and whoever names the bit that it sees is paid 1, but only after the next one's move.

    A learner that takes rewards for those of the row before credits the wrong agent, and one that learns from rows on which
    an agent only waits is misled by the bits shown on these.
    """

    agents: int = 2
    """How many, up to three."""
    moves: int = 5
    """Moves in an episode, of all agents together."""

    @property
    def teams(self) -> Mapping[str, Team]:
        """One team, of which the first moves first."""
        return {"player": Team(NAMES[: self.agents], Spec(Discrete(2), Discrete(2)))}

    @property
    def state_space(self) -> None:
        """No state that is shown."""
        return

    @property
    def simultaneous(self) -> bool:
        """One moves, the others wait."""
        return False

    def reset(self, key: Key) -> tuple[Turn, Shown]:
        """New bits; the first agent is asked."""
        none = jnp.zeros(self.agents)
        state = Turn(self._bits(key), jnp.zeros((), jnp.int32), none)
        return state, self._shown(state, none)

    def step(self, state: Turn, action: dict[str, Array], key: Key) -> tuple[Turn, Shown]:
        """Pay what is owed, note what this move earns, and let the next one see a new bit."""
        mover = jnp.arange(self.agents) == state.turn % self.agents
        right = (action["player"] == state.seen) & mover
        after = Turn(self._bits(key), state.turn + 1, right.astype(jnp.float32))
        last = after.turn >= self.moves
        return after, self._shown(after, state.owed + jnp.where(last, after.owed, 0.0))

    def _bits(self, key: Key) -> Array:
        return jax.random.bernoulli(key, 0.5, (self.agents,)).astype(jnp.int32)

    def _shown(self, state: Turn, reward: Array) -> Shown:
        over = state.turn >= self.moves
        asks = (jnp.arange(self.agents) == state.turn % self.agents) & ~over
        by_team = ({"player": each} for each in (state.seen, asks, reward, jnp.broadcast_to(over, asks.shape), asks & False))
        return Shown(*by_team, over=over)
