"""A compiled environment of many agents in the dictionary interface, for programs that step it from Python."""

from types import MappingProxyType
from typing import Any

import jax
import numpy as np
from gymnasium import spaces

from ecotone.mistakes import Mistake
from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Repeated, Space, Tuple, zeros
from ecotone.teams import MultiAgentEnvironment, Shown

Tree = Any


class Hosted:
    """One copy of a compiled environment, stepped by dicts by agent: as PettingZoo's parallel ones where all act at once.

    Actions and observations are in the environment's own units. An agent that is in the observations and neither terminated
    nor truncated acts next; `agents` are those who do.

    Arguments:
        environment: the compiled environment.
        seed: of the first episode where `reset` is given none; each episode after it draws on.
    """

    metadata = MappingProxyType({"name": "ecotone", "render_modes": ()})
    render_mode = None

    def __init__(self, environment: MultiAgentEnvironment, seed: int = 0) -> None:
        self.environment, self.simultaneous = environment, environment.simultaneous
        self._place = {a: (t, i) for t, team in environment.teams.items() for i, a in enumerate(team.agents)}
        self.possible_agents, self.agents = list(self._place), []
        self._key, self._reset, self._step = jax.random.key(seed), jax.jit(environment.reset), jax.jit(environment.step)
        self._state: Tree = None
        self._shown: Any = None
        self._there: set[str] = set()
        self._spaces = {
            team: (gymnasium_space(made.spec.observation), gymnasium_space(made.spec.action))
            for team, made in environment.teams.items()
        }
        if environment.state_space is not None:
            self.state_space = gymnasium_space(environment.state_space)

    def observation_space(self, agent: str) -> spaces.Space:
        """What an agent sees."""
        return self._spaces[self._place[agent][0]][0]

    def action_space(self, agent: str) -> spaces.Space:
        """What an agent does."""
        return self._spaces[self._place[agent][0]][1]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode: `(observations, infos)` of those who act first."""
        if seed is not None:
            self._key = jax.random.key(seed)
        self._key, key = jax.random.split(self._key)
        self._state, shown = self._reset(key)
        self._shown = shown = jax.device_get(shown)
        asked = self._those(shown.asks)
        self.agents, self._there = asked, set(asked)
        return self._observations(shown, asked), {agent: {} for agent in asked}

    def step(self, actions: dict[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Take the actions of those who were asked: `(observations, rewards, terminations, truncations, infos)`.

        Raises:
            Mistake: an action is missing, or of an agent who was not asked.
        """
        if set(actions) != set(self.agents):
            wrong = sorted(set(actions) ^ set(self.agents))[0]
            raise Mistake(
                f"agent '{wrong}' {'was not asked' if wrong in actions else 'has no action'}; asked: {self.agents}."
            )
        self._key, key = jax.random.split(self._key)
        self._state, shown = self._step(self._state, self._by_team(actions), key)
        self._shown = shown = jax.device_get(shown)
        asked = self._those(shown.asks) if not shown.over else []
        told = sorted(self._there | set(asked), key=self.possible_agents.index)
        ends = {agent: self._at(shown.terminated, agent) for agent in told}
        cut = {a: bool(not ends[a] and (self._at(shown.truncated, a) or shown.over)) for a in told}
        self.agents, self._there = asked, {agent for agent in told if not (ends[agent] or cut[agent])}
        speaks = [agent for agent in told if agent in asked or ends[agent] or cut[agent]]
        rewards = {agent: float(self._at(shown.reward, agent)) for agent in told}
        done = {agent: bool(ends[agent]) for agent in speaks} | {"__all__": bool(shown.over)}
        short = {agent: cut[agent] for agent in speaks} | {"__all__": False}
        if not self.simultaneous:
            return self._observations(shown, speaks), rewards, done, short, {agent: {} for agent in speaks}
        keyed = lambda flags: {agent: flags[agent] for agent in speaks}
        return self._observations(shown, speaks), keyed(rewards), keyed(done), keyed(short), {agent: {} for agent in speaks}

    def state(self) -> Tree:
        """The global state; raises `Mistake` where there is none."""
        if self.environment.state_space is None:
            raise Mistake("this environment shows no global state.")
        return self._shown.state

    @property
    def unwrapped(self) -> "Hosted":
        """Itself, as PettingZoo asks for."""
        return self

    def close(self) -> None:
        """Nothing is held open."""

    def _those(self, flags: dict[str, np.ndarray]) -> list[str]:
        return [agent for agent in self.possible_agents if self._at(flags, agent)]

    def _at(self, by_team: dict[str, np.ndarray], agent: str) -> Any:
        team, index = self._place[agent]
        return by_team[team][index]

    def _observations(self, shown: Shown, agents: list[str]) -> dict[str, Tree]:
        seen = {}
        for agent in agents:
            team, index = self._place[agent]
            seen[agent] = jax.tree.map(lambda array, i=index: array[i], shown.observation[team])
        return seen

    def _by_team(self, actions: dict[str, Any]) -> dict[str, Tree]:
        given = {t: zeros(team.spec.action, (len(team.agents),)) for t, team in self.environment.teams.items()}
        for agent, action in actions.items():
            team, index = self._place[agent]
            _put(given[team], index, action)
        return given


def _put(places: Tree, index: int, action: Any) -> None:
    if isinstance(places, dict):
        for name, part in places.items():
            _put(part, index, action[name])
    elif isinstance(places, tuple):
        for part, own in zip(places, action, strict=True):
            _put(part, index, own)
    else:
        places[index] = action


def gymnasium_space(space: Space) -> spaces.Space:
    """A space as Gymnasium has it, with the environment's own numbering of choices."""
    if isinstance(space, Box):
        low, high = space.bounds()
        return spaces.Box(low, high, space.shape, np.dtype(space.dtype).type)
    if isinstance(space, Discrete):
        return spaces.Discrete(space.n, start=space.start)
    if isinstance(space, MultiDiscrete):
        start = space.start or (0,) * len(space.sizes)
        return spaces.MultiDiscrete(np.asarray(space.sizes), dtype=np.int32, start=np.asarray(start, np.int32))
    if isinstance(space, MultiBinary):
        return spaces.MultiBinary(space.shape)
    if isinstance(space, Dict):
        return spaces.Dict({name: gymnasium_space(part) for name, part in space.parts})
    if isinstance(space, Tuple):
        return spaces.Tuple([gymnasium_space(part) for part in space.parts])
    assert isinstance(space, Repeated)
    raise Mistake("a list of elements has no space of Gymnasium's with arrays of one size; leave it out.")
