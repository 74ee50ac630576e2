"""Simulations that stand around others."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from gymnasium.spaces import Space

from ecotone.mistakes import Mistake
from ecotone.sim.agents import is_agent
from ecotone.sim.simulation import AgentBasedSimulation
from ecotone.sim.spaces import is_unset


class Wrapper(AgentBasedSimulation):
    """Passes everything on to the simulation inside; its agents are copies, whose spaces a subclass may change.

    Arguments:
        sim: the simulation inside, or another wrapper.
    """

    def __init__(self, sim: Any) -> None:
        self.sim = sim
        self.agents = {name: copy.copy(agent) for name, agent in sim.agents.items()}

    def reset(self, **kwargs: Any) -> None:
        """Begin an episode."""
        self.sim.reset(**kwargs)

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Go one step on."""
        self.sim.step(action_dict, **kwargs)

    def render(self, **kwargs: Any) -> Any:
        """Draw the state."""
        return self.sim.render(**kwargs)

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent sees now."""
        return self.sim.get_obs(agent_id, **kwargs)

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What the agent earned since this was last asked."""
        return self.sim.get_reward(agent_id, **kwargs)

    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the agent's episode has ended."""
        return self.sim.get_done(agent_id, **kwargs)

    def get_all_done(self, **kwargs: Any) -> bool:
        """Whether the whole episode has ended."""
        return self.sim.get_all_done(**kwargs)

    def get_info(self, agent_id: str, **kwargs: Any) -> Any:
        """Anything else worth telling of the agent."""
        return self.sim.get_info(agent_id, **kwargs)

    def get_truncated(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the agent's episode was only cut short; simulations of Abmarl's cannot say so."""
        get_truncated = getattr(self.sim, "get_truncated", None)
        return get_truncated is not None and get_truncated(agent_id, **kwargs)

    @property
    def next_agent(self) -> Any:
        """Who acts next, where the simulation inside decides that."""
        return self.sim.next_agent

    @property
    def unwrapped(self) -> Any:
        """The simulation inside all wrappers."""
        return getattr(self.sim, "unwrapped", self.sim)


class SARWrapper(Wrapper):
    """Changes what is seen, done and earned, by the functions that a subclass overrides.

    Observations and rewards come from the simulation and go to the learner (`wrap_observation`, `wrap_reward`), actions go
    the other way (`wrap_action`). The `unwrap_` functions turn these around, for those who need them.
    """

    def respace(
        self, whats: Sequence[str], space_of: Callable[[Space], Space], point_of: Callable[[Space, Any], Any]
    ) -> None:
        """Give every learning agent other spaces and null points of `whats`, `observation` or `action`.

        Arguments:
            whats: of what.
            space_of: the new space of an old one; a `Mistake` that it raises is told with the agent's name.
            point_of: the new point of an old space's.
        """
        for name, agent in self.agents.items():
            if not is_agent(agent):
                continue
            inside = self.sim.agents[name]
            for what in whats:
                space, null = getattr(inside, f"{what}_space"), getattr(inside, f"null_{what}", None)
                try:
                    setattr(agent, f"{what}_space", space_of(space))
                except Mistake as mistake:
                    raise Mistake(f"the {what} space of agent '{name}': {mistake}") from mistake
                setattr(agent, f"null_{what}", None if is_unset(null) else point_of(space, null))

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Go one step on with wrapped actions."""
        wrapped = {name: self.wrap_action(self.sim.agents[name], action) for name, action in action_dict.items()}
        self.sim.step(wrapped, **kwargs)

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent sees now, wrapped."""
        return self.wrap_observation(self.sim.agents[agent_id], self.sim.get_obs(agent_id, **kwargs))

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What the agent earned, wrapped."""
        return self.wrap_reward(self.sim.get_reward(agent_id, **kwargs))

    def wrap_observation(self, from_agent: Any, observation: Any) -> Any:
        """From the simulation's observation to the learner's; `from_agent` is the agent inside."""
        return observation

    def unwrap_observation(self, from_agent: Any, observation: Any) -> Any:
        """From the learner's observation to the simulation's."""
        return observation

    def wrap_action(self, from_agent: Any, action: Any) -> Any:
        """From the learner's action to the simulation's."""
        return action

    def unwrap_action(self, from_agent: Any, action: Any) -> Any:
        """From the simulation's action to the learner's."""
        return action

    def wrap_reward(self, reward: float) -> float:
        """From the simulation's reward to the learner's."""
        return reward

    def unwrap_reward(self, reward: float) -> float:
        """From the learner's reward to the simulation's."""
        return reward
