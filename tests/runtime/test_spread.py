"""Devices that share a run's environments learn the same, and what one device would learn from all of them."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from ecotone import PPO, Experiment, Group, NormalizeObservations, NormalizeRewards, Past, Run, evaluate, train
from ecotone.algorithms import A2C, C51, IQN, MADDPG, QRDQN, R2D2, TD3, VDN, Rainbow
from ecotone.envs.classic import CartPole
from ecotone.envs.compiled import CompiledStream
from ecotone.feed import Replay, Rollout
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops import devices
from ecotone.ops.descent import Adam
from ecotone.ops.normalisers import ExponentialMoments, PopArt, RunningNormaliser
from ecotone.ops.schedules import Constant, Linear
from ecotone.protocols import Report
from ecotone.runtime.collect import collect
from ecotone.runtime.learn import begin, learn
from ecotone.runtime.spread import share
from ecotone.testing.probes import InTurn
from ecotone.training import make_engine
from tests.algorithms.small import (
    ON_POLICY,
    recurrent_dqn,
    small_ddpg,
    small_discrete_sac,
    small_dqn,
    small_mappo,
    small_matd3,
    small_named,
    small_ppo,
    small_pqn_vdn,
    small_qmix,
    small_sac,
    small_td3,
    small_tqc,
)
from tests.envs.agents.told import Count

MESH = Mesh(np.array(jax.devices()[:2]), (devices.AXIS,))
SAME, LANES = PartitionSpec(), PartitionSpec(None, devices.AXIS)
GRADUAL = dataclasses.replace(small_ppo(), kl_cost=0.2, kl_target=0.01)
PLAIN = Adam(Constant(0.3), epsilon=1.0)
"""Steps about in proportion to gradients, so that rounding stays small."""
EPOCH = PPO(ActorCritic(Encoder((8,))), PLAIN, normalise=False, epochs=1, minibatches=1, feed=Rollout(8))


def on_devices(function: Any, ins: Any, outs: Any) -> Any:
    return jax.jit(jax.shard_map(function, mesh=MESH, in_specs=ins, out_specs=outs, check_vma=False))


def close(one: Any, other: Any) -> None:
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-6)


@pytest.fixture(scope="module")
def rows() -> Any:
    stream = CompiledStream(CartPole(), 8)
    state, now = stream.start(jax.random.key(0))
    params = EPOCH.policy(EPOCH.init(jax.random.key(1), stream.spec))
    return stream.spec, jax.jit(lambda: collect(EPOCH, params, stream, state, now, (), jax.random.key(2), 8)[3])()


@pytest.mark.parametrize(
    "algorithm",
    [
        EPOCH,
        dataclasses.replace(EPOCH, value_normalise=True),
        dataclasses.replace(EPOCH, kl_cost=0.2, kl_target=0.01),
        A2C(ActorCritic(Encoder((8,))), PLAIN, feed=Rollout(8)),
        NormalizeObservations(EPOCH),
    ],
)
def test_two_devices_learn_what_one_learns_from_all_rows(rows, algorithm):
    spec, all_rows = rows
    learner = begin(algorithm, jax.random.key(3), spec, all_rows)

    def learned(learner: Any, rows: Any) -> Any:
        for _ in range(2):
            learner = learn(algorithm, learner, rows).learner
        return learner.state

    together = jax.jit(learned)(learner, all_rows)
    close(together, on_devices(learned, (SAME, LANES), SAME)(learner, all_rows))
    assert not np.array_equal(_first(together), _first(learner.state))


def _first(state: Any) -> np.ndarray:
    return np.asarray(jax.tree.leaves(state)[0])


@pytest.mark.parametrize("normaliser", [RunningNormaliser(), ExponentialMoments(0.9)])
def test_normalisers_see_the_entries_of_all_devices(normaliser):
    batch = jax.random.normal(jax.random.key(0), (5, 6, 3)) * 2.0 + 1.0
    acted = jax.random.bernoulli(jax.random.key(1), 0.7, (5, 6)).at[:, :3].set(False)
    seen = normaliser.update(normaliser.init(batch[0, 0]), batch)
    together = normaliser.update(seen, batch + 1.0, acted)
    close(together, on_devices(normaliser.update, (SAME, LANES, LANES), SAME)(seen, batch + 1.0, acted))


def test_popart_sees_the_targets_of_all_devices():
    popart, targets = PopArt(0.1), jax.random.normal(jax.random.key(0), (4, 6))
    output = jax.random.randint(jax.random.key(1), (4, 6), 0, 2)
    scales = popart.init(2)
    close(
        popart.update(scales, targets, output),
        on_devices(popart.update, (SAME, LANES, LANES), SAME)(scales, targets, output),
    )


def test_sums_means_and_keys_of_devices():
    numbers = jnp.arange(4.0).reshape(1, 4)
    assert on_devices(lambda x: devices.total(x), LANES, SAME)(numbers).tolist() == [[2.0, 4.0]]
    assert on_devices(lambda x: devices.average({"a": x, "b": x[0]})["b"], LANES, SAME)(numbers).tolist() == [1.0, 2.0]
    keys = on_devices(lambda key: devices.apart(key)[None], SAME, PartitionSpec(devices.AXIS))(jax.random.key(0))
    assert len(np.unique(jax.random.key_data(keys), axis=0)) == 2


@frozen
class Drawing(PPO):
    """PPO that tells what it would draw."""

    def update(self, state: Any, rows: Any, key: Any) -> tuple[Any, Report]:
        return state, Report({"drawn": jax.random.uniform(key)})


def test_devices_draw_for_themselves_when_they_learn(rows):
    spec, all_rows = rows
    learner = begin(algorithm := Drawing(feed=Rollout(8)), jax.random.key(3), spec, all_rows)
    drawn = lambda learner, rows: learn(algorithm, learner, rows).metrics["drawn"][None]
    first, second = on_devices(drawn, (SAME, LANES), PartitionSpec(devices.AXIS))(learner, all_rows)
    assert first != second


CARTPOLE = {
    **ON_POLICY,
    "ppo": small_ppo(),
    "ppo that stops": dataclasses.replace(small_ppo(), kl_stop=1e-3),
    "ppo with memory": dataclasses.replace(small_ppo(), model=ActorCritic(Encoder((8,)), core=GRU(4)), minibatches=2),
    "appo": dataclasses.replace(ON_POLICY["appo"], kl_cost=0.2, kl_target=0.01),
    "gradual": GRADUAL,
    "dqn": small_dqn(),
    "dqn by priority": dataclasses.replace(
        small_dqn(), replay=dataclasses.replace(small_dqn().replay, priority=0.6, importance=Linear(0.4, 1.0))
    ),
    "dqn with memory": recurrent_dqn(),
    **{kind.__name__.lower(): small_named(kind) for kind in (C51, QRDQN, IQN, R2D2, Rainbow)},
    "discrete sac": small_discrete_sac(),
    "normalised": NormalizeObservations(small_ppo()),
}
PENDULUM = {"sac": small_sac(), "td3": small_td3(TD3), "ddpg": small_ddpg(), "tqc": small_tqc()}
TEAM = {
    "qmix": small_qmix(),
    "qmix with memory": small_qmix(core=GRU(4), sequence=2),
    "vdn": small_qmix(VDN),
    "matd3": small_matd3(),
    "maddpg": small_matd3(MADDPG),
    "mappo": small_mappo(),
    "pqn-vdn": small_pqn_vdn(),
}
TURNS = {
    "one": Group(recurrent_dqn(), ("first",)),
    "past": Group(recurrent_dqn(), ("second",), past=Past("one", size=3, every=2)),
}
APART = {"all": Group(small_ppo(), shared=False)}
CASES = {
    **{name: Experiment("CartPole-v1", algorithm) for name, algorithm in CARTPOLE.items()},
    **{name: Experiment("Pendulum-v1", algorithm) for name, algorithm in PENDULUM.items()},
    **{name: Experiment("TwoStep-v0", algorithm) for name, algorithm in TEAM.items()},
    "turns and the past": Experiment(InTurn(2), groups=TURNS),
    "independent": Experiment("TwoStep-v0", groups=APART),
}


LOCAL = {
    "ppo": CASES["ppo"],
    "ppo with memory": CASES["ppo with memory"],
    "dqn": CASES["dqn"],
    "sac": CASES["sac"],
    "groups": Experiment(Count, groups={"one": Group(ON_POLICY["pg"], ("a_0",)), "two": Group(small_ppo(), ("a_1",))}),
}
RUNS = {
    **{("compiled", name): case for name, case in CASES.items()},
    **{("local", name): case for name, case in LOCAL.items()},
}


def spread(experiment: Experiment, **changes: Any) -> Experiment:
    return dataclasses.replace(experiment, **{"num_envs": 4, "runtime": "compiled", "devices": 2, "seed": 3} | changes)


@pytest.mark.parametrize("case", RUNS, ids=" ".join)
def test_devices_agree_on_what_they_learn(case):
    runtime, _ = case
    engine: Any = make_engine(spread(RUNS[case], runtime=runtime))
    steps, updates = 0, 0
    while steps < 480:
        for piece in engine.advance(200):
            steps, updates = steps + int(piece.acted[:-1].sum()), updates + int(np.max(list(_values(piece.updates))))
    state = engine.save().tree.learner.state
    counts = [x for path, x in jax.tree_util.tree_leaves_with_path(state) if jax.tree_util.keystr(path).endswith(".steps")]
    assert updates
    assert all((np.asarray(count) == steps).all() for count in counts)
    assert all(np.isfinite(value).all() for value in piece.metrics.values())
    program = engine._program if runtime == "compiled" else engine._learning.program
    assert program.executables == 1
    engine.close()


def _values(updates: Any) -> Any:
    return updates.values() if isinstance(updates, dict) else (updates,)


def test_lanes_of_all_devices_have_chances_of_their_own():
    engine: Any = make_engine(spread(CASES["ppo"]))
    first = np.asarray(engine._program.carried.now.observation).reshape(4, -1)
    assert len(np.unique(first, axis=0)) == 4
    (piece,) = engine.advance(1)
    assert piece.acted.shape == (17, engine.lanes)


def test_a_run_on_devices_can_be_evaluated_anywhere(tmp_path):
    run = train(spread(CASES["ppo"], steps=200, out=str(tmp_path)))
    assert Run.open(run.folder).experiment.devices == 2
    assert len(evaluate(run, episodes=2).returns) == 2


def test_replays_are_shared_out():
    replay = Replay(capacity=1001, batch=32, warmup=65, ratio=0.25, length=4)
    assert share(small_dqn(), 1) == small_dqn()
    part = share(dataclasses.replace(small_dqn(), replay=replay), 2).replay
    assert part == Replay(capacity=501, batch=16, warmup=33, ratio=0.5, length=4)
    assert (part.fragment(2), part.updates(2 * 8)) == (replay.fragment(4), replay.updates(4 * 8))


@frozen
class Different(PPO):
    """PPO that keeps something of its own lanes."""

    def update(self, state: Any, rows: Any, key: Any) -> tuple[Any, Report]:
        state, report = PPO.update(self, state, rows, key)
        return state._replace(steps=state.steps + jnp.int32(1e3 * rows.observation.sum())), report


def test_devices_that_do_not_agree_are_told():
    engine = make_engine(spread(Experiment("CartPole-v1", Different(feed=Rollout(8)))))
    engine.advance(1)
    with pytest.raises(Mistake, match="learned different things"):
        engine.save()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"num_envs": 3}, "2 devices cannot have equal shares of 3 environments: say --num-envs 4"),
        ({"runtime": "ray"}, "the ray runtime learns on one device"),
        (
            {"runtime": "local", "algorithm": dataclasses.replace(small_dqn(), replay=Replay(storage="host"))},
            "devices keep a replay's rows themselves",
        ),
        ({"devices": 3, "num_envs": 6}, "devices is 3, but JAX has 2 here .cpu.: say so or set JAX_NUM_CPU_DEVICES=3"),
        ({"algorithm": dataclasses.replace(small_dqn(), replay=Replay(batch=31))}, "equal parts of batches of 31"),
        ({"algorithm": NormalizeRewards(small_ppo())}, "follows every lane's return"),
    ],
)
def test_what_devices_cannot_share_is_told(changes, told):
    with pytest.raises(Mistake, match=told):
        make_engine(spread(CASES["ppo"], **changes)).advance(1)


def test_no_devices_are_a_mistake():
    with pytest.raises(Mistake, match="devices is 0"):
        Experiment("CartPole-v1", PPO(), devices=0)
