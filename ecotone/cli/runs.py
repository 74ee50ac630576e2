"""Runs by path: a run's folder, or a folder that has runs in it."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ecotone.mistakes import Mistake

RECORD, SWEEP = "run.json", "sweep.json"


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (folder / SWEEP).is_file()


def find(path: Path) -> list[Path]:
    """Folders of the runs at or under a path, the oldest first; raises `Mistake` where there are none."""
    if (path / RECORD).is_file():
        return [path]
    if not path.exists():
        raise Mistake(f"no run at {path}: give a run's folder, the last line that `ecotone train` printed.")
    inside = sorted((record.parent for record in path.glob("**/" + RECORD)), key=lambda folder: folder.name)
    if not inside:
        raise Mistake(f"{path} is no run and has none in it (no {RECORD}): give a run's folder.")
    return inside


def find_one(path: Path) -> Path:
    """The run at a path, or the newest one under it, which is then named on standard error."""
    *older, newest = find(path)
    if older:
        print(f"ecotone: {path} has {len(older) + 1} runs, taking the newest: {newest}", file=sys.stderr)
    return newest


def find_all(paths: Sequence[Path]) -> list[Path]:
    """All runs at or under some paths, each once."""
    return list(dict.fromkeys(folder for path in paths for folder in find(path)))
