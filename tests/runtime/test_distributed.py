"""Collectors that are apart from the learner give the rows, and the run, that one process would."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from ecotone import DQN, IMPALA, PPO, Cluster, Experiment, Group, Updated, checkpoint
from ecotone.cluster import Share, distributed
from ecotone.feed import Replay, Rollout
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.networks.recurrent import GRU
from ecotone.ops.schedules import Linear
from ecotone.runtime.distributed import beside
from ecotone.training import make_engine
from ecotone.trajectory import Episodes
from tests.envs.agents.told import Count
from tests.runtime.fleet import InProcess

SMALL = Encoder((8,))
PPO_SMALL = PPO(ActorCritic(SMALL, core=GRU(4)), feed=Rollout(8), epochs=1, minibatches=2)
IMPALA_SMALL = IMPALA(ActorCritic(SMALL), feed=Rollout(8, overlap=True))
DQN_SMALL = DQN(
    QNetwork(SMALL), replay=Replay(capacity=200, batch=4, warmup=16, ratio=0.5, length=4), epsilon=Linear(1.0, 0.1)
)
CASES = {
    "fresh rows and a memory": Experiment("CartPole-v1", PPO_SMALL, num_envs=4),
    "overlapped": Experiment("CartPole-v1", IMPALA_SMALL, num_envs=4),
    "a replay": Experiment("CartPole-v1", DQN_SMALL, num_envs=2),
    "an overlapped replay": Experiment("CartPole-v1", DQN_SMALL, num_envs=2, overlap=True),
    "groups": Experiment(Count, groups={"all": Group(replace(IMPALA_SMALL, model=ActorCritic(SMALL)))}, num_envs=2),
}


def engine_of(experiment, collectors=1, order=(0,)):
    placed = lambda share: InProcess(share, collectors, order)
    return distributed(replace(experiment, seed=3, steps=1_000, ray=Cluster(collectors=collectors)), placed)


def same(one, other):
    jax.tree.map(np.testing.assert_array_equal, one, other)


@pytest.mark.parametrize("name", CASES)
def test_one_collector_gives_the_run_of_the_local_runtime(name):
    local, apart = make_engine(replace(CASES[name], seed=3, steps=1_000)), engine_of(CASES[name])
    for _ in range(6):
        (mine,), (theirs,) = local.advance(1), apart.advance(1)
        same(mine.rows, theirs.rows)
        same(mine.updates, theirs.updates)
        lags = {name.split("/")[-1] for name in theirs.metrics.keys() - mine.metrics.keys()}
        assert lags == ({"lag"} if apart.overlap else set())
        same(mine.metrics, {name: theirs.metrics[name] for name in mine.metrics})
    same(jax.tree.leaves(local.params()), jax.tree.leaves(apart.params()))


@pytest.mark.parametrize("name", ["fresh rows and a memory", "an overlapped replay"])
def test_rows_of_collectors_lie_beside_each_other(name):
    together = engine_of(CASES[name], 2)
    alone = engine_of(CASES[name], 2).fleet.makers
    for _ in range(2):
        (piece,) = together.advance(1)
        same(piece.rows, beside([made.collect() for made in alone]))
        for made in alone:  # of an overlapped run, weights are those before the last update
            made.load(together.fleet._leaves if together.overlap else jax.tree.leaves(together.params()))
    seeds = [made.stream.episodes[0]._seed for made in alone]
    assert seeds[0] == 3
    assert seeds[1] != 3


def test_fragments_are_learned_from_as_they_arrive():
    """The second collector is late: its first fragment comes when the first one's third was taken."""
    engine = engine_of(CASES["overlapped"], 2, (0, 0, 0, 1))
    pieces = [engine.advance(1) for _ in range(2)]
    lanes = [[piece.lanes for piece in each] for each in pieces]
    assert lanes == [[slice(0, 2), slice(0, 2)], [slice(0, 2), slice(2, 4)]]
    assert [float(each[-1].metrics["lag"]) for each in pieces] == [0.0, 1.0]
    for first, last in pieces:
        assert Updated(0, first.updates, first.metrics).metrics == {}
        assert Updated(0, last.updates, last.metrics).updates == 1
    one, other, late = pieces[0][0], pieces[0][1], pieces[1][1]
    same(one.rows.observation[-1], other.rows.observation[0])  # the second goes on where the first ended
    assert late.is_first[0].all()


def test_returns_are_those_of_each_lane_whoever_comes_first():
    rng = np.random.default_rng(0)
    acted, reward = rng.random((33, 4)) < 0.8, rng.random((33, 4))
    is_first = np.concatenate([np.ones((1, 4), bool), ~acted[:-1]])
    whole, apart, ended, found = Episodes(4), Episodes(4), [], []
    for t in (0, 16):
        rows = slice(t, t + 17)
        ended += whole.add(is_first[rows], acted[rows], reward[rows])
    for lanes, t in ((slice(2, 4), 0), (slice(2, 4), 16), (slice(0, 2), 0), (slice(0, 2), 16)):
        rows = slice(t, t + 17)
        found += apart.add(is_first[rows, lanes], acted[rows, lanes], reward[rows, lanes], lanes)
    assert len(ended) > 8
    assert sorted(found) == sorted(ended)


@pytest.mark.parametrize("name", ["fresh rows and a memory", "overlapped", "an overlapped replay"])
def test_a_saved_run_goes_on_as_it_would_have(name, tmp_path, monkeypatch):
    # Whether weights are computed when a fragment is claimed is a matter of time, else.
    monkeypatch.setattr("ecotone.runtime.distributed._are_there", lambda leaves: True)
    engine = engine_of(CASES[name], 2, (0, 1))
    for _ in range(3):
        engine.advance(1)
    checkpoint.write(tmp_path, 1, engine.save(), engine.params(), engine.spec, 1)
    whole = [piece.rows for _ in range(3) for piece in engine.advance(1)]
    other = engine_of(CASES[name], 2, (0, 1))
    other.restore(checkpoint.newest(tmp_path, other.save().tree)[1])
    same(whole, [piece.rows for _ in range(3) for piece in other.advance(1)])
    same(jax.tree.leaves(engine.params()), jax.tree.leaves(other.params()))


class OfTheScript(PPO):
    """As a collector sees a class whose decorator was not called there."""


def test_classes_that_collectors_do_not_know_are_named():
    with pytest.raises(Mistake, match="run it with `ecotone train FILE`"):
        Share(Experiment("CartPole-v1", OfTheScript(), num_envs=2), 1, 8)(0, 0, [])


def test_compiled_environments_are_collected_a_fragment_at_a_time(tmp_path):
    experiment = Experiment("Catch-v0", replace(PPO_SMALL, model=ActorCritic(SMALL)), num_envs=2)
    compiled, apart = make_engine(replace(experiment, seed=3, steps=1_000)), engine_of(experiment)
    for _ in range(2):
        (mine,), (theirs,) = compiled.advance(1), apart.advance(1)
        for field in ("is_first", "acted", "reward"):
            same(getattr(mine, field), getattr(theirs, field))
    checkpoint.write(tmp_path, 1, apart.save(), apart.params(), apart.spec, 1)
    after = apart.advance(1)[0].rows
    apart.restore(checkpoint.newest(tmp_path, apart.save().tree)[1])
    same(after, apart.advance(1)[0].rows)
