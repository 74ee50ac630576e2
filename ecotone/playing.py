"""Greedy episodes of a run as recordings, to be watched and analysed."""

import os
from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from ecotone.envs.streams import compiled_stream, maker, only_compiled
from ecotone.mistakes import Mistake
from ecotone.pictures.files import encoded
from ecotone.policy import Policy, load
from ecotone.recording import Drawable, Episode, Frame, Recording, Track
from ecotone.runs import Run
from ecotone.spec import to_environment
from ecotone.trajectory import Tree

AGENT = "agent"
"""What the one agent of an environment is called, and its team."""
FRAMES_PER_SECOND = 30.0
SMALLEST = 160
"""Pixels of the longer side from which a picture is left as it is."""


def play(run: Run, episodes: int = 1, seed: int = 0, pictures: bool = True) -> Recording:
    """Let a run's policy play greedily.

    Arguments:
        run: whose newest checkpoint plays, on its own environment.
        episodes: how many.
        seed: of the environment.
        pictures: whether to take pictures of an environment that makes some; frames of one with a scene are always taken.

    Raises `Mistake` for a run without a checkpoint.
    """
    policy, title = load(run), run.experiment.name
    if only_compiled(run.experiment.env):
        return _play_compiled(run, policy, episodes, seed)
    env = gymnasium_environment(run, "rgb_array" if pictures else None)
    try:
        played = tuple(play_episode(env, policy, seed + i) for i in range(episodes))
        rate = float(env.metadata.get("render_fps") or FRAMES_PER_SECOND)
    finally:
        env.close()
    return Recording(title, {AGENT: (AGENT,)}, played, rate=rate)


def gymnasium_environment(run: Run, mode: str | None) -> Any:
    """A run's environment from Gymnasium; raises `Mistake` where it cannot be drawn in that mode."""
    env = run.experiment.env
    if only_compiled(env):
        raise Mistake(f"{env} exists in compiled form alone, which has no window: write a file with --record FILE.html.")
    name = env.removeprefix("envpool:") if isinstance(env, str) else env
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")  # nothing here makes a sound, and its absence is no error
    if mode != "human":
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    made = maker(name, run.experiment.env_kwargs, mode)()
    if mode is not None and mode not in made.metadata.get("render_modes", ()):
        made.close()
        raise Mistake(f"{env} cannot draw itself: it has no render mode '{mode}'.")
    return made


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


def _play_compiled(run: Run, policy: Policy, episodes: int, seed: int) -> Recording:
    """All episodes side by side, each in a lane of its own until it ends."""
    stream = compiled_stream(run.experiment.env, episodes, run.experiment.env_kwargs)
    env = stream.environment
    scene = env.scene if isinstance(env, Drawable) else None
    frames = jax.jit(jax.vmap(env.frame)) if isinstance(env, Drawable) else lambda state: None
    step = jax.jit(stream.step)
    state, now = jax.jit(stream.start)(jax.random.key(seed))
    memory, rows, drawn, ended = policy.initial_memory(episodes), [], [], np.zeros(episodes, bool)
    while not ended.all():
        action, memory = policy.act(now, memory)
        track = Track(now.observation, now.asks, to_environment(stream.spec.action, action), now.reward, ~now.asks)
        rows.append(jax.tree.map(np.asarray, track))
        drawn.append(jax.tree.map(np.asarray, frames(state.inner)))
        ended |= rows[-1].ends
        state, now = step(state, action)
    track, scenery = (jax.tree.map(lambda *each: np.stack(each), *each) for each in (rows, drawn))
    return Recording(run.experiment.name, {AGENT: (AGENT,)}, tuple(_episodes(track, scenery)), scene)


def _episodes(track: Track, frames: Frame | None) -> Iterator[Episode]:
    """The first episode of each lane, from `[T, B, ...]`."""
    for lane, last in enumerate(track.ends.argmax(0)):
        alone: Tree = jax.tree.map(lambda x, lane=lane, last=last: x[: last + 1, lane, None], track)
        shown = jax.tree.map(lambda x, lane=lane, last=last: x[: last + 1, lane], frames)
        yield Episode({AGENT: alone}, shown)
