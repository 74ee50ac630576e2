"""Simulations for the agents of OpenSpiel."""

from collections.abc import Mapping
from typing import Any

from gymnasium.spaces import Discrete

from ecotone.mistakes import MissingExtra, Mistake
from ecotone.sim.managers import ALL, DynamicOrderManager, SimulationManager


def time_steps() -> tuple[Any, Any]:
    """OpenSpiel's `TimeStep` and `StepType`; raises `MissingExtra` where OpenSpiel is not installed."""
    try:
        from open_spiel.python.rl_environment import StepType, TimeStep
    except ImportError as error:
        raise MissingExtra("OpenSpiel", "openspiel") from error
    return TimeStep, StepType


class OpenSpielEnvironment:
    """A managed simulation as an environment of OpenSpiel's: `reset` and `step` give a `TimeStep`.

    Everything in it is a dictionary by agent, so that an agent's id is its player id. OpenSpiel knows no agent that finishes
    before the others: those who are done are still shown, earn 0, and what is chosen for them is dropped.

    Arguments:
        manager: an `AllStepManager` (everybody chooses) or a `TurnBasedManager` (one does).
        discounts: of each agent, or one for all.

    Raises:
        Mistake: an agent's observation or action is no single choice, the order is dynamic, or a discount is missing.
    """

    def __init__(self, manager: SimulationManager, discounts: float | Mapping[str, float] = 1.0) -> None:
        self._time_step, self._step_type = time_steps()
        if isinstance(manager, DynamicOrderManager):
            raise Mistake("OpenSpiel knows no dynamic order: use an AllStepManager or a TurnBasedManager.")
        for name in manager.possible_agents:
            if not all(isinstance(s, Discrete) for s in (manager.observation_space(name), manager.action_space(name))):
                raise Mistake(
                    f"OpenSpiel wants single choices, but agent '{name}' has other spaces: use RavelDiscreteWrapper."
                )
        self.sim, self.agents = manager, list(manager.possible_agents)
        self.discounts = dict(discounts) if isinstance(discounts, Mapping) else dict.fromkeys(self.agents, float(discounts))
        if sorted(self.discounts) != sorted(self.agents):
            raise Mistake(f"discounts are one number, or one for each of {', '.join(self.agents)}, not {discounts}.")
        self.current_player = self.agents[0]
        self._over = True

    @property
    def num_players(self) -> int:
        """Learning agents."""
        return len(self.agents)

    @property
    def is_turn_based(self) -> bool:
        """Whether one agent chooses at a time."""
        return not self.sim.simultaneous

    @property
    def unwrapped(self) -> Any:
        """The simulation without manager and wrappers."""
        return self.sim.unwrapped

    def observation_spec(self) -> dict[str, Any]:
        """Sizes of what each agent sees, as OpenSpiel says them."""
        return {
            name: {
                "info_state": (int(self.sim.observation_space(name).n),),
                "legal_actions": (int(self.sim.action_space(name).n),),
                "current_player": (),
            }
            for name in self.agents
        }

    def action_spec(self) -> dict[str, Any]:
        """How many choices each agent has, as OpenSpiel says it."""
        choices = {name: int(self.sim.action_space(name).n) for name in self.agents}
        return {name: {"num_actions": n, "min": 0, "max": n - 1, "dtype": int} for name, n in choices.items()}

    def get_legal_actions(self, agent_id: str) -> list[int]:
        """What the agent may choose now; override where that is not everything."""
        return list(range(int(self.sim.action_space(agent_id).n)))

    def reset(self, **kwargs: Any) -> Any:
        """Begin an episode; arguments are those of the manager's `reset`."""
        self._seen, _ = self.sim.reset(**kwargs)
        self._over, self.current_player = False, next(iter(self._seen))
        return self._time_step(self._observations(), None, None, self._step_type.FIRST)

    def step(self, action_list: Any, **kwargs: Any) -> Any:
        """Take the choice of the current player, or of all agents in their order; behind an end, begin anew.

        Raises:
            Mistake: there are not as many choices as agents who choose.
        """
        if self._over:
            return self.reset(**kwargs)
        choosing = [self.current_player] if self.is_turn_based else self.agents
        if len(action_list) != len(choosing):
            raise Mistake(f"{len(action_list)} actions were given, but {', '.join(choosing)} choose.")
        chosen = dict(zip(choosing, (int(action) for action in action_list), strict=True))
        told = self.sim.step({name: a for name, a in chosen.items() if name not in self.sim.done_agents}, **kwargs)
        self._seen = {**self._seen, **told.observations}
        self._over = told.terminations[ALL] or told.truncations[ALL]
        alive = [name for name in told.observations if name not in self.sim.done_agents]
        self.current_player = next(iter(alive or told.observations))
        return self._time_step(
            observations=self._observations(),
            rewards={name: told.rewards.get(name, 0) for name in self.agents},
            discounts=dict.fromkeys(self.agents, 0.0) if told.terminations[ALL] else dict(self.discounts),
            step_type=self._step_type.LAST if self._over else self._step_type.MID,
        )

    def _observations(self) -> dict[str, Any]:
        for name in self.agents:
            if name not in self._seen:
                self._seen[name] = self.sim.sim.get_obs(name)
        return {
            "info_state": {name: self._seen[name] for name in self.agents},
            "legal_actions": {name: self.get_legal_actions(name) for name in self.agents},
            "current_player": self.current_player,
        }


def to_openspiel(manager: SimulationManager, discounts: float | Mapping[str, float] = 1.0) -> OpenSpielEnvironment:
    """A managed simulation as an environment of OpenSpiel's."""
    return OpenSpielEnvironment(manager, discounts)
