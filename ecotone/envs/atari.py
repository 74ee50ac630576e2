"""Atari games through ale-py, preprocessed as usual (arXiv:1709.06009)."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces


def is_game(name: str) -> bool:
    """Whether a name is one of ale-py's."""
    return name.startswith("ALE/")


def register() -> None:
    """Make ale-py's games known; raises `ImportError` without ale-py."""
    import ale_py

    gymnasium.register_envs(ale_py)


def make(name: str, render_mode: str | None = None, **kwargs: Any) -> gymnasium.Env:
    """A game with up to 30 idle steps first, 4 frames an action, grey 84×84 pixels, the last 4 stacked `[84, 84, 4]`."""
    game = gymnasium.make(name, render_mode=render_mode, frameskip=1, disable_env_checker=True, **kwargs)
    return StackedFrames(gymnasium.wrappers.AtariPreprocessing(game), 4)


class StackedFrames(gymnasium.Wrapper):
    """The last `count` frames along a last axis; an episode's first frame stands for those before it."""

    def __init__(self, env: gymnasium.Env, count: int) -> None:
        super().__init__(env)
        shape = env.observation_space.shape
        assert shape is not None
        self.observation_space = spaces.Box(0, 255, (*shape, count), np.uint8)
        self._frames = np.zeros((*shape, count), np.uint8)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        frame, info = self.env.reset(seed=seed, options=options)
        self._frames[:] = frame[..., None]
        return self._frames.copy(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Act and shift the frames by one."""
        frame, reward, terminated, truncated, info = self.env.step(action)
        self._frames[..., :-1] = self._frames[..., 1:]
        self._frames[..., -1] = frame
        return self._frames.copy(), reward, terminated, truncated, info
