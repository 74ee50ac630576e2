"""Environments that say which choices are legal beside their observations."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from ecotone.mistakes import Mistake
from ecotone.spec import ACTION_MASK


class MaskedActions(gymnasium.Wrapper):
    """The legal choices as part `action_mask` of the observation, beside `observation` (or the parts that there are).

    They are what `info["action_mask"]` says, as Gymnasium's Taxi does, else what the environment's method `action_masks()`
    returns, as sb3-contrib asks for; one entry per choice, those of several parts behind each other.

    Arguments:
        env: with `Discrete` or `MultiDiscrete` actions.

    Raises:
        Mistake: its actions are no choices, or it says at no time which are legal.
    """

    def __init__(self, env: gymnasium.Env) -> None:
        super().__init__(env)
        self._count = choices(env.action_space)
        seen = env.observation_space
        parts = dict(seen.spaces) if isinstance(seen, spaces.Dict) else {"observation": seen}
        if ACTION_MASK in parts:
            raise Mistake(f"the observation already has a part '{ACTION_MASK}': leave MaskedActions out.")
        self.observation_space = spaces.Dict(parts | {ACTION_MASK: spaces.MultiBinary(self._count)})

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self._masked(observation, info, over=False), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an action."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._masked(observation, info, bool(terminated or truncated)), reward, terminated, truncated, info

    def _masked(self, observation: Any, info: dict[str, Any], over: bool) -> dict[str, Any]:
        mask = np.ones(self._count, np.int8) if over else self._mask(info)
        parts = observation if isinstance(self.env.observation_space, spaces.Dict) else {"observation": observation}
        return {**parts, ACTION_MASK: mask}

    def _mask(self, info: dict[str, Any]) -> np.ndarray:
        if ACTION_MASK in info:
            mask, source = info[ACTION_MASK], f'info["{ACTION_MASK}"]'
        elif self.env.has_wrapper_attr("action_masks"):
            mask, source = self.env.get_wrapper_attr("action_masks")(), "action_masks()"
        else:
            raise Mistake(
                f'{self.env} says nowhere which choices are legal: neither info["{ACTION_MASK}"] nor action_masks().'
            )
        mask = np.asarray(mask).astype(bool).astype(np.int8)
        if mask.shape != (self._count,):
            raise Mistake(f"{source} has the shape {mask.shape}, but there are {self._count} choices.")
        return mask


def choices(space: gymnasium.Space) -> int:
    """Entries of a mask for a space of choices; raises `Mistake` for any other."""
    if isinstance(space, spaces.Discrete):
        return int(space.n)
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        return int(space.nvec.sum())
    raise Mistake(f"only choices can be masked, not actions of {space}.")
