"""Between simulations and PettingZoo's environments, parallel and turn by turn."""

from typing import Any

from ecotone.mistakes import MissingExtra, Mistake
from ecotone.sim.agents import Agent
from ecotone.sim.dictionaries import DictionarySimulation
from ecotone.sim.managers import ALL, SimulationManager, Stepped
from ecotone.sim.simulation import DynamicOrderSimulation

try:
    from pettingzoo import AECEnv, ParallelEnv
except ImportError as error:
    raise MissingExtra("PettingZoo", "pettingzoo") from error


class ParallelEnvironment(ParallelEnv):
    """A managed simulation in which all who live act at every step, as PettingZoo's parallel environments.

    Arguments:
        manager: manages the simulation; one that lets agents wait raises `Mistake`.
    """

    metadata = {"name": "simulation", "render_modes": ["rgb_array"]}  # noqa: RUF012 - PettingZoo has it so
    render_mode = "rgb_array"

    def __init__(self, manager: SimulationManager) -> None:
        if not manager.simultaneous:
            raise Mistake(
                f"with {type(manager).__name__} agents wait their turn, which only `to_aec` can say to PettingZoo."
            )
        self.manager = manager
        self.possible_agents, self.agents = list(manager.possible_agents), []

    def observation_space(self, agent: str) -> Any:
        """What that agent may see."""
        return self.manager.observation_space(agent)

    def action_space(self, agent: str) -> Any:
        """What that agent may do."""
        return self.manager.action_space(agent)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode; options that are not the simulation's are its mistake."""
        observations, infos = self.manager.reset(seed=seed, options=options)
        self.agents = list(observations)
        return observations, infos

    def step(self, actions: dict[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Take the actions of all who live."""
        told = self.manager.step(actions)
        terminations, truncations = flags(told)
        self.agents = [name for name in self.agents if not (terminations[name] or truncations[name])]
        return told.observations, told.rewards, terminations, truncations, told.infos

    def render(self) -> Any:
        """A picture of the simulation `[H, W, 3]`."""
        return self.manager.render()

    def state(self) -> Any:
        """The simulation's whole state, where it has one."""
        return self.manager.state()

    def close(self) -> None:
        """Free what the simulation holds."""
        self.manager.close()


def flags(told: Stepped) -> tuple[dict[str, bool], dict[str, bool]]:
    """Terminations and truncations by agent, with what the whole episode's end means for each; without `__all__`."""
    over, cut = told.terminations[ALL], told.truncations[ALL]
    names = list(told.observations)
    truncated = {name: bool(told.truncations[name]) or (cut and not told.terminations[name]) for name in names}
    return {name: (over or bool(told.terminations[name])) and not truncated[name] for name in names}, truncated


class AECEnvironment(AECEnv):
    """A managed simulation as PettingZoo's environments that are stepped agent by agent.

    The simulation goes on when all who were asked have chosen.

    Arguments:
        manager: manages the simulation, in whatever order.
    """

    metadata = {"name": "simulation", "render_modes": ["rgb_array"], "is_parallelizable": False}  # noqa: RUF012
    render_mode = "rgb_array"

    def __init__(self, manager: SimulationManager) -> None:
        super().__init__()
        self.manager = manager
        self.possible_agents, self.agents = list(manager.possible_agents), []

    def observation_space(self, agent: str) -> Any:
        """What that agent may see."""
        return self.manager.observation_space(agent)

    def action_space(self, agent: str) -> Any:
        """What that agent may do."""
        return self.manager.action_space(agent)

    def observe(self, agent: str) -> Any:
        """What the agent was last shown; before that, what it would see now."""
        if agent not in self._seen:
            self._seen[agent] = self.manager.sim.get_obs(agent)
        return self._seen[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin an episode."""
        self._seen, infos = self.manager.reset(seed=seed, options=options)
        self.agents = list(self.possible_agents)
        self.rewards, self._cumulative_rewards = dict.fromkeys(self.agents, 0.0), dict.fromkeys(self.agents, 0.0)
        self.terminations, self.truncations = dict.fromkeys(self.agents, False), dict.fromkeys(self.agents, False)
        self.infos = {name: infos.get(name, {}) for name in self.agents}
        self._waiting, self._chosen = list(self._seen), {}
        self._skip_agent_selection = None
        self.agent_selection = self._waiting[0]

    def step(self, action: Any) -> None:
        """Take the action of the agent whose turn it is; none for one that has ended."""
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        self._chosen[agent] = action
        self._waiting.remove(agent)
        if not self._waiting:
            self._go_on()
        if self._waiting:
            self.agent_selection = self._waiting[0]
        self._accumulate_rewards()
        self._deads_step_first()

    def _go_on(self) -> None:
        told = self.manager.step(self._chosen)
        self._seen.update(told.observations)
        self.rewards.update({name: float(reward) for name, reward in told.rewards.items()})
        terminations, truncations = flags(told)
        self.terminations.update(terminations)
        self.truncations.update(truncations)
        self.infos.update(told.infos)
        self._chosen = {}
        self._waiting = [name for name in told.observations if not (terminations[name] or truncations[name])]

    def render(self) -> Any:
        """A picture of the simulation `[H, W, 3]`."""
        return self.manager.render()

    def state(self) -> Any:
        """The simulation's whole state, where it has one."""
        return self.manager.state()

    def close(self) -> None:
        """Free what the simulation holds."""
        self.manager.close()


class AECSimulation(DynamicOrderSimulation):
    """An environment of PettingZoo's that is stepped agent by agent, as a simulation for `DynamicOrderManager`.

    Arguments:
        env: the environment.
    """

    def __init__(self, env: AECEnv) -> None:
        self.env, self._seed = env, None
        spaces = {
            n: {"observation_space": env.observation_space(n), "action_space": env.action_space(n)}
            for n in env.possible_agents
        }
        super().__init__({name: Agent(id=name, **both) for name, both in spaces.items()})
        self.finalize()

    def reseed(self, seed: int) -> None:
        """Let the next episode begin from a seed."""
        super().reseed(seed)
        self._seed = seed

    def reset(self, **kwargs: Any) -> None:
        """Begin an episode; arguments are the environment's options."""
        self.env.reset(seed=self._seed, options=kwargs or None)
        self._seed, self._ended = None, {}
        self._earned = dict.fromkeys(self.agents, 0.0)
        self._look()

    def step(self, action_dict: dict[str, Any], **kwargs: Any) -> None:
        """Take the action of the agent whose turn it is, and let those who have ended go."""
        self.env.step(action_dict[self.env.agent_selection])
        for name, reward in self.env.rewards.items():
            self._earned[name] += float(reward)
        self._look()

    def _look(self) -> None:
        """Note who has ended, and go on to the first who acts."""
        env, told = self.env, []
        while env.agents:
            name = env.agent_selection
            if not (env.terminations[name] or env.truncations[name]):
                break
            self._ended[name] = (
                bool(env.truncations[name] and not env.terminations[name]),
                env.observe(name),
                env.infos[name],
            )
            told.append(name)
            env.step(None)
        self.next_agent = [*told, *([env.agent_selection] if env.agents else [])]

    def render(self, **kwargs: Any) -> Any:
        """What the environment draws."""
        return self.env.render()

    def get_obs(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent sees."""
        return self._ended[agent_id][1] if agent_id in self._ended else self.env.observe(agent_id)

    def get_reward(self, agent_id: str, **kwargs: Any) -> float:
        """What came together since it was last read."""
        earned, self._earned[agent_id] = self._earned[agent_id], 0.0
        return earned

    def get_done(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether the agent's episode has ended."""
        return agent_id in self._ended

    def get_truncated(self, agent_id: str, **kwargs: Any) -> bool:
        """Whether it was only cut short."""
        return agent_id in self._ended and self._ended[agent_id][0]

    def get_all_done(self, **kwargs: Any) -> bool:
        """Whether nobody is left."""
        return not self.env.agents

    def get_info(self, agent_id: str, **kwargs: Any) -> Any:
        """What the agent was last told."""
        return self._ended[agent_id][2] if agent_id in self._ended else self.env.infos[agent_id]

    def close(self) -> None:
        """Free the environment."""
        self.env.close()


def to_parallel(manager: SimulationManager) -> ParallelEnvironment:
    """A managed simulation as a parallel environment; raises `Mistake` where agents wait their turn."""
    return ParallelEnvironment(manager)


def to_aec(manager: SimulationManager) -> AECEnvironment:
    """A managed simulation as an environment that is stepped agent by agent."""
    return AECEnvironment(manager)


def sim_to_pettingzoo(manager: SimulationManager) -> ParallelEnvironment | AECEnvironment:
    """A managed simulation as that kind of PettingZoo's environments that suits its order."""
    return to_parallel(manager) if manager.simultaneous else to_aec(manager)


def from_pettingzoo(env: Any) -> DictionarySimulation | AECSimulation:
    """An environment of PettingZoo's, parallel or turn by turn, as a simulation for `DynamicOrderManager`."""
    return AECSimulation(env) if hasattr(env, "agent_selection") or isinstance(env, AECEnv) else DictionarySimulation(env)
