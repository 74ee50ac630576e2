"""Between simulations and RLlib's environments of many agents; Ray need not be installed."""

from typing import Any

from gymnasium import spaces

from ecotone.mistakes import Mistake
from ecotone.sim.dictionaries import DictionarySimulation
from ecotone.sim.managers import SimulationManager

try:
    from ray.rllib.env.multi_agent_env import MultiAgentEnv
except ImportError:
    MultiAgentEnv = object


class RLlibEnvironment(MultiAgentEnv):  # type: ignore[misc, valid-type]
    """A managed simulation as RLlib has them: a `MultiAgentEnv` where Ray is installed, and as good without.

    Arguments:
        manager: manages the simulation.
    """

    def __init__(self, manager: SimulationManager) -> None:
        super().__init__()
        self.sim = manager
        self.possible_agents = list(manager.possible_agents)
        self.agents = list(manager.possible_agents)
        self.observation_spaces = {name: manager.observation_space(name) for name in self.possible_agents}
        self.action_spaces = {name: manager.action_space(name) for name in self.possible_agents}
        self.observation_space, self.action_space = spaces.Dict(self.observation_spaces), spaces.Dict(self.action_spaces)
        self.simultaneous = manager.simultaneous

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode."""
        self.agents = list(self.possible_agents)
        return self.sim.reset(seed=seed, options=options)

    def step(self, action_dict: dict[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Take the actions of those who were shown."""
        told = self.sim.step(action_dict)
        self.agents = [name for name in self.agents if name not in self.sim.done_agents]
        return tuple(told)  # type: ignore[return-value]

    def render(self) -> Any:
        """A picture of the simulation `[H, W, 3]`."""
        return self.sim.render()

    def close(self) -> None:
        """Free what the simulation holds."""
        self.sim.close()


def to_rllib(manager: SimulationManager) -> RLlibEnvironment:
    """A managed simulation as an environment of RLlib's."""
    return RLlibEnvironment(manager)


def from_rllib(
    env: Any, null_observation: dict[str, Any] | None = None, null_action: dict[str, Any] | None = None
) -> DictionarySimulation:
    """An environment of RLlib's as a simulation, for `DynamicOrderManager`; raises `Mistake` for what has no agents."""
    if not getattr(env, "possible_agents", None):
        raise Mistake(f"{type(env).__name__} has no `possible_agents`, so it is not known whose spaces to ask for.")
    return DictionarySimulation(env, null_observation, null_action)
