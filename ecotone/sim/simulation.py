"""The interface that a simulation of agents fulfils."""

from abc import ABC, abstractmethod
from collections.abc import Collection
from functools import cached_property
from typing import Any

import numpy as np

from ecotone.mistakes import Mistake


class AgentBasedSimulation(ABC):
    """A world of agents that is stepped from outside, and asked what came of it.

    `reset` and `step` return nothing: observations, rewards and endings are part of the simulation's state, and a manager
    reads them with the getters when an agent's turn to report has come. A reward is what came together since it was last
    read: add to it in `step`, and set it to zero in `get_reward`.

    A subclass sets `agents` and calls `finalize()` at the end of its `__init__`. It draws from `self.generator`, so that a
    seed decides what happens; simulations that draw from Python's `random` or `numpy.random` are seeded as well, because
    managers lend each copy a state of its own of these (some 20 µs a step, which `draws_globally = False` saves).

    Arguments:
        agents: by id.
    """

    draws_globally = True
    """Whether it may draw from Python's `random` or from `numpy.random` itself."""

    def __init__(self, agents: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self.agents = {} if agents is None else agents

    @property
    def agents(self) -> dict[str, Any]:
        """All agents and other entities, by id."""
        return self._agents

    @agents.setter
    def agents(self, value: Any) -> None:
        if not isinstance(value, dict):
            raise Mistake(f"agents are a dictionary by id, not {type(value).__name__}.")
        for name, agent in value.items():
            if not hasattr(agent, "id"):
                raise Mistake(f"agent '{name}' has no id: it should be an Agent, but is {type(agent).__name__}.")
            if agent.id != name:
                raise Mistake(f"the agent under the key '{name}' has the id '{agent.id}': they must be the same.")
        self._agents = value

    @cached_property
    def generator(self) -> np.random.Generator:
        """What the simulation draws from; a manager's `reset(seed=...)` seeds it."""
        return np.random.default_rng()

    def reseed(self, seed: int) -> None:
        """Begin `generator` anew from a seed."""
        self.generator = np.random.default_rng(seed)

    def finalize(self) -> None:
        """Make and check the agents' spaces; the last thing a simulation's `__init__` does."""
        for agent in self.agents.values():
            agent.finalize()
            if not agent.configured:
                raise Mistake(f"agent '{agent.id}' lacks a space: does its `finalize` call `super().finalize()`?")

    @abstractmethod
    def reset(self, **kwargs: Any) -> None:
        """Begin an episode; what the caller gives as options arrives as arguments."""

    @abstractmethod
    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Go one step on with the actions of those agents that were asked, by id."""

    @abstractmethod
    def render(self, **kwargs: Any) -> Any:
        """Draw the state, on the matplotlib figure `fig` where one is given."""

    @abstractmethod
    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent sees now."""

    @abstractmethod
    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What the agent earned since this was last asked."""

    @abstractmethod
    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the agent's episode has ended, for good or not."""

    @abstractmethod
    def get_all_done(self, **kwargs: Any) -> bool:
        """Whether the whole episode has ended."""

    @abstractmethod
    def get_info(self, agent_id: str, **kwargs: Any) -> Any:
        """Anything else worth telling of the agent."""

    def get_truncated(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the agent's episode, where it ends, was only cut short, so that the future would have had a worth."""
        return False


class DynamicOrderSimulation(AgentBasedSimulation):
    """A simulation that decides itself who acts next: set `next_agent` in `reset` and `step`."""

    @property
    def next_agent(self) -> Collection[str]:
        """Ids of those who report and act next."""
        return self._next_agent

    @next_agent.setter
    def next_agent(self, value: Any) -> None:
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, Collection):
            raise Mistake(f"the next agent is an id, or several of them, not {value!r}.")
        if strangers := [name for name in value if name not in self.agents]:
            raise Mistake(f"the next agent '{strangers[0]}' is none of the simulation's: {', '.join(self.agents)}.")
        self._next_agent = value
