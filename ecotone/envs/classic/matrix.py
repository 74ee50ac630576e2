"""Games of two agents that share every reward, given by tables."""

from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Space, Spec
from ecotone.teams import Shown, Team

Array = Any
Key = Any
TEAM = "team"
PAIR = ("agent_0", "agent_1")
Payoff = tuple[tuple[float, ...], ...]
"""Of the team: a row for each choice of the first agent, a column for each of the second."""


def shown(seen: Array, reward: Array, over: Array) -> Shown:
    """Both agents see `seen`, which is the global state too, get half of the team's reward each, and end together."""
    both = jnp.broadcast_to(jnp.asarray(over), (2,))
    each = jnp.broadcast_to(jnp.asarray(reward, jnp.float32) / 2.0, (2,))
    of_team = lambda x: {TEAM: x}
    there = of_team(jnp.stack([seen, seen])), of_team(~both), of_team(each)
    return Shown(*there, of_team(both), of_team(jnp.zeros(2, bool)), jnp.asarray(over), seen)


@frozen
class MatrixGame:
    """One choice each, and the reward that the table has for both together; there is nothing to see."""

    payoff: Payoff = ((11.0, -30.0, 0.0), (-30.0, 7.0, 6.0), (0.0, 0.0, 5.0))
    """What the team gets: rows are the choices of the first agent, columns of the second, as many."""

    @property
    def teams(self) -> Mapping[str, Team]:
        """Two agents that see a one, and choose."""
        return {TEAM: Team(PAIR, Spec(Box((1,), low=0.0, high=1.0), Discrete(len(self.payoff))))}

    @property
    def state_space(self) -> Space | None:
        """What both see."""
        return Box((1,), low=0.0, high=1.0)

    @property
    def simultaneous(self) -> bool:
        """True: both choose at once."""
        return True

    def reset(self, key: Key) -> tuple[Array, Shown]:
        """Nothing varies."""
        return jnp.ones(1), shown(jnp.ones(1), jnp.zeros(()), jnp.zeros((), bool))

    def step(self, state: Array, action: dict[str, Array], key: Key) -> tuple[Array, Shown]:
        """The table's reward, and the end."""
        first, second = action[TEAM]
        return state, shown(state, jnp.asarray(self.payoff)[first, second], jnp.ones((), bool))


@frozen
class Climbing(MatrixGame):
    """The climbing game (Claus & Boutilier 1998): the best pair of choices, 11, lies beside the worst, -30."""


@frozen
class Penalty(MatrixGame):
    """The penalty game (Claus & Boutilier 1998): two best pairs of choices, 10, which cost 100 where they are mixed up."""

    payoff: Payoff = ((10.0, 0.0, -100.0), (0.0, 2.0, 0.0), (-100.0, 0.0, 10.0))
    """What the team gets: rows are the choices of the first agent, columns of the second, as many."""


@frozen
class TwoStep:
    """The first agent picks one of two tables, then both choose: 7 for certain, or up to 8 (arXiv:1803.11485, section 5).

    To value the better table rightly, the values of the agents must not just be added: with choices at random, a sum
    values it at no more than 6.5 and picks the other.
    """

    safe: Payoff = ((7.0, 7.0), (7.0, 7.0))
    """Table behind choice 0 of the first agent."""
    risky: Payoff = ((0.0, 1.0), (1.0, 8.0))
    """Table behind choice 1."""

    @property
    def teams(self) -> Mapping[str, Team]:
        """Two agents that see which of three places they are in, and choose between two."""
        return {TEAM: Team(PAIR, Spec(self.state_space, Discrete(2)))}

    @property
    def state_space(self) -> Space:
        """The beginning, the safe table or the risky one; nothing at the end."""
        return Box((3,), low=0.0, high=1.0)

    @property
    def simultaneous(self) -> bool:
        """True: both choose at once, although the second one's first choice changes nothing."""
        return True

    def reset(self, key: Key) -> tuple[Array, Shown]:
        """The beginning."""
        return jnp.zeros((), jnp.int32), self._shown(jnp.zeros((), jnp.int32), jnp.zeros(()))

    def step(self, state: Array, action: dict[str, Array], key: Key) -> tuple[Array, Shown]:
        """To a table for nothing, then its reward and the end."""
        first, second = action[TEAM]
        tables = jnp.asarray([self.safe, self.risky])
        after = jnp.where(state == 0, 1 + first, 3).astype(jnp.int32)
        reward = jnp.where(state == 0, 0.0, tables[jnp.maximum(state - 1, 0), first, second])
        return after, self._shown(after, reward)

    def _shown(self, place: Array, reward: Array) -> Shown:
        return shown((place == jnp.arange(3)).astype(jnp.float32), reward, place == 3)
