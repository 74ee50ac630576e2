"""Recordings as plain arrays and JSON, and back."""

import dataclasses
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ecotone.mistakes import Mistake
from ecotone.recording import Episode, Frame, Look, Recording, Scene, Track

VERSION = 1
HEADER = "recording"


def write_recording(recording: Recording, path: Path) -> None:
    """Write a `.npz` file: numbered arrays, and JSON that says what each one is."""
    arrays: list[np.ndarray] = []
    header = json.dumps({"version": VERSION, **described(recording, arrays)}).encode()
    numbered = {str(i): array for i, array in enumerate(arrays)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, **{HEADER: np.frombuffer(header, np.uint8)}, **numbered)  # type: ignore[arg-type]


def read_recording(path: Path | str) -> Recording:
    """The recording in a file; raises `Mistake` where there is none of this version."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            header = json.loads(bytes(stored[HEADER]))
            arrays = {name: stored[name] for name in stored.files if name != HEADER}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise Mistake(f"{path} is no recording: write one with `ecotone visualize RUN --record FILE.npz`.") from error
    if header.get("version") != VERSION:
        raise Mistake(f"{path} is a recording of version {header.get('version')}, and this Ecotone reads {VERSION}.")
    scene = header["scene"]
    episodes = tuple(_episode(each, arrays) for each in header["episodes"])
    teams = {team: tuple(names) for team, names in header["teams"].items()}
    return Recording(header["title"], teams, episodes, None if scene is None else _scene(scene), header["rate"])


def described(recording: Recording, arrays: list[np.ndarray]) -> dict[str, Any]:
    """A recording as JSON values, with its arrays appended to `arrays` and named by their index there."""
    told = {
        "title": recording.title,
        "rate": recording.rate,
        "teams": recording.teams,
        "scene": None if recording.scene is None else dataclasses.asdict(recording.scene),
    }
    return told | {"episodes": [_described(vars(episode), arrays) for episode in recording.episodes]}


def encoded(picture: np.ndarray) -> bytes:
    """A picture `[H, W, 3]` uint8 as a PNG file."""
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(picture).save(written, "png", compress_level=3)
    return written.getvalue()


def decoded(picture: bytes) -> np.ndarray:
    """The pixels of a PNG file, `[H, W, 3]` uint8."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))


def _described(tree: Any, arrays: list[np.ndarray]) -> Any:
    if tree is None:
        return None
    if hasattr(tree, "_asdict"):
        tree = tree._asdict()
    if isinstance(tree, dict):
        return {str(key): _described(part, arrays) for key, part in tree.items()}
    if isinstance(tree, (tuple, list)):
        return [_described(part, arrays) for part in tree]
    arrays.append(np.frombuffer(tree, np.uint8) if isinstance(tree, bytes) else np.asarray(tree))
    return len(arrays) - 1


def _scene(told: dict[str, Any]) -> Scene:
    looks = tuple(Look(**look) for look in told["looks"])
    cells = {int(number): look for number, look in told["cells"].items()}
    choices = {team: tuple(names) for team, names in told["choices"].items()}
    return Scene(told["rows"], told["columns"], tuple(told["entities"]), looks, cells, choices)


def _episode(told: dict[str, Any], arrays: dict[str, np.ndarray]) -> Episode:
    tracks = {team: Track(**{k: _tree(v, arrays) for k, v in track.items()}) for team, track in told["tracks"].items()}
    frames = told["frames"] and Frame(**{name: _tree(part, arrays) for name, part in told["frames"].items()})
    return Episode(tracks, frames, tuple(bytes(arrays[str(picture)]) for picture in told["pictures"]))


def _tree(told: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(told, dict):
        return {name: _tree(part, arrays) for name, part in told.items()}
    if isinstance(told, list):
        return tuple(_tree(part, arrays) for part in told)
    return None if told is None else arrays[str(told)]
