"""Episodes of one agent on the host, played in an environment from Gymnasium."""

import os
from typing import Any

import jax
import numpy as np

from ecotone.envs.streams import maker
from ecotone.experiment import Experiment
from ecotone.mistakes import Mistake
from ecotone.pictures.files import encoded
from ecotone.policy import Policy
from ecotone.recording import Episode, Recording, Track

AGENT = "agent"
"""What the one agent of an environment is called, and its team."""
FRAMES_PER_SECOND = 30.0
SMALLEST = 160
"""Pixels of the longer side from which a picture is left as it is."""


def play_alone(experiment: Experiment, policy: Policy, episodes: int, seed: int, pictures: bool) -> Recording:
    """Episodes of a Gymnasium environment, with pictures where it makes some and these are wanted."""
    env = gymnasium_environment(experiment, "rgb_array" if pictures else None)
    try:
        played = tuple(play_episode(env, policy, seed + i) for i in range(episodes))
        rate = float(env.metadata.get("render_fps") or FRAMES_PER_SECOND)
    finally:
        env.close()
    return Recording(title_of(experiment), {AGENT: (AGENT,)}, played, rate=rate)


def title_of(experiment: Experiment) -> str:
    """What a recording of it shows: its title, or else algorithm and environment."""
    env = (
        experiment.env
        if isinstance(experiment.env, str)
        else getattr(experiment.env, "__name__", type(experiment.env).__name__)
    )
    return experiment.title or (env if experiment.algorithm is None else f"{type(experiment.algorithm).__name__} on {env}")


def gymnasium_environment(experiment: Experiment, mode: str | None) -> Any:
    """An experiment's environment from Gymnasium; raises `Mistake` where it cannot be drawn in a window.

    An environment that makes no pictures is one without a render mode.
    """
    env = experiment.env
    name = env.removeprefix("envpool:") if isinstance(env, str) else env
    quiet(mode)
    made = maker(name, experiment.env_kwargs)()
    if mode is None:
        return made
    modes = made.metadata.get("render_modes", ())
    if mode == "human" and mode not in modes:
        raise Mistake(f"{env} cannot draw itself: it has no render mode '{mode}'.")
    return maker(name, experiment.env_kwargs, mode)() if mode in modes else made


def quiet(mode: str | None) -> None:
    """Let games draw without a sound, and without a window unless the mode is `human`."""
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")  # nothing here makes a sound, and its absence is no error
    if mode != "human":
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")


def play_episode(env: Any, policy: Policy, seed: int) -> Episode:
    """Play one episode of a Gymnasium environment greedily; with pictures where it renders arrays."""
    rows: list[Track] = []
    drawn: list[bytes] = []

    def look() -> None:
        if getattr(env, "render_mode", None) == "rgb_array":
            drawn.append(encoded(magnified(env.render())))

    observation, _ = env.reset(seed=seed)
    look()
    memory, reward, over = policy.initial_memory(1), 0.0, False
    while not over:
        seen = jax.tree.map(lambda x: np.asarray(x)[None], observation)
        action, memory = policy(seen, memory, [not rows], [reward])
        rows.append(Track(seen, np.array([True]), action, np.array([reward], np.float32), np.array([False])))
        observation, reward, terminated, truncated, _ = env.step(jax.tree.map(lambda x: x[0], action))
        look()
        reward, over = float(reward), terminated or truncated
    last = jax.tree.map(lambda x: np.asarray(x)[None], observation)
    rows.append(Track(last, np.array([False]), rows[-1].action, np.array([reward], np.float32), np.array([True])))
    return Episode({AGENT: jax.tree.map(lambda *each: np.stack(each), *rows)}, pictures=tuple(drawn))


def magnified(frame: Any) -> np.ndarray:
    """A picture `[H, W, 3]` as bytes; brightness in [0, 1] is scaled, and pictures of few pixels are magnified."""
    frame = np.asarray(frame)
    if np.issubdtype(frame.dtype, np.floating):
        frame = np.rint(255.0 * frame.clip(0.0, 1.0)).astype(np.uint8)
    times = -(-SMALLEST // max(frame.shape[:2]))
    return frame.repeat(times, 0).repeat(times, 1)
