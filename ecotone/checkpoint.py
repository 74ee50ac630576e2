"""Checkpoints: one file of arrays and one of JSON in a folder that appears whole or not at all. Nothing is pickled."""

import json
import os
import shutil
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import jax
import numpy as np
from jax.tree_util import keystr, tree_leaves_with_path, tree_map_with_path
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ecotone.groups import World
from ecotone.mistakes import Mistake
from ecotone.runtime.engine import Saved
from ecotone.runtime.program import is_key
from ecotone.spec import Spec
from ecotone.trajectory import Tree
from ecotone.written import from_json, to_json

LEARNER, POLICY, NUMBERS = "learner.safetensors", "policy.safetensors", "checkpoint.json"
TRIMMED_FROM = 1_000_000
"""Bytes from which an array's last rows are left out where they are all zero."""
PIECE = 1 << 24
"""Bytes read at once where a file is checked."""
T = TypeVar("T")


def write(folder: Path, steps: int, saved: Saved, policy: Tree, spec: Spec | World, keep: int) -> Path:
    """Write a checkpoint below `folder`, forget all but the newest `keep`; raises `Mistake` where that cannot be done."""
    target, partial = folder / f"{steps:012d}", folder / f".partial-{steps}"
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        _write_files(partial, {"steps": steps, "spec": to_json(spec)}, saved, policy)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise Mistake(f"the checkpoint {target} could not be written: {error}.") from error
    for old in sorted(folder.glob("[0-9]*"))[:-keep]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def newest(folder: Path, like: Tree) -> tuple[int, Saved]:
    """Steps and content of the newest whole checkpoint below `folder`, its tree shaped as `like`.

    Broken ones are skipped with a warning. Raises `Mistake` where none is whole, or where it belongs to another algorithm
    or environment than `like`.
    """

    def read(path: Path) -> tuple[Path, dict[str, Any], dict[str, np.ndarray]]:
        described = json.loads((path / NUMBERS).read_text())
        return path, described, _read(path / LEARNER, described)

    path, described, arrays = _first_whole(folder, read)
    return described["steps"], Saved(_join("tree", like, arrays, path), _nested(arrays, described["values"]))


def policy_at(folder: Path, shape_of: Callable[[Any], Tree], steps: int | None = None) -> tuple[int, Tree, Any]:
    """Steps, policy and spec of a checkpoint; `shape_of` says what a policy for a spec looks like.

    The one at so many `steps`, or the newest whole one. Of many agents, what stands for the spec is their `World`.
    """

    def read(path: Path) -> tuple[Path, dict[str, Any], dict[str, np.ndarray]]:
        described = json.loads((path / NUMBERS).read_text())
        return path, described, _read(path / POLICY, described)

    path, described, arrays = _first_whole(folder, read, "[0-9]*" if steps is None else f"{steps:012d}")
    spec = from_json(described["spec"])
    return described["steps"], _join("policy", shape_of(spec), arrays, path), spec


def newest_part(folder: Path, place: Callable[[set[str]], str], like: Tree) -> Tree:
    """Part of the tree of the newest whole checkpoint below `folder`, shaped as `like`.

    `place` says under which name it lies, of those in the tree, such as `.learner.state`. Raises `Mistake` as `newest` does.
    """

    def read(path: Path) -> tuple[Path, dict[str, np.ndarray]]:
        return path, _read(path / LEARNER, json.loads((path / NUMBERS).read_text()))

    path, arrays = _first_whole(folder, read)
    return _join(f"tree{place({name.removeprefix('tree') for name in arrays})}", like, arrays, path)


def _first_whole(folder: Path, read: Callable[[Path], T], named: str = "[0-9]*") -> T:
    for path in sorted(folder.glob(named), reverse=True):
        try:
            return read(path)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            warnings.warn(f"the checkpoint {path} is broken ({error}): the one before it is used.", stacklevel=2)
    raise Mistake(f"there is no whole checkpoint in {folder}: train first.")


def _write_files(partial: Path, described: dict[str, Any], saved: Saved, policy: Tree) -> None:
    learner = _named("tree", saved.tree)
    values: dict[str, Any] = {}
    _flatten(saved.loose, "loose", learner, values)
    rows = {name: len(array) for name, array in learner.items() if array.nbytes > TRIMMED_FROM and array.ndim}
    for name in rows:
        learner[name] = _without_zero_tail(learner[name])
    checksums = {}
    for file, arrays in ((LEARNER, learner), (POLICY, _named("policy", policy))):
        save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, partial / file)
        checksums[file] = _checksum(partial / file)
    (partial / NUMBERS).write_text(json.dumps(described | {"crc32": checksums, "rows": rows, "values": values}))
    for path in partial.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _read(path: Path, described: dict[str, Any]) -> dict[str, np.ndarray]:
    if _checksum(path) != described["crc32"][path.name]:
        raise ValueError(f"the checksum of {path.name} is wrong")
    arrays = load_file(path)
    for name in described["rows"].keys() & arrays.keys():
        kept = arrays[name]
        arrays[name] = np.zeros((described["rows"][name], *kept.shape[1:]), kept.dtype)
        arrays[name][: len(kept)] = kept
    return arrays


def _checksum(path: Path) -> int:
    """CRC-32 of a file, a piece at a time: a replay may fill half the memory."""
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def _named(prefix: str, tree: Tree) -> dict[str, np.ndarray]:
    return {f"{prefix}{keystr(path)}": _array(leaf) for path, leaf in tree_leaves_with_path(tree)}


def _array(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if is_key(leaf) else leaf)


def _without_zero_tail(array: np.ndarray) -> np.ndarray:
    """The array without its last rows that are all zero, so that a replay that is not full takes no room."""
    used = np.flatnonzero(array.reshape(len(array), -1).any(1))
    return array[: used[-1] + 1 if len(used) else 0]


def _join(prefix: str, like: Tree, arrays: dict[str, np.ndarray], path: Path) -> Tree:
    def one(place: Any, leaf: Any) -> Any:
        name = f"{prefix}{keystr(place)}"
        expected = leaf if isinstance(leaf, jax.ShapeDtypeStruct) else _array(leaf)
        found = arrays.get(name)
        if found is None or found.shape != expected.shape or found.dtype != expected.dtype:
            holds = "nothing" if found is None else f"{found.dtype}{list(found.shape)}"
            raise Mistake(
                f"the checkpoint {path} holds {holds} at {name}, but {expected.dtype}{list(expected.shape)} is expected: "
                "it was written for another algorithm, model or environment."
            )
        return jax.random.wrap_key_data(jax.numpy.asarray(found)) if is_key(leaf) else found

    return tree_map_with_path(one, like)


def _flatten(values: dict[str, Any], prefix: str, arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> None:
    for key, value in values.items():
        name = f"{prefix}/{key}"
        if isinstance(value, dict):
            _flatten(value, name, arrays, plain)
        elif isinstance(value, np.ndarray):
            arrays[name] = value
        else:
            plain[name] = value


def _nested(arrays: dict[str, np.ndarray], plain: dict[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for name, value in (arrays | plain).items():
        first, *keys = name.split("/")
        if first == "loose":
            place = nested
            for key in keys[:-1]:
                place = place.setdefault(key, {})
            place[keys[-1]] = value
    return nested
