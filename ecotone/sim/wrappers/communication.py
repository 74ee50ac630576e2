"""Messages that one agent offers and another takes."""

from typing import Any

from gymnasium.spaces import Dict, Discrete

from ecotone.sim.agents import is_agent
from ecotone.sim.wrappers.wrapper import Wrapper


class CommunicationHandshakeWrapper(Wrapper):
    """Agents offer each other what they see, and take it or not.

    An action becomes `action`, `send` and `receive`, an observation `obs` and `message_buffer`; all but the first of each
    have a 0 or 1 for every other agent, as Abmarl has it, be it one that learns or not. In a step, those who act first take
    what lies in their buffer and what they consent to, their buffers are cleared, the simulation inside goes on, and what
    they send is put into the others' buffers. The simulation's `get_obs` is given `fusion_matrix`, true for those agents
    whose observations this one has just taken.

    Arguments:
        sim: the simulation inside.
    """

    def __init__(self, sim: Any) -> None:
        super().__init__(sim)
        for name in [name for name, agent in self.agents.items() if is_agent(agent)]:
            agent: Any = self.agents[name]
            others: Any = {other: Discrete(2) for other in self._others(name)}
            agent.action_space = Dict({"action": agent.action_space, "send": Dict(others), "receive": Dict(others)})
            agent.observation_space = Dict({"obs": agent.observation_space, "message_buffer": Dict(others)})
            agent.null_action = agent.null_observation = None

    def reset(self, **kwargs: Any) -> None:
        """Begin an episode without messages."""
        self.message_buffer = {name: dict.fromkeys(self._others(name), 0) for name in self.agents}
        self.received_message = {name: dict.fromkeys(self._others(name), False) for name in self.agents}
        self.sim.reset(**kwargs)

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Take messages, go one step on, send messages."""
        for name, action in action_dict.items():
            buffer = self.message_buffer[name]
            taken = {other: bool(offered and action["receive"][other]) for other, offered in buffer.items()}
            self.received_message[name] = taken
            self.message_buffer[name] = dict.fromkeys(buffer, 0)
        self.sim.step({name: action["action"] for name, action in action_dict.items()}, **kwargs)
        for name, action in action_dict.items():
            for other, sent in action["send"].items():
                self.message_buffer[other][name] = int(sent)

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent sees with what it has taken, and who offers it more."""
        seen = self.sim.get_obs(agent_id, fusion_matrix=self.received_message[agent_id], **kwargs)
        return {"obs": seen, "message_buffer": dict(self.message_buffer[agent_id])}

    def _others(self, name: str) -> list[str]:
        return [other for other in self.agents if other != name]
