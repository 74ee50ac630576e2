"""Many runs in one command."""

import re
from pathlib import Path

import pytest

from ecotone import Run
from ecotone.cli.sweeps import Asked, take
from ecotone.ops.schedules import Linear

from .conftest import SMALL


@pytest.fixture(scope="module")
def swept(tmp_path_factory, ecotone):
    """What `train --sweep` said, and the sweep's folder."""
    out = tmp_path_factory.mktemp("swept")
    options = ["--seeds", "2", "--sweep", "algorithm.optimizer.learning-rate=1e-3,linear 2e-3 0", "--out", out]
    said = ecotone("train", "ppo", "CartPole-v1", *SMALL, "--steps", "300", "--runtime", "compiled", *options)
    assert said.code == 0, said.err
    return said, Path(said.out.splitlines()[-1])


def test_every_member_is_a_run(swept, ecotone):
    folders = sorted(swept[1].glob("*/run.json"))
    experiments = [Run.open(record.parent).experiment for record in folders]
    assert [experiment.seed for experiment in experiments] == [0, 1, 0, 1]
    assert experiments[2].algorithm.optimizer.learning_rate == Linear(2e-3, 0.0)
    assert ecotone("evaluate", folders[0].parent, "--episodes", "2").code == 0


def test_analyze_compares_the_configurations(swept, ecotone, tmp_path):
    said = ecotone("analyze", swept[1], "--out", tmp_path / "report")
    assert said.code == 0, said.err
    assert len(re.findall(r"^CartPole-v1 .*\s2\s", said.out, re.MULTILINE)) == 2


def test_the_sweep_resumes_as_a_whole(swept, ecotone):
    done = ecotone("train", "--resume", swept[1])
    assert (done.code, done.err.count("\n")) == (2, 1)
    said = ecotone("train", "--resume", swept[1], "--steps", "400")
    assert said.code == 0, said.err
    assert said.out.splitlines()[-1] == str(swept[1])
    assert all(Run.open(record.parent).steps() >= 400 for record in swept[1].glob("*/run.json"))


def test_options_of_a_sweep_are_taken_from_among_the_others():
    line = ["x", "--seeds=3", "--sweep", "a.b=1,2", "--steps", "9", "--together", "2", "--sweep=c=4"]
    assert take(line) == (Asked(3, 2, (("a.b", ("1", "2")), ("c", ("4",)))), ["x", "--steps", "9"])
    assert take(["x", "--steps", "9"]) == (None, ["x", "--steps", "9"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--seeds", "--seeds wants a number"),
        ("--seeds 0", "--seeds wants a whole number of at least 1, not '0'"),
        ("--sweep algorithm.gamma", "FIELD=VALUE,VALUE such as"),
        ("--sweep algorithm.gama=1,2", "no option --algorithm.gama. Did you mean --algorithm.gamma?"),
        ("--sweep algorithm.gamma=0.9,high", "--algorithm.gamma wants a number, not 'high'"),
        ("--sweep seed=1,2", "repetitions are asked for by `seeds`"),
    ],
)
def test_a_mistake_gets_one_line_and_code_2(ecotone, options, message):
    said = ecotone("train", "ppo", "CartPole-v1", *options.split())
    assert said.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1
