"""A recording as one page for any browser, which plays it without a network."""

import base64
import gzip
import html
import json
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.pictures.files import described
from ecotone.pictures.outlines import OUTLINES, POINTER
from ecotone.recording import COLOURS, Episode, Recording, Track

HEAVY = 64_000_000
"""Bytes of a team's observations in one episode from which they are left out."""
SCRIPTS = ("data.js", "stage.js", "views.js", "panel.js", "player.js")


def write_page(recording: Recording, path: Path) -> None:
    """Write the page; raises `Mistake` where the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(recording), encoding="utf-8")
    except OSError as error:
        raise Mistake(f"{path} cannot be written: {error.strerror or error}.") from error


def page(recording: Recording) -> str:
    """The whole page as HTML."""
    arrays: list[np.ndarray] = []
    told = described(_light(recording), arrays)
    told["outlines"] = {name: np.round(outline, 4).tolist() for name, outline in OUTLINES.items()}
    told |= {"pointer": POINTER.tolist(), "colours": COLOURS}
    told["arrays"], blob = _laid_out(arrays)
    parts = {
        "title": html.escape(recording.title),
        "style": _part("page.css"),
        "script": "\n".join(_part(name) for name in SCRIPTS),
        "header": json.dumps(told).replace("<", "\\u003c"),
        "arrays": base64.b64encode(gzip.compress(blob, 6)).decode(),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _part("page.html"))


def _part(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _laid_out(arrays: list[np.ndarray]) -> tuple[list[dict[str, Any]], bytes]:
    """Where each array lies in one block of bytes, and the block; each is of the smallest type that holds it."""
    places, pieces, offset = [], [], 0
    for array in map(_narrow, arrays):
        data = array.tobytes()
        places.append({"type": array.dtype.name, "shape": array.shape, "at": offset})
        pieces += [data, bytes(-len(data) % 8)]
        offset += len(data) + -len(data) % 8
    return places, b"".join(pieces)


def _narrow(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f":
        return array.astype("<f4")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    kinds = ("uint8", "int8", "<i2", "<i4")
    fits = [kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max]
    return array.astype(fits[0] if fits else "<f8")


def _light(recording: Recording) -> Recording:
    """The recording without observations that would make the page heavy."""

    def lighter(episode: Episode) -> Episode:
        tracks = {team: _lighter(track) for team, track in episode.tracks.items()}
        return replace(episode, tracks=tracks)

    return replace(recording, episodes=tuple(map(lighter, recording.episodes)))


def _lighter(track: Track) -> Track:
    heavy = sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves(track.observation)) > HEAVY
    return track._replace(observation=None) if heavy else track
