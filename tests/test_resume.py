"""Training that was stopped and resumed equals training that was not, bit for bit."""

import dataclasses
import json
import shutil
from typing import Any

import jax
import numpy as np
import pytest

from ecotone import (
    A2C,
    A3C,
    APPO,
    C51,
    DDPG,
    DQN,
    IMPALA,
    IQN,
    PG,
    PPO,
    PQN,
    QMIX,
    QRDQN,
    R2D2,
    SAC,
    TD3,
    TQC,
    Checkpointing,
    Collected,
    DiscreteSAC,
    Experiment,
    Group,
    NormalizeObservations,
    NormalizeRewards,
    Past,
    Rainbow,
    Run,
    Stop,
    begin,
    train,
)
from ecotone.envs.wrappers import ClipReward, Flatten, PreviousActionReward, Stack
from ecotone.feed import Rollout
from ecotone.mistakes import Mistake
from ecotone.networks.critics import ChoiceCritics, Critics, QuantileCritics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, ChoiceActor, DeterministicActor, QNetwork, SquashedActor
from ecotone.networks.recurrent import GRU
from ecotone.ops.action_noise import OrnsteinUhlenbeck
from ecotone.ops.schedules import Linear
from ecotone.testing.probes import InTurn
from ecotone.written import from_json, to_json
from tests.algorithms.small import small_mappo, small_matd3, small_named, small_qmix
from tests.envs.agents.told import Count

OPTIMIZED = ("ppo", "dqn", "sac", "normalized", "wrapped")
"""How cases are named that are compiled as users' programs are; the others, which take less time so, must be as exact."""


@pytest.fixture(autouse=True)
def _programs(request):
    """Compile with or without optimisations."""
    case = request.node.callspec.params.get("name", "") if hasattr(request.node, "callspec") else ""
    jax.config.update("jax_disable_most_optimizations", not case.startswith(OPTIMIZED))
    yield
    jax.config.update("jax_disable_most_optimizations", True)


