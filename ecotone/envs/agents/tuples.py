"""Gymnasium environments of many agents, whose spaces, observations and actions are tuples with an entry for each."""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from ecotone.envs.gymnasium import make as make_gymnasium
from ecotone.mistakes import Mistake

LIMITED: dict[str, Callable[[Any], bool]] = {
    "lbforaging": lambda env: bool(env.field.any()),
    "rware": lambda env: True,
}
"""Packages whose environments are of this kind, and whether an end that they call a termination is only a time limit."""

EXAMPLES = {"lbforaging": "lbforaging:Foraging-8x8-2p-2f-coop-v3", "rware": "rware:rware-tiny-2ag-v2"}
"""One of the many names of each."""


def is_name(name: str) -> bool:
    """Whether a name is one of these packages', such as `lbforaging:Foraging-8x8-2p-2f-coop-v3`."""
    return name.partition(":")[0] in LIMITED and ":" in name


def make(name: str, render_mode: str | None = None, **kwargs: Any) -> "TupleAgents":
    """An environment in the dictionary interface; raises `Mistake` for a name or argument that is wrong."""
    return TupleAgents(make_gymnasium(name, render_mode, **kwargs), LIMITED[name.partition(":")[0]])


class TupleAgents:
    """A Gymnasium environment of tuples in the dictionary interface; its agents are `agent_0`, `agent_1` and so on.

    Arguments:
        env: observation and action space are tuples of equal length, and rewards a sequence of it.
        is_limit: whether an end that the environment calls a termination is only a time limit, and so a truncation.

    Raises:
        Mistake: its spaces are no tuples of equal length.
    """

    simultaneous = True

    def __init__(self, env: gymnasium.Env, is_limit: Callable[[Any], bool] = lambda env: False) -> None:
        seen, done = env.observation_space, env.action_space
        if not (isinstance(seen, spaces.Tuple) and isinstance(done, spaces.Tuple) and len(seen) == len(done)):
            raise Mistake(f"{env} is no environment of many agents: its spaces are no tuples with an entry for each.")
        self.env, self._is_limit = env, is_limit
        self.possible_agents = [f"agent_{i}" for i in range(len(seen))]
        self.observation_spaces = dict(zip(self.possible_agents, seen, strict=True))
        self.action_spaces = dict(zip(self.possible_agents, done, strict=True))
        self.render, self.close = env.render, env.close

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode."""
        observations, _ = self.env.reset(seed=seed, options=options)
        return self._by_agent(observations), {}

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Take every agent's action."""
        taken = [actions[agent] for agent in self.possible_agents]
        observations, rewards, terminated, truncated, _ = self.env.step(taken)
        terminated = bool(np.all(terminated))
        limited = terminated and self._is_limit(self.env.unwrapped)
        ends = {"__all__": terminated and not limited}, {"__all__": bool(np.all(truncated)) or limited}
        return self._by_agent(observations), self._by_agent(rewards), *ends, {}

    def _by_agent(self, values: Any) -> dict[str, Any]:
        return dict(zip(self.possible_agents, values, strict=True))
