"""The experiments that come with the project can be read, are made for their environment, and reach what they say."""

import csv
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from ecotone import train
from ecotone.envs.streams import compiled_stream, local_stream, only_compiled
from ecotone.parties import join
from ecotone.statistics import iqm
from ecotone.tuned import files, read

ROOT = Path(__file__).parent.parent
FILES = files()
CURVES = {name: ROOT / "benchmarks" / "curves" / f"{file.stem}.csv" for name, file in FILES.items()}
LONG = ("bipedalwalker", "halfcheetah", "lunarlander", "minatar", "pong")
"""How the names of experiments begin that two cores need hours for."""
SEEDS = range(21, 26)


def test_they_are_those_of_the_folder():
    assert {file.resolve() for file in FILES.values()} == set((ROOT / "experiments").glob("*.py"))
    assert FILES["cartpole-ppo"].name == "cartpole_ppo.py"


@pytest.mark.parametrize("name", FILES)
def test_experiments_are_sound(name):
    said = read(FILES[name])
    experiment = said.experiment
    assert isinstance(said.reach, int | float)
    assert said.about
    assert "ecotone.train(experiment)" in FILES[name].read_text().partition('\n\nif __name__ == "__main__":\n    ')[2]
    env, kwargs = experiment.env, experiment.env_kwargs
    bare = compiled_stream(env, 1, kwargs) if only_compiled(env) else local_stream(env, 1, kwargs, 0)
    algorithm, stream = join(experiment, bare)
    assert jax.tree.leaves(jax.eval_shape(lambda key: algorithm.init(key, stream.spec), jax.random.key(0)))


@pytest.mark.parametrize("name", [name for name, curve in CURVES.items() if curve.exists()])
def test_the_curve_that_is_kept_reaches_what_the_experiment_says(name):
    said, lines = read(FILES[name]), list(csv.reader(CURVES[name].open()))
    assert lines[-1][0] == "end"
    assert iqm(np.asarray(lines[-1][1:], float)) >= said.reach
    assert 0.9 * said.experiment.steps <= int(lines[-2][0]) <= said.experiment.steps


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", [name for name in FILES if not name.startswith(LONG)])
def test_experiments_reach_what_they_say(name, tmp_path, optimized_programs):
    said = read(FILES[name])
    runs = (train(replace(said.experiment, seed=seed, out=str(tmp_path))) for seed in SEEDS)
    assert iqm(np.asarray([said.result(run, 32) for run in runs])) >= said.reach
