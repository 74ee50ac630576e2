"""`ecotone visualize`: a run's policy at work, in a window or in a file."""

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np
from tyro.conf import Positional, arg

from ecotone.cli.arguments import parse
from ecotone.cli.runs import find_one
from ecotone.mistakes import Mistake

KINDS = (".gif", ".mp4")
FRAMES_PER_SECOND = 30
SMALLEST = 160
"""Pixels of the longer side from which a picture is left as it is."""


@dataclass(frozen=True)
class Options:
    """Watch a run's greedy policy in a window, or record it."""

    run: Annotated[Path, Positional, arg(metavar="RUN")]
    """The run's folder."""
    episodes: int = 1
    """How many to play."""
    record: Path | None = None
    """A .gif or .mp4 file to write instead of opening a window."""
    seed: int = 0
    """Of the environment."""


def main(arguments: Sequence[str]) -> int:
    """Visualize; returns the exit code."""
    options = parse(Options, "ecotone visualize", arguments)
    if options.episodes < 1:
        raise Mistake(f"--episodes is {options.episodes}, but must be at least 1.")
    if options.record is not None and options.record.suffix.lower() not in KINDS:
        raise Mistake(f"--record writes .gif or .mp4, not '{options.record.suffix or options.record}'.")
    if options.record is None and not _has_display():
        raise Mistake("there is no display to open a window on: write a file with --record FILE.mp4.")
    folder = find_one(options.run)
    from ecotone.envs.streams import maker
    from ecotone.runs import Run

    experiment = Run.open(folder).experiment
    mode = "human" if options.record is None else "rgb_array"
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")  # nothing here makes a sound, and its absence is no error
    if options.record is not None:
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
    env = maker(_gymnasium_name(experiment.env), experiment.env_kwargs, mode)()
    if mode not in env.metadata.get("render_modes", ()):
        raise Mistake(f"{experiment.env} cannot draw itself: it has no render mode '{mode}'.")
    try:
        if options.record is None:
            _play(env, folder, options, lambda: None)
        else:
            _record(env, folder, options, options.record)
    finally:
        env.close()
    return 0


def picture(frame: Any) -> np.ndarray:
    """A frame `[H, W, 3]` as bytes; brightness in [0, 1] is scaled, and pictures of few pixels are magnified."""
    frame = np.asarray(frame)
    if np.issubdtype(frame.dtype, np.floating):
        frame = np.rint(255.0 * frame.clip(0.0, 1.0)).astype(np.uint8)
    times = -(-SMALLEST // max(frame.shape[:2]))
    return frame.repeat(times, 0).repeat(times, 1)


def _has_display() -> bool:
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _gymnasium_name(env: Any) -> Any:
    """What Gymnasium calls an environment that is named for another engine."""
    from ecotone.envs.streams import only_compiled

    if only_compiled(env):
        raise Mistake(f"{env} exists in compiled form alone, which cannot draw itself.")
    return env.removeprefix("envpool:") if isinstance(env, str) else env


def _play(env: Any, folder: Path, options: Options, look: Callable[[], Any]) -> None:
    """Play episodes greedily, calling `look` at every observation; print what each brought."""
    from ecotone.policy import load
    from ecotone.progress import number

    policy = load(folder)
    for episode in range(options.episodes):
        observation, _ = env.reset(seed=options.seed + episode)
        look()
        total, length, over, memory, reward = 0.0, 0, False, policy.initial_memory(1), 0.0
        while not over:
            seen = jax.tree.map(lambda x: np.asarray(x)[None], observation)
            action, memory = policy(seen, memory, [length == 0], [reward])
            observation, reward, terminated, truncated, _ = env.step(jax.tree.map(lambda x: x[0], action))
            look()
            total, length, over = total + float(reward), length + 1, terminated or truncated
        print(f"episode {episode + 1}: return {number(total)}, length {length}")


def _record(env: Any, folder: Path, options: Options, path: Path) -> None:
    import imageio.v2 as imageio

    warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)  # ffmpeg is started at once in the child, which is safe
    rate = float(env.metadata.get("render_fps") or FRAMES_PER_SECOND)
    if path.suffix.lower() == ".gif":
        settings: dict[str, Any] = {"duration": 1000.0 / rate, "loop": 0}
    else:
        settings = {"fps": rate, "macro_block_size": 2, "quality": 8}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer: Any = imageio.get_writer(path, **settings)
        with writer:
            _play(env, folder, options, lambda: writer.append_data(picture(env.render())))
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror or error}.") from error
    print(path)
