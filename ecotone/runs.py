"""The folder of a run: what was asked, what came of it, how to continue."""

import dataclasses
import importlib.metadata
import json
import secrets
import shutil
import sys
import time
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ecotone.experiment import Experiment
from ecotone.mistakes import Mistake
from ecotone.parameters import experiment_of
from ecotone.sim.abmarl import stand_ins
from ecotone.written import from_json, to_json

VERSIONS = ("ecotone", "jax", "numpy", "equinox", "optax", "gymnasium")
FILE = "experiment.py"
RECORD = "run.json"
MODULE = "ecotone_experiment"
"""The experiment's file as a module."""


@dataclass(frozen=True)
class Run:
    """A run's folder and the experiment in it."""

    folder: Path
    experiment: Experiment

    @property
    def checkpoints(self) -> Path:
        """The folder of its checkpoints."""
        return self.folder / "checkpoints"

    @classmethod
    def create(cls, experiment: Experiment, source: Path | None = None, folder: Path | None = None) -> "Run":
        """A new folder below the experiment's `out`, unless another one is given; `source` is its file, which is copied.

        Raises `Mistake` where the folder cannot be made.
        """
        folder = folder or new_folder(experiment)
        run = cls(folder, experiment)
        try:
            folder.mkdir(parents=True)
            run.describe()
            if source is not None:
                shutil.copyfile(source, folder / FILE)
        except OSError as error:
            raise Mistake(f"the run's folder {folder} cannot be written: {error.strerror}. Choose another --out.") from error
        return run

    def describe(self) -> None:
        """Write `run.json`: the experiment, versions, and the command that asked for it."""
        experiment = self.experiment
        described = {
            "experiment": {f.name: to_json(getattr(experiment, f.name)) for f in dataclasses.fields(experiment)},
            "versions": {name: importlib.metadata.version(name) for name in VERSIONS} | {"python": sys.version},
            "command": sys.argv,
        }
        partial = self.folder / ".partial-run.json"
        partial.write_text(json.dumps(described, indent=2))
        partial.replace(self.folder / RECORD)

    @classmethod
    def open(cls, folder: Path | str) -> "Run":
        """The run in a folder; raises `Mistake` where there is none."""
        folder = Path(folder)
        try:
            described = json.loads((folder / RECORD).read_text())["experiment"]
        except (OSError, ValueError, KeyError) as error:
            raise Mistake(f"{folder} is not the folder of a run: it has no readable run.json.") from error
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*they say how RLlib runs")  # which was told when the run began
            base = read_experiment(folder / FILE) if (folder / FILE).exists() else None
        values = {name: from_json(value, getattr(base, name, None)) for name, value in described.items()}
        return cls(folder, Experiment(**values))

    def steps(self) -> int:
        """Environment steps of its newest checkpoint, 0 where it has none."""
        return max((int(path.name) for path in self.checkpoints.glob("[0-9]*")), default=0)

    def remove(self) -> None:
        """Delete the folder, and those above it that it leaves empty."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for above in (self.folder.parent, Path(self.experiment.out)):
            if above.is_dir() and not any(above.iterdir()):
                above.rmdir()


def new_folder(experiment: Experiment) -> Path:
    """A folder below the experiment's `out` that no other run has; it is not made yet."""
    identity = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"
    return Path(experiment.out) / experiment.name / identity


def read_file(path: Path | str) -> dict[str, Any]:
    """All that an experiment's file defines, by name.

    Raises `Mistake` where there is no such file, or it needs a part of Abmarl that has no stand-in.
    """
    path = Path(path)
    if not path.is_file():
        raise Mistake(f"there is no experiment file {path}.")
    return run_text(path, path.read_text())


def run_text(path: Path, text: str) -> dict[str, Any]:
    """All that the text of the experiment's file at `path` defines; raises `Mistake` as `read_file` does."""
    module = type(sys)(MODULE)
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with stand_ins() if "abmarl" in text else nullcontext():
            exec(compile(text, str(path), "exec"), module.__dict__)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("abmarl"):
            raise
        why = f"{path} needs {error.name}, for which nothing stands in: install Abmarl itself (it needs no Ray here)."
        raise Mistake(why) from error
    finally:
        sys.path.pop(0)
    return module.__dict__


def experiment_in(path: Path | str, said: dict[str, Any]) -> Experiment:
    """The `experiment` among what a file defines, or that Abmarl's `params` describe; `Mistake` where it has neither."""
    if isinstance(params := said.get("params"), dict) and "experiment" not in said:
        return experiment_of(params)
    experiment = said.get("experiment")
    if not isinstance(experiment, Experiment):
        raise Mistake(f"{path} defines no `experiment = Experiment(...)`, nor `params` as Abmarl has them.")
    return experiment


def read_experiment(path: Path | str) -> Experiment:
    """The experiment that a Python file defines; raises `Mistake` where it defines none."""
    return experiment_in(path, read_file(path))
