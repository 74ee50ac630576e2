"""Atari games through ale-py, preprocessed as Dopamine does (Machado et al., arXiv:1709.06009, section 5)."""

import os
from dataclasses import asdict, dataclass, fields
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from ecotone.envs.episodes import seed_of
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Discrete, Spec
from ecotone.trajectory import TimeStep


@dataclass(frozen=True)
class Preprocessing:
    """How a game is shown and played: grey frames, the greater of the last two, scaled by area, stacked on the last axis."""

    repeat_action_probability: float = 0.25
    """Probability that a frame takes the action before instead ("sticky actions"); 0 makes games repeat themselves."""
    full_action_space: bool = False
    """All 18 actions of the joystick, instead of those that the game heeds."""
    frame_skip: int = 4
    """Frames per action."""
    screen_size: int = 84
    """Pixels of a side."""
    stack: int = 4
    """Newest frames in view, oldest first; an episode's first one stands for those before it."""
    noop_max: int = 0
    """Most idle frames at an episode's beginning, drawn evenly; 30 was usual before sticky actions."""
    max_num_frames_per_episode: int = 108_000
    """Frames after which an episode is cut off; half an hour of play."""
    life_loss: bool = False
    """Learn as if a lost life ended the episode (its discount is 0), but play on; returns stay those of whole games."""

    def __post_init__(self) -> None:
        for name, least in (("frame_skip", 1), ("screen_size", 1), ("stack", 1), ("noop_max", 0)):
            if getattr(self, name) < least:
                raise Mistake(f"{name} of an Atari game is {getattr(self, name)}, but must be at least {least}.")


OPTIONS = tuple(field.name for field in fields(Preprocessing))


def is_game(name: str) -> bool:
    """Whether a name is one of ale-py's."""
    return name.startswith("ALE/")


def register() -> None:
    """Make ale-py's games known; raises `ImportError` without ale-py."""
    import ale_py

    gymnasium.register_envs(ale_py)


def make(name: str, render_mode: str | None = None, **kwargs: Any) -> gymnasium.Env:
    """One game as a Gymnasium environment.

    Arguments:
        name: such as `ALE/Pong-v5`.
        render_mode: Gymnasium's.
        kwargs: fields of `Preprocessing` (here `life_loss` changes nothing, as it does not change the game), and what else
            the game takes, such as `difficulty`.
    """
    chosen = Preprocessing(**{key: kwargs.pop(key) for key in OPTIONS if key in kwargs})
    game = gymnasium.make(
        name,
        render_mode=render_mode,
        frameskip=1,
        disable_env_checker=True,
        repeat_action_probability=chosen.repeat_action_probability,
        full_action_space=chosen.full_action_space,
        max_num_frames_per_episode=chosen.max_num_frames_per_episode,
        **kwargs,
    )
    shown = gymnasium.wrappers.AtariPreprocessing(game, chosen.noop_max, chosen.frame_skip, chosen.screen_size)
    return StackedFrames(shown, chosen.stack)


class StackedBox(spaces.Box):
    """Images whose last axis is the newest `stacked` frames, oldest first; an episode's first fills all places."""

    def __init__(self, shape: tuple[int, ...], stacked: int) -> None:
        super().__init__(0, 255, shape, np.uint8)
        self.stacked = stacked


class StackedFrames(gymnasium.Wrapper):
    """The last `count` frames along a last axis; an episode's first frame stands for those before it."""

    def __init__(self, env: gymnasium.Env, count: int) -> None:
        super().__init__(env)
        shape = env.observation_space.shape
        assert shape is not None
        self.observation_space = StackedBox((*shape, count), count)
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


def steps_many(kwargs: dict[str, Any]) -> bool:
    """Whether `AtariStream` can do what these arguments of `make` ask for."""
    return kwargs.keys() <= set(OPTIONS)


def threads() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def for_envpool(options: dict[str, Any]) -> dict[str, Any]:
    """What `envpool.make` is to be told for the fields of `Preprocessing`, and all else as it is.

    EnvPool idles at least one frame; it crashes when told not to, so that this raises `Mistake`.
    """
    options = {"noop_max": 1} | options
    if options["noop_max"] < 1:
        raise Mistake("EnvPool idles at least one frame when an Atari game begins: leave `noop_max` out, or give 1 or more.")
    chosen = asdict(Preprocessing(**{key: value for key, value in options.items() if key in OPTIONS}))
    size, frames = chosen.pop("screen_size"), chosen.pop("max_num_frames_per_episode")
    chosen |= {"img_height": size, "img_width": size, "stack_num": chosen.pop("stack"), "use_fire_reset": False}
    chosen["max_episode_steps"] = frames // chosen["frame_skip"]
    chosen.pop("life_loss")
    return chosen | {key: value for key, value in options.items() if key not in OPTIONS}


