"""Between simulations with one learning agent and Gymnasium's environments."""

from typing import Any

import gymnasium

from ecotone.mistakes import Mistake
from ecotone.sim.agents import Agent
from ecotone.sim.managers import ALL, SimulationManager
from ecotone.sim.simulation import AgentBasedSimulation


class GymnasiumEnvironment(gymnasium.Env):
    """The one learning agent of a managed simulation as a Gymnasium environment.

    Arguments:
        manager: manages a simulation in which exactly one agent both sees and acts.

    Raises:
        Mistake: none or several agents learn.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 5}  # noqa: RUF012 - Gymnasium has it so
    render_mode = "rgb_array"

    def __init__(self, manager: SimulationManager) -> None:
        if len(manager.possible_agents) != 1:
            many = ", ".join(manager.possible_agents)
            raise Mistake(f"a Gymnasium environment has one learning agent, but this simulation has {many}.")
        self.sim = manager
        (self.agent_id,) = manager.possible_agents
        self.observation_space = manager.observation_space(self.agent_id)
        self.action_space = manager.action_space(self.agent_id)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        super().reset(seed=seed)
        observations, infos = self.sim.reset(seed=seed, options=options)
        return observations[self.agent_id], infos[self.agent_id]

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take an action."""
        told, agent = self.sim.step({self.agent_id: action}), self.agent_id
        ends = [bool(flags[agent] or flags[ALL]) for flags in (told.terminations, told.truncations)]
        return told.observations[agent], float(told.rewards[agent]), ends[0], ends[1], told.infos[agent]

    def render(self) -> Any:
        """A picture of the simulation `[H, W, 3]`."""
        return self.sim.render()

    def close(self) -> None:
        """Free what the simulation holds."""
        self.sim.close()


class GymnasiumSimulation(AgentBasedSimulation):
    """A Gymnasium environment as a simulation with one agent, named `agent`.

    Arguments:
        env: the environment.
        null_observation, null_action: what stands for seeing and doing nothing.
    """

    def __init__(self, env: gymnasium.Env, null_observation: Any = None, null_action: Any = None) -> None:
        self.env, self._seed = env, None
        spaces = {"observation_space": env.observation_space, "action_space": env.action_space}
        nulls = {"null_observation": null_observation, "null_action": null_action}
        super().__init__({"agent": Agent(id="agent", **spaces, **nulls)})
        self.finalize()

    def reseed(self, seed: int) -> None:
        """Let the next episode begin from a seed."""
        super().reseed(seed)
        self._seed = seed

    def reset(self, **kwargs: Any) -> None:
        """Begin an episode; arguments are the environment's options."""
        self._observation, self._info = self.env.reset(seed=self._seed, options=kwargs or None)
        self._seed, self._reward, self._terminated, self._truncated = None, 0.0, False, False

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Take the agent's action."""
        stepped = self.env.step(action_dict["agent"])
        self._observation, reward, self._terminated, self._truncated, self._info = stepped
        self._reward += float(reward)

    def render(self, **kwargs: Any) -> Any:
        """What the environment draws."""
        return self.env.render()

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """The latest observation."""
        return self._observation

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What came together since it was last read."""
        earned, self._reward = self._reward, 0.0
        return earned

    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the episode has ended."""
        return bool(self._terminated or self._truncated)

    def get_truncated(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether it was only cut short."""
        return bool(self._truncated and not self._terminated)

    def get_all_done(self, **kwargs: Any) -> bool:
        """Whether the episode has ended."""
        return self.get_done("agent")

    def get_info(self, agent_id: str, **kwargs: Any) -> Any:
        """The latest info."""
        return self._info

    def close(self) -> None:
        """Free the environment."""
        self.env.close()


def to_gymnasium(manager: SimulationManager) -> GymnasiumEnvironment:
    """A managed simulation with one learning agent as a Gymnasium environment."""
    return GymnasiumEnvironment(manager)


def from_gymnasium(env: gymnasium.Env, null_observation: Any = None, null_action: Any = None) -> GymnasiumSimulation:
    """A Gymnasium environment as a simulation, which any manager takes."""
    return GymnasiumSimulation(env, null_observation, null_action)
