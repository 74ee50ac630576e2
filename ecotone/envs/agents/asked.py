"""A deployed policy of many agents: observations by agent in, actions by agent out, with no environment at hand."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone.envs.agents.grouped import Grouped, GroupedState
from ecotone.envs.agents.seats import Seats
from ecotone.groups import World
from ecotone.mistakes import Mistake, nearest
from ecotone.spec import from_environment, to_environment, zeros
from ecotone.teams import AgentSteps
from ecotone.trajectory import TimeStep, Tree


class Copies(NamedTuple):
    """How many copies of the environment there are; what stands for a stream that somebody else steps."""

    lanes: int


class Known(NamedTuple):
    """What is remembered between calls: of groups, and who was asked in this episode, by team `[B, A]`."""

    grouped: GroupedState
    alive: dict[str, np.ndarray]


def in_rows(world: World, observations: Mapping[str, Any]) -> dict[str, Tree]:
    """Observations by agent as rows have them; raises `Mistake` for agents that are not known, and where there are none."""
    if not observations:
        raise Mistake("nobody is asked: give the observations of one agent at least, by name.")
    for agent in observations:
        if agent not in world.agents:
            raise Mistake(f"there is no agent '{agent}'.{nearest(agent, world.agents)}")
    return {agent: from_environment(world.spec(agent).observation, seen) for agent, seen in observations.items()}


class Asked:
    """Turns observations by agent into the time steps that groups see, and the groups' actions into those of agents.

    Arguments:
        world: everybody in the environment.
        seats: where the agents of each group sit.
        copies: how many environments are asked for at once.
    """

    def __init__(self, world: World, seats: tuple[Seats, ...], copies: int) -> None:
        self.world, self.copies = world, copies
        self._grouped = Grouped(Copies(copies), world, seats)  # type: ignore[arg-type]

    def begin(self) -> Known:
        """Nobody was asked yet."""
        alive = {name: np.zeros((self.copies, len(team.agents)), bool) for name, team in self.world.teams}
        return Known(self._grouped.blank((), np.ones(self.copies, bool)), alive)

    def told(
        self, known: Known, observations: Mapping[str, Tree], is_first: np.ndarray, rewards: Mapping[str, Any], state: Tree
    ) -> tuple[Known, TimeStep]:
        """The time step by group, of observations `[B, ...]` of the agents that are asked, as rows have them."""
        seen, asks, first, reward, alive = {}, {}, {}, {}, {}
        for name, team in self.world.teams:
            there = np.array([agent in observations for agent in team.agents])
            before = known.alive[name] & ~is_first[:, None]
            asks[name] = np.broadcast_to(there, before.shape).copy()
            first[name], alive[name] = asks[name] & ~before, asks[name] | before
            blank = zeros(team.spec.observation, (self.copies,))
            each = [observations.get(agent, blank) for agent in team.agents]
            seen[name] = jax.tree.map(lambda *leaves: np.stack(leaves, 1), *each)
            got = [np.broadcast_to(rewards.get(agent, 0.0), self.copies) for agent in team.agents]
            reward[name] = np.stack(got, 1).astype(np.float32)
        none = {name: np.zeros_like(ask) for name, ask in asks.items()}
        ones = {name: np.ones(ask.shape, np.float32) for name, ask in asks.items()}
        rows = AgentSteps(seen, first, asks, none, reward, ones, np.zeros(self.copies, bool), state)
        grouped, now = self._grouped.told(known.grouped._replace(over=is_first), rows)
        return Known(grouped, alive), now

    def answers(self, action: Mapping[str, Tree], observations: Mapping[str, Tree]) -> dict[str, Tree]:
        """Actions `[B, ...]` of the agents that are asked, in the environment's units, of those by group."""
        by_team, answers = self._grouped.by_team(dict(action)), {}
        for name, team in self.world.teams:
            for i, agent in enumerate(team.agents):
                if agent in observations:
                    chosen = jax.tree.map(lambda x, i=i: np.asarray(x)[:, i], by_team[name])
                    answers[agent] = to_environment(team.spec.action, chosen)
        return answers
