"""From environments that speak in dictionaries by agent (RLlib's, PettingZoo's parallel ones) to simulations."""

from typing import Any

from ecotone.sim.agents import Agent
from ecotone.sim.managers import ALL
from ecotone.sim.simulation import DynamicOrderSimulation
from ecotone.sim.spaces import is_unset, zeros


class DictionarySimulation(DynamicOrderSimulation):
    """An environment of many agents as a simulation, for `DynamicOrderManager`: those whom it shows act next.

    Arguments:
        env: has `possible_agents`, spaces by agent (functions `observation_space(agent)`, or dictionaries), `reset` and
            `step`.
        null_observation, null_action: what stands for seeing and doing nothing, by agent.
    """

    def __init__(
        self, env: Any, null_observation: dict[str, Any] | None = None, null_action: dict[str, Any] | None = None
    ) -> None:
        self.env, self._seed = env, None
        seen, done = null_observation or {}, null_action or {}
        super().__init__(
            {
                name: Agent(
                    id=name,
                    observation_space=_space(env, "observation", name),
                    action_space=_space(env, "action", name),
                    null_observation=seen.get(name),
                    null_action=done.get(name),
                )
                for name in env.possible_agents
            }
        )
        self.finalize()

    def reseed(self, seed: int) -> None:
        """Let the next episode begin from a seed."""
        super().reseed(seed)
        self._seed = seed

    def reset(self, **kwargs: Any) -> None:
        """Begin an episode; arguments are the environment's options."""
        self._seen, self._infos = self.env.reset(seed=self._seed, options=kwargs or None)
        self._seed, self._rewards = None, dict.fromkeys(self.agents, 0.0)
        self._terminations: dict[str, bool] = {}
        self._truncations: dict[str, bool] = {}
        self.next_agent = list(self._seen)

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Take the actions of those who were shown."""
        seen, rewards, terminations, truncations, infos = self.env.step(action_dict)
        self._seen, self._infos = {**self._seen, **seen}, {**self._infos, **infos}
        for name, reward in rewards.items():
            self._rewards[name] += float(reward)
        self._terminations.update({name: bool(flag) for name, flag in terminations.items()})
        self._truncations.update({name: bool(flag) for name, flag in truncations.items()})
        self.next_agent = [*seen, *(name for name in self._seen if name not in seen and self.get_done(name))]

    def render(self, **kwargs: Any) -> Any:
        """What the environment draws."""
        return self.env.render()

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent was last shown; nothing, for one that never was there."""
        if agent_id in self._seen:
            return self._seen[agent_id]
        agent = self.agents[agent_id]
        return zeros(agent.observation_space) if is_unset(agent.null_observation) else agent.null_observation

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What came together since it was last read."""
        earned, self._rewards[agent_id] = self._rewards[agent_id], 0.0
        return earned

    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the agent's episode has ended."""
        return self._terminations.get(agent_id, False) or self._truncations.get(agent_id, False)

    def get_truncated(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether it was only cut short, with the whole episode or alone."""
        cut = self._truncations.get(agent_id, False) or self._truncations.get(ALL, False)
        return cut and not self._terminations.get(agent_id, False)

    def get_all_done(self, **kwargs: Any) -> bool:
        """Whether the whole episode has ended."""
        return self._terminations.get(ALL, False) or self._truncations.get(ALL, False)

    def get_info(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent was last told."""
        return self._infos.get(agent_id, {})

    def close(self) -> None:
        """Free the environment."""
        if hasattr(self.env, "close"):
            self.env.close()


def _space(env: Any, what: str, name: str) -> Any:
    """An agent's space, whether the environment has a function of its name or a dictionary."""
    found: Any = getattr(env, f"{what}_space", None)
    return found(name) if callable(found) else getattr(env, f"{what}_spaces", found)[name]
