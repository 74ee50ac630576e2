"""The experiments that come with the project can be read, say what they must reach, and are made for their environment."""

import runpy
from pathlib import Path

import jax
import pytest

from ecotone.envs.streams import compiled_stream, local_stream, only_compiled
from ecotone.experiment import Experiment
from ecotone.parties import join

FILES = sorted((Path(__file__).parent.parent / "experiments").glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_experiments_are_sound(path):
    world = runpy.run_path(str(path))
    experiment = world["experiment"]
    assert isinstance(experiment, Experiment)
    assert isinstance(world["reach"], int | float)
    assert world["__doc__"]
    env = experiment.env
    kwargs = experiment.env_kwargs
    bare = compiled_stream(env, 1, kwargs) if only_compiled(env) else local_stream(env, 1, kwargs, 0)
    algorithm, stream = join(experiment, bare)
    assert jax.tree.leaves(jax.eval_shape(lambda key: algorithm.init(key, stream.spec), jax.random.key(0)))
