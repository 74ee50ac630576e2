"""Managers that speak of `dones`, as Abmarl's do: `reset` gives observations, `step` four dictionaries."""

from itertools import cycle
from typing import Any

from gymnasium import spaces

from ecotone.mistakes import Mistake
from ecotone.sim import managers
from ecotone.sim.agents import is_agent
from ecotone.sim.drawing import picture
from ecotone.sim.gymnasium import GymnasiumEnvironment
from ecotone.sim.managers import ALL, SimulationManager, Stepped
from ecotone.sim.openspiel import OpenSpielEnvironment
from ecotone.sim.randomness import GlobalDraws


class DonesEnvironment:
    """The dictionary interface of a manager that speaks of `dones`, Abmarl's own or one derived from it.

    A seed decides all that is drawn from `random` and `numpy.random`. Turns begin anew with every episode, which Abmarl's
    `TurnBasedManager` forgets.

    Arguments:
        manager: has `sim`, `agents`, `reset` and `step`.
        horizon: steps after which an episode is cut short; all who still live are then shown. None for no limit.
    """

    def __init__(self, manager: Any, horizon: int | None = None) -> None:
        self.manager, self.sim, self.horizon, self.steps = manager, manager.sim, horizon, 0
        self.agents: dict[str, Any] = manager.agents
        self.possible_agents = [agent.id for agent in self.agents.values() if is_agent(agent)]
        self.simultaneous = type(manager).__name__ == "AllStepManager"
        self._draws, self.done_agents = GlobalDraws(), set[str]()

    def observation_space(self, agent: str) -> Any:
        """What that agent may see."""
        return self.agents[agent].observation_space

    def action_space(self, agent: str) -> Any:
        """What that agent may do."""
        return self.agents[agent].action_space

    @property
    def unwrapped(self) -> Any:
        """The simulation without wrappers."""
        return getattr(self.manager.sim, "unwrapped", self.manager.sim)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode; options are arguments of the simulation's `reset`."""
        if seed is not None:
            self._draws.seed(seed)
            if hasattr(self.unwrapped, "reseed"):
                self.unwrapped.reseed(seed)
        if hasattr(self.manager, "agent_order"):
            self.manager.agent_order = cycle(self.possible_agents)
        self.steps, self.done_agents = 0, set()
        with self._draws:
            observations = self.manager.reset(**(options or {}))
        return observations, {name: {} for name in observations}

    def step(self, actions: dict[str, Any]) -> Stepped:
        """Take the actions of those who were shown."""
        with self._draws:
            observations, rewards, dones, infos = self.manager.step(actions)
            self.steps += 1
            over = bool(dones.get(ALL))
            expired = not over and self.horizon is not None and self.steps >= self.horizon
            self.done_agents |= {name for name, done in dones.items() if done}
            told = Stepped(dict(observations), dict(rewards), {ALL: over}, {ALL: expired}, dict(infos))
            if expired:
                self._show_the_rest(told)
        for name in told.observations:
            told.terminations[name] = bool(dones.get(name, False))
            told.truncations[name] = expired and not told.terminations[name]
        return told

    def _show_the_rest(self, told: Stepped) -> None:
        sim = self.manager.sim
        for name in self.possible_agents:
            if name not in told.observations and name not in self.done_agents:
                told.observations[name], told.rewards[name] = sim.get_obs(name), sim.get_reward(name)
                told.infos[name] = sim.get_info(name)

    def state(self) -> Any:
        """The whole state, as the simulation's `get_state` gives it."""
        return self.unwrapped.get_state()

    def close(self) -> None:
        """Free what the simulation holds, if it has a `close`."""
        if hasattr(self.unwrapped, "close"):
            self.unwrapped.close()

    def render(self, fig: Any = None, **kwargs: Any) -> Any:
        """Let the simulation draw itself on a matplotlib figure; without one, a picture of it `[H, W, 3]` as bytes."""
        draw = self.manager.sim.render
        return draw(fig=fig, **kwargs) if fig is not None else picture(draw)


