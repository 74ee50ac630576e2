"""Agents: what each of them may see and do. An agent holds data; the simulation moves it."""

import warnings
from typing import Any

import numpy as np
from gymnasium.spaces import Space

from ecotone.mistakes import Mistake
from ecotone.sim.spaces import is_space, is_unset, made


class PrincipleAgent:
    """Anything with an identity in a simulation; by itself it neither sees nor acts.

    Arguments:
        id: its name, unlike all others in the simulation.
        seed: of the draws from its spaces; none leaves them unseeded.
        kwargs: left over from the kinds of agents before this one; a warning names them.

    Raises:
        Mistake: the id is no string, or the seed no whole number.
    """

    def __init__(self, id: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        self.id = id
        self.seed = seed
        self.active = True
        if kwargs:
            known = f"{type(self).__name__} '{id}' has no use for {', '.join(map(repr, kwargs))}."
            warnings.warn(known, stacklevel=2)

    @property
    def id(self) -> str:
        """Its name."""
        return self._id

    @id.setter
    def id(self, value: Any) -> None:
        if not isinstance(value, str) or not value:
            raise Mistake(f"an agent's id is a string, not {value!r}: {type(self).__name__}(id='agent0').")
        self._id = value

    @property
    def seed(self) -> int | None:
        """Seed of the draws from its spaces."""
        return self._seed

    @seed.setter
    def seed(self, value: Any) -> None:
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | np.integer)):
            raise Mistake(f"the seed of agent '{self.id}' is a whole number, not {value!r}.")
        self._seed = None if value is None else int(value)

    @property
    def active(self) -> bool:
        """Whether it takes part in the simulation; false, say, for the dead."""
        return self._active

    @active.setter
    def active(self, value: Any) -> None:
        if not isinstance(value, bool | np.bool_):
            raise Mistake(f"agent '{self.id}' is active or not: True or False, not {value!r}.")
        self._active = bool(value)

    @property
    def configured(self) -> bool:
        """Whether everything is there that the simulation needs to know of it."""
        return True

    def finalize(self, **kwargs: Any) -> None:
        """Called once when the simulation is built: make spaces of what was given, and check them."""


class ActingAgent(PrincipleAgent):
    """An agent that acts.

    Arguments:
        action_space: a Gymnasium space, or a dictionary of them by name, to any depth.
        null_action: the action that stands for none, where something must stand for it (a dead member of a super agent,
            say).
        kwargs: of the other kinds.
    """

    def __init__(self, action_space: Any = None, null_action: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.action_space = action_space
        self.null_action = null_action

    @property
    def action_space(self) -> Any:
        """What it may do; a Gymnasium space once finalized."""
        return self._action_space

    @action_space.setter
    def action_space(self, value: Any) -> None:
        self._action_space = _given(value, self, "action")

    @property
    def configured(self) -> bool:
        """Whether its action space is there too."""
        return super().configured and is_space(self.action_space, strict=True)

    def finalize(self, **kwargs: Any) -> None:
        """Make, seed and check the action space."""
        super().finalize(**kwargs)
        self.action_space = _finished(self.action_space, self.null_action, self, "action")


class ObservingAgent(PrincipleAgent):
    """An agent that sees.

    Arguments:
        observation_space: a Gymnasium space, or a dictionary of them by name, to any depth.
        null_observation: what stands for seeing nothing, where something must stand for it.
        kwargs: of the other kinds.
    """

    def __init__(self, observation_space: Any = None, null_observation: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.observation_space = observation_space
        self.null_observation = null_observation

    @property
    def observation_space(self) -> Any:
        """What it may see; a Gymnasium space once finalized."""
        return self._observation_space

    @observation_space.setter
    def observation_space(self, value: Any) -> None:
        self._observation_space = _given(value, self, "observation")

    @property
    def configured(self) -> bool:
        """Whether its observation space is there too."""
        return super().configured and is_space(self.observation_space, strict=True)

    def finalize(self, **kwargs: Any) -> None:
        """Make, seed and check the observation space."""
        super().finalize(**kwargs)
        self.observation_space = _finished(self.observation_space, self.null_observation, self, "observation")


class Agent(ObservingAgent, ActingAgent):
    """An agent that sees and acts, and so can learn."""


def is_agent(agent: Any) -> bool:
    """Whether this one sees and acts, by whatever class: such agents learn, all others are part of the world."""
    return hasattr(agent, "observation_space") and hasattr(agent, "action_space")


def _given(space: Any, agent: PrincipleAgent, what: str) -> Any:
    if is_unset(space):
        return {}
    if not is_space(space):
        raise Mistake(
            f"the {what} space of agent '{agent.id}' is a Gymnasium space of numbers, choices or bits,"
            f" or a dictionary of them, not {space!r}."
        )
    return space


def _finished(space: Any, null: Any, agent: PrincipleAgent, what: str) -> Space:
    if is_unset(space):
        article = "an" if what[0] in "aeiou" else "a"
        raise Mistake(f"agent '{agent.id}' needs {article} {what} space: {type(agent).__name__}(..., {what}_space=...).")
    space = made(space)
    space.seed(agent.seed)
    if not is_unset(null) and null not in space:
        raise Mistake(f"the null {what} of agent '{agent.id}' is {null!r}, which does not lie in its space {space}.")
    return space
