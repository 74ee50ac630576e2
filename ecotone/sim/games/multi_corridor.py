"""Several agents in one corridor, all of whom want to leave it at its right end."""

from enum import IntEnum
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete, MultiBinary

from ecotone.sim.agents import Agent
from ecotone.sim.simulation import AgentBasedSimulation
from ecotone.sim.spaces import Box

STEP, BUMP, BUMPED = -1, -5, -2
"""What a step costs, what running into the wall or another agent costs, and what the other one pays."""


class MultiCorridor(AgentBasedSimulation):
    """Agents stand on squares of their own and step left, right, or stay; who enters the last square leaves and is done.

    Reaching the end pays the square of the corridor's length. An agent sees its position and whether its neighbouring
    squares are taken.

    Arguments:
        end: squares of the corridor.
        num_agents: how many begin in it, fewer than squares.
    """

    draws_globally = False

    class Actions(IntEnum):
        """What an agent may do."""

        LEFT = 0
        STAY = 1
        RIGHT = 2

    def __init__(self, end: int = 10, num_agents: int = 5) -> None:
        self.end = end
        seen = lambda: {"position": Box(0, end - 1, (1,), np.int64), "left": MultiBinary(1), "right": MultiBinary(1)}
        names = [f"agent{i}" for i in range(num_agents)]
        self.agents = {name: Agent(id=name, action_space=Discrete(3), observation_space=seen()) for name in names}
        self.finalize()

    def reset(self, positions: Any = None, **kwargs: Any) -> None:
        """Put the agents on squares of their own, at random or where `positions` says, in the order of the agents."""
        if positions is None:
            positions = self.generator.choice(self.end - 1, len(self.agents), replace=False)
        self.position = {name: int(square) for name, square in zip(self.agents, positions, strict=True)}
        self.corridor = {square: name for name, square in self.position.items()}
        self.reward = dict.fromkeys(self.agents, 0)

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Move one agent after the other."""
        for name, action in action_dict.items():
            if action == self.Actions.STAY:
                self.reward[name] += STEP
            else:
                self._move(name, self.position[name] + (1 if action == self.Actions.RIGHT else -1))

    def _move(self, name: str, square: int) -> None:
        if square < 0 or square in self.corridor:
            self.reward[name] += BUMP
            if square in self.corridor:
                self.reward[self.corridor[square]] += BUMPED
            return
        del self.corridor[self.position[name]]
        self.position[name] = square
        if square == self.end - 1:
            self.reward[name] += self.end**2
        else:
            self.corridor[square] = name
            self.reward[name] += STEP

    def render(self, fig: Any = None, **kwargs: Any) -> None:
        """Draw the squares with the goal, and on them the agents that are still there."""
        from matplotlib import pyplot

        axes = (fig or pyplot.figure()).gca()
        axes.clear()
        axes.set(xlim=(-0.5, self.end - 0.5), ylim=(-0.5, 0.5), yticks=[], aspect="equal")
        axes.set_xticks(np.arange(-0.5, self.end), labels=[])
        axes.grid(axis="x")
        axes.axvspan(self.end - 1.5, self.end - 0.5, color="0.9")
        for square, name in self.corridor.items():
            axes.scatter(square, 0, s=200, marker="s", color=f"C{list(self.agents).index(name)}")
            axes.annotate(name.removeprefix("agent"), (square, 0), ha="center", va="center", color="white")

    def get_obs(self, agent_id: str, **kwargs: Any) -> dict[str, np.ndarray]:
        """Its position, and whether the squares beside it are taken."""
        square = self.position[agent_id]
        taken = lambda beside: np.array([beside in self.corridor], np.int8)
        return {"position": np.array([square]), "left": taken(square - 1), "right": taken(square + 1)}

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What came together since it was last read."""
        earned, self.reward[agent_id] = self.reward[agent_id], 0
        return earned

    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether it has left."""
        return self.position[agent_id] == self.end - 1

    def get_all_done(self, **kwargs: Any) -> bool:
        """Whether all have left."""
        return all(map(self.get_done, self.agents))

    def get_info(self, agent_id: str, **kwargs: Any) -> dict[str, Any]:
        """Nothing."""
        return {}