SMALL = Encoder((8,))
PPO_SMALL = PPO(model=ActorCritic(SMALL), feed=Rollout(32), epochs=2, minibatches=2)
DQN_BASE, SAC_BASE = DQN(), SAC()
DQN_SMALL = dataclasses.replace(
    DQN_BASE, model=QNetwork(SMALL), replay=dataclasses.replace(DQN_BASE.replay, capacity=300, batch=8, warmup=50)
)
DQN_MEMORY = dataclasses.replace(DQN_SMALL, model=QNetwork(SMALL, core=GRU(4)), sequence=4, burn_in=2)
SAC_SMALL = dataclasses.replace(
    SAC_BASE,
    actor=SquashedActor(SMALL),
    critics=Critics((8,)),
    replay=dataclasses.replace(SAC_BASE.replay, capacity=300, batch=8, warmup=50),
)
SAC_REPLAY = SAC_SMALL.replay
TD3_SMALL = TD3(DeterministicActor(SMALL), Critics((8,)), noise=OrnsteinUhlenbeck(entries=2), replay=SAC_REPLAY)
DDPG_SMALL = DDPG(DeterministicActor(SMALL), Critics((8,), count=1), replay=SAC_REPLAY)
TQC_SMALL = TQC(actor=SquashedActor(SMALL), critics=QuantileCritics((8,), atoms=3, drop=1), replay=SAC_REPLAY)
DISCRETE_SAC_SMALL = DiscreteSAC(actor=ChoiceActor(SMALL), critics=ChoiceCritics((8,)), replay=SAC_REPLAY)
DQN_PRIORITISED = dataclasses.replace(
    DQN_SMALL, replay=dataclasses.replace(DQN_SMALL.replay, priority=0.6, importance=Linear(0.4, 1.0), stride=2)
)
WRAPPERS = (Stack(3), PreviousActionReward(), Flatten(), ClipReward(0.5))
QMIX_SMALL = QMIX(replay=dataclasses.replace(QMIX().replay, capacity=300, batch=4, warmup=50, length=32))
ON_POLICY = {
    "a2c": A2C(ActorCritic(SMALL), feed=Rollout(16)),
    "a3c": A3C(ActorCritic(SMALL), feed=Rollout(16, overlap=True)),
    "appo": APPO(
        ActorCritic(SMALL), minibatches=2, feed=Rollout(16, overlap=True), target_period=3, kl_cost=0.2, kl_target=0.01
    ),
    "impala": IMPALA(ActorCritic(SMALL), feed=Rollout(16, overlap=True)),
    "pg": PG(ActorCritic(SMALL), feed=Rollout(32)),
    "pqn": PQN(QNetwork(SMALL), epochs=2, minibatches=2, feed=Rollout(16)),
}
CASES = {
    "a2c local": Experiment("CartPole-v1", ON_POLICY["a2c"], num_envs=2, steps=300),
    "a3c overlapped": Experiment("CartPole-v1", ON_POLICY["a3c"], num_envs=2, steps=300),
    "appo overlapped": Experiment("CartPole-v1", ON_POLICY["appo"], num_envs=2, steps=300),
    "impala compiled": Experiment("CartPole-v1", ON_POLICY["impala"], num_envs=2, steps=300, runtime="compiled"),
    "pg compiled": Experiment("CartPole-v1", ON_POLICY["pg"], num_envs=2, steps=300, runtime="compiled"),
    "pqn compiled": Experiment("CartPole-v1", ON_POLICY["pqn"], num_envs=2, steps=300, runtime="compiled"),
    "ppo local": Experiment("CartPole-v1", PPO_SMALL, num_envs=4, steps=1500),
    "ppo overlapped": Experiment("CartPole-v1", PPO_SMALL, num_envs=4, steps=1500, overlap=True),
    "ppo compiled": Experiment("CartPole-v1", PPO_SMALL, num_envs=4, steps=1500, runtime="compiled"),
    "ppo on devices": Experiment("CartPole-v1", PPO_SMALL, num_envs=4, steps=1500, runtime="compiled", devices=2),
    "dqn on devices": Experiment("CartPole-v1", DQN_PRIORITISED, num_envs=2, steps=600, runtime="compiled", devices=2),
    "dqn local": Experiment("CartPole-v1", DQN_SMALL, steps=600),
    "dqn compiled": Experiment("CartPole-v1", DQN_SMALL, num_envs=2, steps=600, runtime="compiled"),
    "dqn with memory local": Experiment("CartPole-v1", DQN_MEMORY, steps=400),
    "dqn with memory compiled": Experiment("CartPole-v1", DQN_MEMORY, num_envs=2, steps=400, runtime="compiled"),
    "dqn prioritised": Experiment("CartPole-v1", DQN_PRIORITISED, num_envs=2, steps=600, runtime="compiled"),
    **{
        f"{kind.__name__.lower()} local": Experiment("CartPole-v1", small_named(kind), num_envs=2, steps=300)
        for kind in (C51, QRDQN, IQN, R2D2, Rainbow)
    },
    "dqn on the host": Experiment(
        "CartPole-v1",
        dataclasses.replace(DQN_PRIORITISED, replay=dataclasses.replace(DQN_PRIORITISED.replay, storage="host")),
        steps=400,
        wrappers=(Stack(3),),
    ),
    "sac local": Experiment("Pendulum-v1", SAC_SMALL, steps=450),
    "sac compiled": Experiment("Pendulum-v1", SAC_SMALL, steps=450, runtime="compiled"),
    "td3 local": Experiment("Pendulum-v1", TD3_SMALL, steps=450),
    "ddpg local": Experiment("Pendulum-v1", DDPG_SMALL, steps=300),
    "tqc local": Experiment("Pendulum-v1", TQC_SMALL, steps=450),
    "discrete sac local": Experiment("CartPole-v1", DISCRETE_SAC_SMALL, steps=450),
    "qmix compiled": Experiment(
        "TwoStep-v0", small_qmix(core=GRU(4), sequence=2), num_envs=2, steps=300, runtime="compiled"
    ),
    "matd3 compiled": Experiment("TwoStep-v0", small_matd3(), num_envs=2, steps=300, runtime="compiled"),
    "mappo compiled": Experiment("TwoStep-v0", small_mappo(), num_envs=2, steps=300, runtime="compiled"),
    "wrapped local": Experiment("CartPole-v1", PPO_SMALL, num_envs=4, steps=1500, wrappers=WRAPPERS),
    "wrapped compiled": Experiment("CartPole-v1", PPO_SMALL, num_envs=4, steps=1500, wrappers=WRAPPERS, runtime="compiled"),
    "groups in turns compiled": Experiment(
        InTurn(2),
        groups={
            "one": Group(DQN_MEMORY, ("first",)),
            "past": Group(DQN_MEMORY, ("second",), past=Past("one", size=3, every=2)),
        },
        num_envs=2,
        steps=400,
    ),
    "groups local": Experiment(
        Count,
        groups={"one": Group(ON_POLICY["pg"], ("a_0",), ids=True, shared=False), "joint": Group(QMIX_SMALL)},
        num_envs=2,
        steps=300,
    ),
    "normalized local": Experiment(
        "CartPole-v1", NormalizeRewards(NormalizeObservations(PPO_SMALL)), num_envs=4, steps=1500
    ),
    "normalized replay": Experiment("Pendulum-v1", NormalizeObservations(SAC_SMALL), steps=450, runtime="compiled"),
}


