"""Environments of many agents that say in their infos which choices are legal."""

from typing import Any

import numpy as np
from gymnasium import spaces

from ecotone.envs.masks import choices
from ecotone.envs.pettingzoo import as_dictionary
from ecotone.mistakes import Mistake
from ecotone.spec import ACTION_MASK


class MaskedAgents:
    """The legal choices as part `action_mask` of every observation, beside `observation` (or the parts that there are).

    They are what `infos[agent]["action_mask"]` says, one entry per choice, those of several parts behind each other; an
    agent of whom it says nothing when its episode ends has every choice.

    Arguments:
        env: speaks in dictionaries, or is one of PettingZoo's; with `Discrete` or `MultiDiscrete` actions.

    Raises:
        Mistake: its actions are no choices, or observations have masks already; when it runs, it says nothing of an agent.
    """

    def __init__(self, env: Any) -> None:
        self.env = as_dictionary(env)
        self.possible_agents = list(self.env.possible_agents)
        self._counts = {agent: choices(self.env.action_space(agent)) for agent in self.possible_agents}
        self.observation_spaces = {agent: self._space(agent) for agent in self.possible_agents}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def observation_space(self, agent: Any) -> spaces.Space:
        """What an agent sees, with its mask."""
        return self.observation_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode."""
        observations, infos = self.env.reset(seed=seed, options=options)
        return self._masked(observations, infos, {}), infos

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Take actions."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        over = terminations.get("__all__") or truncations.get("__all__")
        ends = {agent: over or terminations.get(agent) or truncations.get(agent) for agent in observations}
        return self._masked(observations, infos, ends), rewards, terminations, truncations, infos

    def _space(self, agent: Any) -> spaces.Dict:
        seen = self.env.observation_space(agent)
        parts: dict[str, spaces.Space] = dict(seen.spaces) if isinstance(seen, spaces.Dict) else {"observation": seen}
        if ACTION_MASK in parts:
            raise Mistake(f"agent '{agent}': its observation has a part '{ACTION_MASK}' already: leave MaskedAgents out.")
        parts[ACTION_MASK] = spaces.MultiBinary(self._counts[agent])
        return spaces.Dict(parts)

    def _masked(self, observations: dict, infos: dict, ends: dict) -> dict:
        return {agent: self._with_mask(agent, seen, infos, ends.get(agent)) for agent, seen in observations.items()}

    def _with_mask(self, agent: Any, seen: Any, infos: dict, ends: Any) -> dict[str, Any]:
        found, count = infos.get(agent, {}).get(ACTION_MASK), self._counts[agent]
        if found is None and not ends:
            raise Mistake(f"agent '{agent}' is asked, but infos['{agent}']['{ACTION_MASK}'] does not say what is legal.")
        mask = np.ones(count, np.int8) if found is None else np.asarray(found).astype(bool).astype(np.int8)
        if mask.shape != (count,):
            raise Mistake(f"agent '{agent}': its '{ACTION_MASK}' has the shape {mask.shape}, but it has {count} choices.")
        parts = seen if isinstance(self.env.observation_space(agent), spaces.Dict) else {"observation": seen}
        return {**parts, ACTION_MASK: mask}
