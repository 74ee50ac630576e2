"""One learner that sees and acts for several agents."""

import warnings
from typing import Any

import numpy as np
from gymnasium.spaces import MultiBinary

from ecotone.mistakes import Mistake
from ecotone.sim.agents import Agent, is_agent
from ecotone.sim.spaces import is_unset
from ecotone.sim.wrappers.wrapper import Wrapper

MASK = "mask"
"""The part of a super agent's observation that says of each member whether it still takes part, 1 or 0."""


class SuperAgentWrapper(Wrapper):
    """Puts super agents in the place of their members.

    A super agent sees a dictionary of its members' observations and of `mask`, acts by a dictionary of their actions, earns
    the sum of what they earn, and is done when all of them are. A member that is done reports once more; from then on its
    null observation stands for it, its reward is left out and its actions are dropped.

    Arguments:
        sim: the simulation inside.
        super_agent_mapping: ids of members by the super agent's id; may be set anew later.

    Raises:
        Mistake: a super agent bears an agent's id, or a member is unknown, does not learn, or has two super agents.
    """

    def __init__(self, sim: Any, super_agent_mapping: dict[str, list[str]], **kwargs: Any) -> None:
        self.sim = sim
        self._warned = False
        self.super_agent_mapping = super_agent_mapping

    @property
    def super_agent_mapping(self) -> dict[str, list[str]]:
        """Ids of members by the super agent's id."""
        return self._mapping

    @super_agent_mapping.setter
    def super_agent_mapping(self, value: dict[str, list[str]]) -> None:
        if not isinstance(value, dict):
            raise Mistake(f"super_agent_mapping is a dictionary of lists of ids, not {value!r}.")
        self._super_of: dict[str, str] = {}
        for super_agent, members in value.items():
            self._enlist(super_agent, members)
        self._mapping = value
        self._observed: set[str] = set()
        self._paid: set[str] = set()
        uncovered = {name: agent for name, agent in self.sim.agents.items() if name not in self._super_of}
        self.agents = {name: self._super_agent(name) for name in value} | uncovered

    def _enlist(self, super_agent: Any, members: Any) -> None:
        if not isinstance(super_agent, str) or not isinstance(members, list | tuple):
            raise Mistake(
                f"super_agent_mapping has lists of ids under each super agent's id, not {members!r} at {super_agent!r}."
            )
        if super_agent in self.sim.agents:
            raise Mistake(f"'{super_agent}' is already the id of an agent: give the super agent another.")
        for member in members:
            if member not in self.sim.agents:
                raise Mistake(f"'{super_agent}' is to cover {member!r}, which is no agent of the simulation.")
            if member in self._super_of:
                raise Mistake(f"agent '{member}' is covered by '{self._super_of[member]}' and by '{super_agent}'.")
            if member == MASK or not is_agent(self.sim.agents[member]):
                why = "does not learn" if member != MASK else "has the name of the part that says who is alive"
                raise Mistake(f"agent '{member}' {why}, so '{super_agent}' cannot cover it.")
            self._super_of[member] = super_agent

    def _super_agent(self, name: str) -> Agent:
        members = {member: self.sim.agents[member] for member in self._mapping[name]}
        agent = Agent(
            id=name,
            observation_space={
                **{member: inside.observation_space for member, inside in members.items()},
                MASK: {member: MultiBinary(1) for member in members},
            },
            action_space={member: inside.action_space for member, inside in members.items()},
        )
        agent.finalize()
        return agent

    def reset(self, **kwargs: Any) -> None:
        """Begin an episode."""
        self._observed, self._paid = set(), set()
        self.sim.reset(**kwargs)

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Go one step on with the actions of members that are not done, and of agents without a super agent."""
        inside = {}
        for name, action in action_dict.items():
            self._check(name)
            if name in self._mapping:
                inside |= {member: act for member, act in action.items() if not self.sim.get_done(member)}
            else:
                inside[name] = action
        self.sim.step(inside, **kwargs)

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What an agent sees, or all members of a super agent."""
        self._check(agent_id)
        if agent_id not in self._mapping:
            return self.sim.get_obs(agent_id, **kwargs)
        seen: dict[str, Any] = {MASK: {}}
        for member in self._mapping[agent_id]:
            done = self.sim.get_done(member)
            seen[MASK][member] = np.array([not done], np.int8)
            seen[member] = self._null(member) if member in self._observed else self.sim.get_obs(member, **kwargs)
            if done:
                self._observed.add(member)
        return seen

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What an agent earned, or all members of a super agent together."""
        self._check(agent_id)
        if agent_id not in self._mapping:
            return self.sim.get_reward(agent_id, **kwargs)
        total = 0.0
        for member in self._mapping[agent_id]:
            if member not in self._paid:
                total += self.sim.get_reward(member, **kwargs)
            if self.sim.get_done(member):
                self._paid.add(member)
        return total

    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether an agent is done, or all members of a super agent are."""
        self._check(agent_id)
        return all(self.sim.get_done(member, **kwargs) for member in self._mapping.get(agent_id, [agent_id]))

    def get_truncated(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether an agent's episode was only cut short, or that of any member of a super agent."""
        return any(
            super(SuperAgentWrapper, self).get_truncated(m, **kwargs) for m in self._mapping.get(agent_id, [agent_id])
        )

    def get_info(self, agent_id: str, **kwargs: Any) -> Any:
        """Infos of an agent, or by member."""
        self._check(agent_id)
        if agent_id not in self._mapping:
            return self.sim.get_info(agent_id, **kwargs)
        return {member: self.sim.get_info(member, **kwargs) for member in self._mapping[agent_id]}

    @property
    def next_agent(self) -> list[str]:
        """Who acts next: a super agent where it is one of its members' turn."""
        named = self.sim.next_agent
        ordered: list[str] = (
            [n for n in self.sim.agents if n in named] if isinstance(named, set | frozenset) else list(named)
        )
        supers = [self._super_of.get(name, name) for name in ordered]
        return list(dict.fromkeys(supers))

    def _check(self, name: str) -> None:
        if name in self._super_of:
            raise Mistake(f"agent '{name}' is covered by '{self._super_of[name]}': ask that one.")

    def _null(self, member: str) -> Any:
        """What stands for a member that is done and has said so; a warning where nothing was given for that."""
        null = getattr(self.sim.agents[member], "null_observation", None)
        if not is_unset(null):
            return null
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"agent '{member}' is done and has no null_observation: super agents go on seeing what it would see.",
                stacklevel=4,
            )
        return self.sim.get_obs(member)