class CustomManager:
    """What stands for Abmarl's `SimulationManager`, from which managers of one's own derive by `reset` and `step`.

    Arguments:
        sim: the simulation.
    """

    def __init__(self, sim: Any, **kwargs: Any) -> None:
        self.sim: Any = sim
        self.agents: dict[str, Any] = sim.agents
        self.done_agents: set[str] = set()

    def render(self, **kwargs: Any) -> Any:
        """Let the simulation draw itself."""
        return self.sim.render(**kwargs)


class Dones(CustomManager):
    """One of our managers, made to speak of `dones`, for those who step it themselves as they did Abmarl's.

    Arguments:
        sim: the simulation.
        arguments, kwargs: of the manager.
    """

    managing: type[SimulationManager]

    def __init__(self, sim: Any, *arguments: Any, **kwargs: Any) -> None:
        super().__init__(sim)
        self._manager = self.managing(sim, *arguments, **kwargs)

    def reset(self, **kwargs: Any) -> dict[str, Any]:
        """Begin an episode, and give observations; arguments are those of the simulation's `reset`."""
        observations, _ = self._manager.reset(**kwargs)
        self.done_agents = self._manager.done_agents
        return observations

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> tuple[dict, dict, dict, dict]:
        """Take actions, and give observations, rewards, dones and infos."""
        told = self._manager.step(action_dict, **kwargs)
        dones = {name: ended or told.truncations[name] for name, ended in told.terminations.items()}
        return told.observations, told.rewards, dones, told.infos


class AllStepManager(Dones):
    """Everybody acts at every step; `step` speaks of `dones`."""

    managing = managers.AllStepManager


class TurnBasedManager(Dones):
    """Agents take turns; `step` speaks of `dones`."""

    managing = managers.TurnBasedManager


class DynamicOrderManager(Dones):
    """The simulation decides who acts; `step` speaks of `dones`."""

    managing = managers.DynamicOrderManager


class MultiAgentWrapper(DonesEnvironment):
    """What Abmarl calls the wrapper that shows a manager to RLlib; here it needs no Ray.

    Arguments:
        sim: the manager.
    """

    def __init__(self, sim: Any) -> None:
        super().__init__(sim)
        self.sim = sim  # whoever asks Abmarl's for its simulation gets the manager
        self.observation_spaces = {name: self.agents[name].observation_space for name in self.possible_agents}
        self.action_spaces = {name: self.agents[name].action_space for name in self.possible_agents}
        self.observation_space: Any = spaces.Dict(self.observation_spaces)
        self.action_space: Any = spaces.Dict(self.action_spaces)


def environment_of(made: Any, horizon: int | None = None) -> Any:
    """The dictionary interface of whatever an experiment of Abmarl's makes: a manager, alone or in wrappers for others.

    Arguments:
        made: a manager, ours or Abmarl's, or what has one inside as `sim`; or an environment that speaks in dictionaries.
        horizon: steps after which an episode is cut short.

    Raises:
        Mistake: there is no manager in it, or a horizon was asked for where there is none.
    """
    manager = made.manager if isinstance(made, DonesEnvironment) else made
    while not hasattr(manager, "done_agents") and hasattr(manager, "sim"):
        manager = manager.sim.manager if isinstance(manager.sim, DonesEnvironment) else manager.sim
    if isinstance(manager, SimulationManager):
        manager.horizon = horizon or manager.horizon
        return manager
    if hasattr(manager, "done_agents"):
        return DonesEnvironment(manager, horizon)
    if not hasattr(made, "possible_agents"):
        raise Mistake(f"{type(made).__name__} is neither a simulation manager nor an environment of many agents.")
    if horizon is not None:
        raise Mistake(
            f"only a simulation manager knows a horizon: let {type(made).__name__} end after {horizon} steps itself."
        )
    return made


def gym_wrapper(sim: Any) -> GymnasiumEnvironment:
    """What Abmarl calls `GymWrapper`: a manager of one learning agent as a Gymnasium environment."""
    return GymnasiumEnvironment(environment_of(sim))


def open_spiel_wrapper(sim: Any, discounts: Any = 1.0) -> OpenSpielEnvironment:
    """What Abmarl calls `OpenSpielWrapper`: a manager as an environment of OpenSpiel's."""
    return OpenSpielEnvironment(environment_of(sim), discounts)
