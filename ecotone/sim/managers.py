"""Managers: they decide who reports and acts next, and so make an environment of a simulation.

What a manager offers is the dictionary interface: `reset` gives observations and infos by agent, `step` takes actions by
agent and gives observations, rewards, terminations, truncations and infos by agent, with `__all__` among both kinds of
endings. An agent that is observed and did not end acts next. Every agent that acted hears once what came of it, and that it
ended.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ecotone.mistakes import Mistake
from ecotone.sim.agents import is_agent
from ecotone.sim.drawing import picture
from ecotone.sim.randomness import GlobalDraws

ALL = "__all__"
"""The key among endings that tells of the whole episode."""
GETTERS = ("reset", "step", "get_obs", "get_reward", "get_done", "get_all_done", "get_info")


class Stepped(NamedTuple):
    """What a step brought, each by agent."""

    observations: dict[str, Any]
    rewards: dict[str, float]
    terminations: dict[str, bool]
    truncations: dict[str, bool]
    infos: dict[str, Any]


class SimulationManager(ABC):
    """What all managers share.

    Arguments:
        sim: a simulation of agents, ours or Abmarl's.
        horizon: steps after which an episode is cut short; all who still live then report. None for no limit.

    Raises:
        Mistake: this is no simulation of agents.
    """

    simultaneous = False
    """Whether all agents that live act at every step."""

    def __init__(self, sim: Any, horizon: int | None = None) -> None:
        if missing := [name for name in GETTERS if not callable(getattr(sim, name, None))]:
            raise Mistake(f"{type(sim).__name__} is no AgentBasedSimulation: it has no {', '.join(missing)}.")
        if horizon is not None and horizon < 1:
            raise Mistake(f"the horizon is {horizon} steps, but must be at least 1.")
        self.sim, self.horizon = sim, horizon
        self.agents: dict[str, Any] = sim.agents
        self.possible_agents = [agent.id for agent in self.agents.values() if is_agent(agent)]
        self.done_agents: set[str] = set()
        self.steps = 0
        self._alive: dict[str, None] = {}
        self._asked: set[str] = set()
        self._get_truncated = getattr(sim, "get_truncated", None)
        self._draws = GlobalDraws()
        if not self.possible_agents:
            raise Mistake(f"{type(sim).__name__} has no agent that both sees and acts, so nobody could learn in it.")

    @abstractmethod
    def _first(self) -> Iterable[str]:
        """Who reports at the beginning."""

    @abstractmethod
    def _next(self) -> Iterator[str]:
        """Who reports after a step, as long as the episode goes on; those who were done before are passed over."""

    def observation_space(self, agent: str) -> Any:
        """What that agent may see."""
        return self.agents[agent].observation_space

    def action_space(self, agent: str) -> Any:
        """What that agent may do."""
        return self.agents[agent].action_space

    @property
    def unwrapped(self) -> Any:
        """The simulation without wrappers."""
        return getattr(self.sim, "unwrapped", self.sim)

    @property
    def state_space(self) -> Any:
        """Space of the simulation's whole state; none where it has no `state_space`."""
        return getattr(self.unwrapped, "state_space", None)

    def state(self) -> Any:
        """The whole state, as the simulation's `get_state` gives it."""
        return self.unwrapped.get_state()

    def set_task(self, task: Any) -> None:
        """Hand a task to the simulation's `set_task`; raises `Mistake` where it has none."""
        if not hasattr(self.unwrapped, "set_task"):
            raise Mistake(f"{type(self.unwrapped).__name__} has no method `set_task`, which a curriculum needs.")
        self.unwrapped.set_task(task)

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Begin an episode.

        Arguments:
            seed: decides all that the simulation and this manager draw from now on; none goes on drawing.
            options: arguments of the simulation's `reset`.
            kwargs: more of these.

        Returns:
            Observations of those who act first, and empty infos.
        """
        if seed is not None:
            self._seed(seed)
        self._alive = dict.fromkeys(self.possible_agents)
        self.done_agents = self.agents.keys() - self._alive.keys()
        self.steps = 0
        with self._draws:
            self.sim.reset(**(options or {}), **kwargs)
            observations = {agent: self.sim.get_obs(agent) for agent in self._first()}
        self._asked = set(observations)
        return observations, {agent: {} for agent in observations}

    def step(self, actions: dict[str, Any], **kwargs: Any) -> Stepped:
        """Take the actions of those who were asked.

        Raises:
            Mistake: an action is of an agent that is done, unknown, or waits for its turn.
        """
        self._check(actions)
        with self._draws:
            self.sim.step(self._ordered(actions), **kwargs)
            self.steps += 1
            return self._report()

    def render(self, fig: Any = None, **kwargs: Any) -> Any:
        """Let the simulation draw itself on a matplotlib figure; without one, a picture of it `[H, W, 3]` as bytes."""
        return self.sim.render(fig=fig, **kwargs) if fig is not None else picture(self.sim.render)

    def close(self) -> None:
        """Free what the simulation holds, if it has a `close`."""
        if hasattr(self.unwrapped, "close"):
            self.unwrapped.close()

    def _ordered(self, actions: dict[str, Any]) -> dict[str, Any]:
        """The actions in the order in which the simulation gets them."""
        return actions

    def _seed(self, seed: int) -> None:
        if getattr(self.unwrapped, "draws_globally", True):
            self._draws.seed(seed)
        if hasattr(self.unwrapped, "reseed"):
            self.unwrapped.reseed(seed)

    def _check(self, actions: dict[str, Any]) -> None:
        for agent in actions.keys() - self._asked:
            if agent not in self.agents:
                why = f"there is no such agent: the agents are {', '.join(self.possible_agents)}"
            elif agent not in self.possible_agents:
                why = "it does not both see and act"
            else:
                why = "it is done" if agent in self.done_agents else "it was not asked"
            raise Mistake(f"step {self.steps} has an action for '{agent}', but {why}.")

    def _report(self) -> Stepped:
        over = bool(self.sim.get_all_done())
        expired = not over and self.horizon is not None and self.steps >= self.horizon
        told, cut = Stepped({}, {}, {}, {}, {}), False
        for agent in list(self._alive) if over or expired else self._next():
            cut |= self._tell(agent, told, over, expired)
        ends = over or expired or not self._alive
        if ends and cut:
            told.terminations.update({agent: not cut for agent, cut in told.truncations.items()})
        self._asked = set() if ends else told.observations.keys() & self._alive.keys()
        told.terminations[ALL], told.truncations[ALL] = ends and not cut, ends and cut
        return told

    def _tell(self, agent: str, told: Stepped, over: bool, expired: bool) -> bool:
        """Add what one agent has to report, note whether it is done, and say whether it was cut short."""
        sim = self.sim
        told.observations[agent] = sim.get_obs(agent)
        told.rewards[agent] = sim.get_reward(agent)
        done, cut = bool(sim.get_done(agent)), False
        if done or over:
            cut = self._get_truncated is not None and bool(self._get_truncated(agent))
        elif expired:
            cut = True
        told.terminations[agent], told.truncations[agent] = done and not cut, cut
        told.infos[agent] = sim.get_info(agent)
        if done:
            self.done_agents.add(agent)
            del self._alive[agent]
        return cut


class AllStepManager(SimulationManager):
    """Every agent that is not done reports and acts at every step.

    Arguments:
        sim: the simulation.
        randomize_action_input: hand the actions over in another order at every step, so that no agent is always first.
        horizon: steps after which an episode is cut short.
    """

    simultaneous = True

    def __init__(self, sim: Any, randomize_action_input: bool = False, horizon: int | None = None) -> None:
        super().__init__(sim, horizon)
        self.randomize_action_input = randomize_action_input
        self._orders = np.random.default_rng()

    def _seed(self, seed: int) -> None:
        super()._seed(seed)
        self._orders = np.random.default_rng(seed)

    def _ordered(self, actions: dict[str, Any]) -> dict[str, Any]:
        if not self.randomize_action_input:
            return actions
        agents = list(actions)
        return {agents[i]: actions[agents[i]] for i in self._orders.permutation(len(agents))}

    def _first(self) -> Iterable[str]:
        return self.possible_agents

    def _next(self) -> Iterator[str]:
        return iter(list(self._alive))


class TurnBasedManager(SimulationManager):
    """Agents take turns in the order of the simulation's `agents`, the first of them first in every episode.

    An agent that is next in line but has just ended reports that, and then the one after it, until one is found who acts.
    """

    def __init__(self, sim: Any, horizon: int | None = None) -> None:
        super().__init__(sim, horizon)
        self._turn = 0

    def _first(self) -> Iterable[str]:
        self._turn = 1
        return self.possible_agents[:1]

    def _next(self) -> Iterator[str]:
        line, alive = self.possible_agents, self._alive
        while alive:
            agent = line[self._turn % len(line)]
            self._turn += 1
            if agent in alive:
                yield agent
                if agent in alive:
                    return


class DynamicOrderManager(SimulationManager):
    """The simulation itself decides by `next_agent` who reports and acts next.

    At least one of those has to be alive; an agent that has ended is named once more, so that it hears of it.

    Raises:
        Mistake: the simulation has no `next_agent`, or names none who is alive while the episode goes on.
    """

    def __init__(self, sim: Any, horizon: int | None = None) -> None:
        super().__init__(sim, horizon)
        if not hasattr(type(self.unwrapped), "next_agent"):
            raise Mistake(f"{type(self.unwrapped).__name__} is no DynamicOrderSimulation: it has no `next_agent`.")

    def _first(self) -> Iterable[str]:
        return self._named()

    def _next(self) -> Iterator[str]:
        yield from (named := self._named())
        if self._alive and not any(agent in self._alive for agent in named):
            raise Mistake(f"step {self.steps}: `next_agent` names nobody who is alive, but the episode goes on.")

    def _named(self) -> list[str]:
        """Those whom the simulation names and who were not done before; a set is taken in the order of the agents."""
        named = self.sim.next_agent
        ordered = self.possible_agents if isinstance(named, set | frozenset) else named
        return [agent for agent in ordered if agent in named and agent in self._alive]
