"""Episodes that can be repeated: each has a seed of its own and remembers its actions."""

import zlib
from typing import Any

import gymnasium
import jax
import numpy as np

LIMIT = 200_000
"""Actions remembered per episode; a longer episode cannot be continued and begins anew."""


def seed_of(seed: int, lane: int, episode: int) -> int:
    """The seed of an episode of a lane, from 0 to 2³¹ - 1."""
    return zlib.crc32(f"{seed}/{lane}/{episode}".encode()) >> 1


class RepeatableEpisodes(gymnasium.Wrapper):
    """Seeds every episode from `(seed, lane, number of the episode)` and records its actions.

    A saved episode is continued by repeating it: reset with its seed, then take its actions again. That asks nothing of the
    environment but that a seed and actions decide what happens.
    """

    def __init__(self, env: gymnasium.Env, seed: int, lane: int) -> None:
        super().__init__(env)
        self._seed, self._lane = seed, lane
        self.episode = -1
        self.actions: list[Any] = []
        self.over = False
        self._restored: dict[str, Any] | None = None

    @property
    def at_start(self) -> bool:
        """Whether no action was taken yet in this episode."""
        return not self.actions

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode, or repeat a restored one."""
        if self._restored is not None:
            return self._repeat()
        self.episode += 1
        return self._begin(options)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an action; behind a restored episode's end, begin the next as a vector environment would."""
        if self.over:
            observation, info = self.reset()
            return observation, 0.0, False, False, info
        result = self.env.step(action)
        if len(self.actions) < LIMIT:
            self.actions.append(action)
        return result

    def save(self) -> dict[str, Any]:
        """Number of the episode and its actions."""
        parts = jax.tree.leaves(jax.tree.map(lambda *each: np.asarray(each), *self.actions)) if self.actions else []
        return {"episode": self.episode, "actions": {str(i): part for i, part in enumerate(parts)}}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next reset repeat a saved episode."""
        self._restored = saved

    def _begin(self, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        self.actions, self.over = [], False
        seed = seed_of(self._seed, self._lane, self.episode)
        return self.env.reset(seed=seed, options=options)

    def _repeat(self) -> tuple[Any, dict[str, Any]]:
        saved, self._restored = self._restored, None
        assert saved is not None
        self.episode = int(saved["episode"])
        observation, info = self._begin()
        parts = [saved["actions"][str(i)] for i in range(len(saved.get("actions", ())))]
        tree = jax.tree.structure(self.action_space.sample())
        for action in (tree.unflatten(each) for each in zip(*parts, strict=True)):
            observation, _, terminated, truncated, info = self.env.step(action)
            self.actions.append(action)
            self.over = bool(terminated or truncated)
        return observation, info