def learned(run: Run) -> list[np.ndarray]:
    training = begin(run.experiment, run)
    leaves = jax.tree.leaves((training.engine.save().tree, training.engine.params()))
    training.engine.close()
    is_key = lambda x: jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key)
    return [np.asarray(jax.random.key_data(x) if is_key(x) else x) for x in leaves] + [np.asarray(training.steps)]


def stopped_after(steps: int) -> Any:
    def stop(event: Any) -> None:
        if isinstance(event, Collected) and event.steps >= steps:
            raise Stop

    return stop


@pytest.mark.parametrize("name", CASES)
def test_resumed_equals_uninterrupted(name, tmp_path):
    experiment = dataclasses.replace(CASES[name], out=str(tmp_path), seed=5)
    whole = train(experiment)
    stopped = train(dataclasses.replace(experiment, callbacks=(stopped_after(int(experiment.steps * 0.4)),)))
    resumed = train(experiment, resume=Run(stopped.folder, experiment))
    for a, b in zip(learned(whole), learned(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    experiment = dataclasses.replace(CASES["ppo local"], out=str(out), checkpoint=Checkpointing(every=500, keep=3))
    return train(experiment)


def copy_of(run: Run, folder: Any) -> Run:
    return Run(shutil.copytree(run.folder, folder / "copy"), run.experiment)


@pytest.mark.parametrize("file", ["learner.safetensors", "checkpoint.json"])
def test_a_half_written_checkpoint_is_skipped(trained, file, tmp_path):
    run = copy_of(trained, tmp_path)
    paths = sorted(run.checkpoints.glob("[0-9]*"))
    assert len(paths) == 3
    broken = paths[-1] / file
    broken.write_bytes(broken.read_bytes()[:-20])
    with pytest.warns(UserWarning, match="is broken"):
        training = begin(run.experiment, run)
    assert training.steps == int(paths[-2].name)
    training.engine.close()


def test_a_checkpoint_of_another_algorithm_is_refused(trained):
    other = dataclasses.replace(trained.experiment, algorithm=DQN_SMALL)
    with pytest.raises(Mistake, match="written for another algorithm"):
        begin(other, Run(trained.folder, other))


def test_a_field_of_another_version_is_named():
    written = to_json(PPO()) | {"horizon": 3}
    with pytest.raises(Mistake, match=r"PPO has no field 'horizon': run\.json was written by another version\."):
        from_json(written)


def test_a_run_without_checkpoints_says_so(trained, tmp_path):
    run = copy_of(trained, tmp_path)
    shutil.rmtree(run.checkpoints)
    with pytest.raises(Mistake, match="no whole checkpoint"):
        begin(run.experiment, run)


def test_more_steps_extend_a_run(trained, tmp_path):
    run = copy_of(trained, tmp_path)
    longer = dataclasses.replace(run.experiment, steps=2500)
    extended = train(longer, resume=Run(run.folder, longer))
    assert max(int(path.name) for path in extended.checkpoints.glob("[0-9]*")) >= 2500


def test_nothing_is_pickled(trained):
    for path in trained.checkpoints.rglob("*"):
        if path.is_file():
            assert path.suffix in {".safetensors", ".json"}
            if path.suffix == ".json":
                json.loads(path.read_text())
