"""Collectors that Ray places: rows as in one process, losses that are made good, and mistakes that reach the learner."""

import os
import sys
import warnings
from dataclasses import replace

import jax
import numpy as np
import pytest
from gymnasium import Env, spaces

from ecotone import IMPALA, PPO, Cluster, Collected, Experiment, Run, begin, checkpoint, train
from ecotone.feed import Rollout
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.runs import MODULE, read_experiment
from ecotone.runtime.ray import connect
from ecotone.training import make_engine

ray = pytest.importorskip("ray")
SMALL = PPO(ActorCritic(Encoder((8,))), feed=Rollout(8), epochs=1, minibatches=2)
FILE = """
import beside
from ecotone import PPO, Cluster, Experiment
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

@frozen
class Mine(PPO):
    scale: float = 1.0

def make():
    return beside.made()

algorithm = Mine(ActorCritic(Encoder((8,))), feed=Rollout(8), epochs=1, minibatches=1)
experiment = Experiment(make, algorithm, num_envs=1, steps=24, runtime="ray")
"""


@pytest.fixture(scope="module", autouse=True)
def cluster():
    """One Ray for all tests, which their engines leave as it is; no experiment's file of other tests."""
    sys.modules.pop(MODULE, None)
    connect(3)
    yield
    ray.shutdown()


class Fragile(Env):
    """Shows zeros, warns, and as `end` says breaks at its fourth step: with NaN, or with its process."""

    observation_space, action_space = spaces.Box(-1.0, 1.0, (2,)), spaces.Discrete(2)

    def __init__(self, end):
        self.end, self.steps = end, 0

    def reset(self, *, seed=None, options=None):
        return np.zeros(2, np.float32), {}

    def step(self, action):
        self.steps += 1
        if self.steps == 4 and self.end == "exit":
            os._exit(1)
        if self.steps == 1:
            warnings.warn("the world is flat", stacklevel=1)
        return np.zeros(2, np.float32), float("nan") if self.steps == 4 else 0.0, False, False, {}


def test_rows_are_those_of_the_local_runtime_and_a_lost_collector_is_replaced(tmp_path):
    alone = Experiment("CartPole-v1", SMALL, num_envs=4, steps=1_000, seed=3)
    local, engine = make_engine(alone), make_engine(replace(alone, runtime="ray", ray=Cluster(collectors=1, cpus=0.5)))
    for _ in range(2):
        (mine,), (theirs,) = local.advance(1), engine.advance(1)
        jax.tree.map(np.testing.assert_array_equal, mine.rows, theirs.rows)
    checkpoint.write(tmp_path, 1, engine.save(), engine.params(), engine.spec, 1)
    ray.kill(engine.fleet._places[0].actor)
    with pytest.warns(UserWarning, match=r"collector 0 was lost .* fresh environments"):
        (piece,) = engine.advance(1)
    assert piece.is_first[0].all(), "the rows of the lost collector are not gone on with"
    (mine,) = local.advance(1)
    assert not np.array_equal(piece.rows.observation, mine.rows.observation)
    engine.restore(checkpoint.newest(tmp_path, engine.save().tree)[1])
    jax.tree.map(np.testing.assert_array_equal, mine.rows, engine.advance(1)[0].rows)
    engine.close()
    assert ray.is_initialized(), "Ray was there before"


def test_collectors_at_work_while_the_learner_is(tmp_path):
    algorithm = IMPALA(ActorCritic(Encoder((8,))), feed=Rollout(8, overlap=True))
    fields = {"runtime": "ray", "ray": Cluster(cpus=0.5), "out": str(tmp_path)}
    experiment = Experiment("CartPole-v1", algorithm, num_envs=4, steps=100, **fields)
    told = []
    run = train(experiment, watch=told.append)
    rows = [event.rows.acted.shape for event in told if isinstance(event, Collected)]
    assert set(rows) == {(9, 2)}
    resumed = begin(replace(experiment, steps=160), Run.open(run.folder))
    assert resumed.engine._launched
    assert sum(isinstance(event, Collected) for event in resumed) >= 2
    assert resumed.steps >= 160


@pytest.mark.parametrize(
    ("end", "message"),
    [("nan", r"environment 0 returned a reward that is not finite .* at its step 3"), ("exit", "was lost, 1 in a row")],
)
def test_what_ends_training_is_said_by_the_learner(end, message, tmp_path):
    fields = {"env_kwargs": {"end": end}, "runtime": "ray", "ray": Cluster(patience=0), "out": str(tmp_path)}
    with pytest.warns(UserWarning, match="collector 0: the world is flat"), pytest.raises(Mistake, match=message):
        train(Experiment(Fragile, replace(SMALL, feed=Rollout(2)), num_envs=1, steps=1_000, **fields))


def test_an_experiment_s_file_is_known_to_collectors(tmp_path):
    """Also the classes that it makes, and the modules beside it."""
    (tmp_path / "beside.py").write_text("import gymnasium\n\ndef made():\n    return gymnasium.make('CartPole-v1')\n")
    (tmp_path / "mine.py").write_text(FILE)
    experiment = read_experiment(tmp_path / "mine.py")
    assert train(replace(experiment, out=str(tmp_path))).steps() >= 24
    sys.modules.pop(MODULE)
