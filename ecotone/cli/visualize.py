"""`ecotone visualize`: a run's policy at work, in a window or in a file."""

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from ecotone.cli.arguments import parse
from ecotone.cli.runs import find_one
from ecotone.mistakes import Mistake
from ecotone.recording import Episode, Recording

KINDS = (".html", ".mp4", ".gif", ".npz")


@dataclass(frozen=True)
class Options:
    """Watch a run's greedy policy in a window, or record it."""

    run: Annotated[Path, Positional, arg(metavar="RUN")]
    """The run's folder."""
    episodes: int = 1
    """How many to play."""
    record: Path | None = None
    """File to write instead of opening a window: .html plays in any browser and shows what agents see and do, .mp4 and .gif
    are films, .npz holds the recording itself."""
    seed: int = 0
    """Of the environment."""


def main(arguments: Sequence[str]) -> int:
    """Visualize; returns the exit code."""
    options = parse(Options, "ecotone visualize", arguments)
    if options.episodes < 1:
        raise Mistake(f"--episodes is {options.episodes}, but must be at least 1.")
    if options.record is not None and options.record.suffix.lower() not in KINDS:
        kinds = ", ".join(KINDS[:-1])
        raise Mistake(f"--record writes {kinds} or {KINDS[-1]}, not '{options.record.suffix or options.record}'.")
    if options.record is None and not _has_display():
        raise Mistake("there is no display to open a window on: write a file with --record FILE.html or FILE.mp4.")
    folder = find_one(options.run)
    if options.record is None:
        _watch(folder, options)
    else:
        _record(folder, options, options.record)
    return 0


def _has_display() -> bool:
    return sys.platform in ("win32", "darwin") or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _watch(folder: Path, options: Options) -> None:
    from ecotone.envs.streams import is_multi_agent, only_compiled
    from ecotone.playing.alone import gymnasium_environment, play_episode
    from ecotone.playing.tape import play_together
    from ecotone.policy import load
    from ecotone.runs import Run

    experiment, policy = Run.open(folder).experiment, load(folder)
    if only_compiled(experiment.env):
        raise Mistake(f"{experiment.name} is played in compiled form, which has no window: add --record FILE.html.")
    if is_multi_agent(experiment.env, experiment.env_kwargs):
        recording = play_together(experiment, policy, options.episodes, options.seed, "human")
        for number, episode in enumerate(recording.episodes):
            _tell(number, episode)
        return
    env = gymnasium_environment(experiment, "human")
    try:
        for number in range(options.episodes):
            _tell(number, play_episode(env, policy, options.seed + number))
    finally:
        env.close()


def _record(folder: Path, options: Options, path: Path) -> None:
    from ecotone.playing import play
    from ecotone.runs import Run

    recording = play(Run.open(folder), options.episodes, options.seed)
    for number, episode in enumerate(recording.episodes):
        _tell(number, episode)
    _writer(path)(recording, path)
    print(path)


def _tell(number: int, episode: Episode) -> None:
    from ecotone.progress import number as text

    total = float(sum(track.reward.sum() for track in episode.tracks.values()))
    print(f"episode {number + 1}: return {text(total)}, length {episode.rows - 1}")


def _writer(path: Path) -> Callable[[Recording, Path], None]:
    from ecotone.pictures.files import write_recording
    from ecotone.pictures.film import write_film
    from ecotone.pictures.page import write_page

    return {".html": write_page, ".npz": write_recording}.get(path.suffix.lower(), write_film)
