"""Gymnasium's vector environments as a stream, in their default mode of automatic resets."""

import os
from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import DependencyNotInstalled, Error
from gymnasium.vector import SyncVectorEnv

from ecotone.envs import atari, minatar
from ecotone.envs.episodes import RepeatableEpisodes
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import Box, Discrete, MultiDiscrete, Space, Spec, to_environment
from ecotone.trajectory import TimeStep

EXTRAS = {"box2d": "box2d", "mujoco": "mujoco", "ale": "atari", "atari": "atari", "minatar": "minatar", "swig": "box2d"}


def to_space(space: spaces.Space, what: str) -> Space:
    """A Gymnasium space as ours; raises `Mistake` for kinds that have no array form."""
    if isinstance(space, spaces.Box):
        dtype = "float32" if np.issubdtype(space.dtype, np.floating) else str(space.dtype)
        low, high = (_bound(bound) for bound in (space.low, space.high))
        return Box(tuple(space.shape), dtype, low, high)
    if isinstance(space, spaces.Discrete):
        return Discrete(int(space.n), int(space.start))
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        return MultiDiscrete(tuple(map(int, space.nvec)), tuple(map(int, space.start)))
    if isinstance(space, spaces.MultiBinary) and len(space.shape) == 1:
        return MultiDiscrete((2,) * space.shape[0])
    raise Mistake(f"the {what} space {space} is not supported: flatten it with a gymnasium wrapper.")


def _bound(bound: np.ndarray) -> float | tuple[float, ...]:
    flat = bound.astype(float).ravel()
    return float(flat[0]) if flat.size and (flat == flat[0]).all() else tuple(map(float, flat))


def make(name: str, render_mode: str | None = None, **kwargs: Any) -> gymnasium.Env:
    """The environment of that name with its usual preprocessing; raises `Mistake` for a name or argument that is wrong."""
    _register(name)
    if render_mode is not None:
        os.environ.setdefault("SDL_AUDIODRIVER", "dummy")  # pygame else complains where there is no sound
    try:
        if atari.is_game(name):
            return atari.make(name, render_mode, **kwargs)
        return gymnasium.make(name, render_mode=render_mode, disable_env_checker=True, **kwargs)
    except (DependencyNotInstalled, ModuleNotFoundError) as error:
        extra = next((extra for word, extra in EXTRAS.items() if word in str(error).lower()), None)
        raise (MissingExtra(name, extra) if extra else Mistake(f"{name} could not be made: {error}")) from error
    except Error as error:
        raise Mistake(f"unknown environment '{name}'.{nearest(name, gymnasium.registry)}") from error
    except TypeError as error:
        raise Mistake(f"{name} could not be made: {error}") from error


def _register(name: str) -> None:
    """Make names known that their packages register only on request."""
    for game, extra in ((minatar, "minatar"), (atari, "atari")):
        if game.is_game(name):
            try:
                game.register()
            except ImportError as error:
                raise MissingExtra(name, extra) from error


def registered() -> dict[str, Any]:
    """What Gymnasium knows now, by name."""
    return dict(gymnasium.registry)


class GymnasiumStream:
    """`lanes` copies in this process, stepped one after another.

    Arguments:
        make_env: makes one copy.
        lanes: number of copies.
        seed: every episode of every lane is seeded from it, so that a run can be repeated and continued.
    """

    def __init__(self, make_env: Callable[[], gymnasium.Env], lanes: int, seed: int) -> None:
        self.lanes = lanes
        self.episodes: list[RepeatableEpisodes] = []

        def one(lane: int) -> gymnasium.Env:
            self.episodes.append(RepeatableEpisodes(make_env(), seed, lane))
            return self.episodes[-1]

        self.vector = SyncVectorEnv([lambda lane=lane: one(lane) for lane in range(lanes)])
        observation = to_space(self.vector.single_observation_space, "observation")
        self.spec = Spec(observation, to_space(self.vector.single_action_space, "action"))
        self._dtype = np.dtype(self.spec.observation.dtype)

    def start(self, key: Any = None) -> tuple[None, TimeStep]:
        """Begin an episode in every lane (or continue the restored ones)."""
        observation, _ = self.vector.reset()
        self._check(observation)
        first = np.array([episode.at_start for episode in self.episodes])
        self._over = np.array([episode.over for episode in self.episodes])
        one = np.ones(self.lanes, np.float32)
        return None, TimeStep(observation.astype(self._dtype, copy=False), first, ~self._over, np.zeros_like(one), one)

    def step(self, state: None, action: np.ndarray) -> tuple[None, TimeStep]:
        """Step lanes that live, begin anew in lanes that are over."""
        action = to_environment(self.spec.action, action)
        observation, reward, terminated, truncated, _ = self.vector.step(action)
        first, self._over = self._over, terminated | truncated
        return None, TimeStep(
            observation.astype(self._dtype, copy=False),
            first,
            ~self._over,
            reward.astype(np.float32),
            1.0 - terminated.astype(np.float32),
        )

    def save(self) -> dict[str, Any]:
        """What `restore` needs to continue every lane's episode."""
        return {str(lane): episode.save() for lane, episode in enumerate(self.episodes)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `start` continue the saved episodes by repeating their actions."""
        for lane, episode in enumerate(self.episodes):
            episode.restore(saved[str(lane)])

    def set_task(self, task: Any) -> None:
        """Hand a task to every copy's `set_task`; raises `Mistake` where the environment has none."""
        for episode in self.episodes:
            if not hasattr(episode.unwrapped, "set_task"):
                raise Mistake(f"{episode.unwrapped} has no method `set_task`, which a curriculum needs.")
            episode.unwrapped.set_task(task)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Free the copies' resources."""
        self.vector.close()

    def _check(self, observation: Any) -> None:
        expected = (self.lanes, *self.spec.observation.shape)
        if np.shape(observation) != expected:
            raise Mistake(f"observations have shape {np.shape(observation)}, but the space says {expected}.")