class AtariStream:
    """`lanes` copies of a game stepped by ale-py's threads; every row is what `make` in a Gymnasium stream would give.

    Every episode of every lane has a seed of its own, so that a run can be repeated, and continued by repeating actions.

    Arguments:
        name: such as `ALE/Pong-v5`.
        lanes: number of copies.
        seed: of all episodes.
        options: fields of `Preprocessing`.
    """

    def __init__(self, name: str, lanes: int, seed: int, **options: Any) -> None:
        from ale_py.vector_env import AtariVectorEnv

        self.lanes, self._seed, self._chosen = lanes, seed, Preprocessing(**options)
        chosen, size = self._chosen, self._chosen.screen_size
        game = gymnasium.spec(name).kwargs["game"]
        self._games = AtariVectorEnv(
            game,
            lanes,
            num_threads=min(lanes, threads()),
            max_num_frames_per_episode=chosen.max_num_frames_per_episode,
            repeat_action_probability=chosen.repeat_action_probability,
            full_action_space=chosen.full_action_space,
            img_height=size,
            img_width=size,
            stack_num=1,
            frameskip=chosen.frame_skip,
            noop_max=chosen.noop_max,
            reward_clipping=False,
            use_fire_reset=False,
        )
        seen = Box((size, size, chosen.stack), "uint8", 0.0, 255.0, chosen.stack)
        self.spec = Spec(seen, Discrete(int(self._games.single_action_space.n)))  # type: ignore[attr-defined]
        self._episode = np.zeros(lanes, np.int64)
        self._restored: dict[str, Any] | None = None

    def start(self, key: Any = None) -> tuple[None, TimeStep]:
        """Begin an episode in every lane, or continue the restored ones."""
        saved, self._restored = self._restored, None
        self._taken: list[np.ndarray] = []
        self._begun = np.zeros(self.lanes, np.int64)
        if saved is not None:
            self._episode = saved["episode"]
        self._frames = np.zeros((self.lanes, *self.spec.observation.shape), np.uint8)  # type: ignore[union-attr]
        self._over, self._lives = np.zeros(self.lanes, bool), np.zeros(self.lanes, np.int64)
        everywhere = np.ones(self.lanes, bool)
        self._show(*self._begin(everywhere), everywhere)
        for t, action in enumerate(() if saved is None else saved["actions"]):
            self._advance(action, saved["begun"] == t + 1)  # type: ignore[index]
        one = np.ones(self.lanes, np.float32)
        first = self._begun == len(self._taken)
        return None, TimeStep(self._frames.copy(), first, ~self._over, np.zeros_like(one), one)

    def step(self, state: None, action: np.ndarray) -> tuple[None, TimeStep]:
        """Step lanes that live, begin anew in lanes that are over."""
        first = self._over
        if first.any():
            self._forget()
            self._episode = self._episode + first
        reward, terminated, lost = self._advance(np.asarray(action, np.int32), first)
        discount = 1.0 - (terminated | (lost & self._chosen.life_loss)).astype(np.float32)
        return None, TimeStep(self._frames.copy(), first, ~self._over, reward, discount)

    def _advance(self, action: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Step all lanes, but begin episodes in those of `first`: reward, termination and loss of a life."""
        frames, reward, terminated, truncated, info = self._games.step(action)
        self._taken.append(action)
        if first.any():
            self._begun = np.where(first, len(self._taken), self._begun)
            frames, info = self._begin(first)
        reward, terminated = np.where(first, 0.0, reward).astype(np.float32), terminated & ~first
        self._over = (terminated | truncated) & ~first
        lost = (info["lives"] < self._lives) & ~first
        self._show(frames, info, first)
        return reward, terminated, lost

    def _begin(self, lanes: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
        seeds = [seed_of(self._seed, lane, self._episode[lane]) for lane in np.flatnonzero(lanes).tolist()]
        options = None if lanes.all() else {"reset_mask": lanes}
        return self._games.reset(seed=np.array(seeds, np.int32), options=options)

    def _show(self, frames: np.ndarray, info: dict[str, Any], first: np.ndarray) -> None:
        newest, self._lives = np.moveaxis(frames, 1, -1), info["lives"].copy()
        self._frames[..., :-1] = self._frames[..., 1:]
        self._frames[..., -1:] = newest
        self._frames[first] = newest[first]

    def _forget(self) -> None:
        """Drop actions from before the episodes that are not over."""
        going = self._begun[~self._over]
        old = int(going.min()) if len(going) else len(self._taken)
        self._taken, self._begun = self._taken[old:], np.maximum(self._begun - old, 0)

    def save(self) -> dict[str, Any]:
        """Numbers of the lanes' episodes, and actions since the earliest of them began `[T, B]`."""
        actions = np.array(self._taken, np.int32).reshape(-1, self.lanes)
        return {"episode": self._episode, "begun": self._begun, "actions": actions}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `start` continue the saved episodes by repeating their actions."""
        self._restored = saved

    def close(self) -> None:
        """Stop the threads."""
        self._games.close()
