"""A pole for each of several agents, compiled."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.classic.state import Motion
from ecotone.frozen import frozen
from ecotone.teams import Shown, Team

Array = Any
Key = Any


class Poles(NamedTuple):
    """Every agent's pole, and who still balances one, `[A]`."""

    motion: Motion
    alive: Array


@frozen
class MultiAgentCartPole:
    """Each agent balances a pole of its own; one whose pole fell is out, and the episode is over when all are.

    The first task of RLlib's for many agents: it has nothing to coordinate, so that each agent should do as well as alone.
    """

    agents: int = 4
    """How many."""
    pole: CartPole = CartPole()
    """Each agent's task."""

    @property
    def teams(self) -> Mapping[str, Team]:
        """One team of agents alike."""
        return {"agent": Team(tuple(f"agent_{i}" for i in range(self.agents)), self.pole.spec)}

    @property
    def state_space(self) -> None:
        """No state beyond what the agents see."""
        return

    @property
    def simultaneous(self) -> bool:
        """All act at once."""
        return True

    def reset(self, key: Key) -> tuple[Poles, Shown]:
        """All poles upright."""
        motion, seen = jax.vmap(self.pole.reset)(jax.random.split(key, self.agents))
        alive = jnp.ones(self.agents, bool)
        return Poles(motion, alive), _shown(seen, alive, jnp.zeros(self.agents), ~alive, ~alive)

    def step(self, state: Poles, action: dict[str, Array], key: Key) -> tuple[Poles, Shown]:
        """Push every cart; the reward is 1 for each pole that was up before."""
        keys = jax.random.split(key, self.agents)
        motion, seen, reward, fell, late = jax.vmap(self.pole.step)(state.motion, action["agent"], keys)
        alive, fell, late = state.alive & ~fell & ~late, state.alive & fell, state.alive & late
        return Poles(motion, alive), _shown(seen, alive, reward * state.alive, fell, late)


def _shown(seen: Array, alive: Array, reward: Array, fell: Array, late: Array) -> Shown:
    by_team = ({"agent": each} for each in (seen, alive, reward, fell, late))
    return Shown(*by_team, over=~alive.any())
