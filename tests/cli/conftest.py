"""One small run that the tests of the commands read; none of them changes it."""

import contextlib
import io
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from ecotone.cli import main

SMALL = ["--steps", "1000", "--num-envs", "2", "--algorithm.feed.length", "32", "--algorithm.model.encoder.hidden", "8", "--algorithm.minibatches", "2", "--algorithm.epochs", "1", "--evaluation.every", "500", "--evaluation.episodes", "4"]


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def ecotone():
    """Run the command line in this process."""

    def call(*arguments: str) -> Said:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        return Said(code, out.getvalue(), err.getvalue())

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory, ecotone) -> tuple[Said, Path]:
    """What `train` said, and the folder of its run."""
    out = tmp_path_factory.mktemp("runs")
    said = ecotone("train", "ppo", "CartPole-v1", *SMALL, "--seed", "3", "--out", out)
    assert said.code == 0, said.err
    return said, Path(said.out.splitlines()[-1])


@pytest.fixture(scope="session")
def run(trained) -> Path:
    """The run's folder."""
    return trained[1]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Commands write below the working folder unless told otherwise."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    yield
    assert not [left for left in os.listdir(tmp_path) if left == "runs"], "a command left a half-made run folder"
