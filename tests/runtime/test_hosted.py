"""Rows in the host's memory are learned from as rows on the device are, bit for bit, and the run goes on from either."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np
import pytest

from ecotone import DQN, Experiment
from ecotone.envs.wrappers import Stack
from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.ops.schedules import Constant, Linear
from ecotone.replay import host
from ecotone.runtime.hosted import Hosted
from ecotone.training import make_engine

EVEN = Replay(capacity=60, batch=8, warmup=20, ratio=0.5, length=3)
BY_PRIORITY = replace(EVEN, priority=0.6, importance=Constant(0.5))


def engine_of(replay) -> Any:
    algorithm = replace(DQN(), model=QNetwork(Encoder((8,))), replay=replay, epsilon=Linear(1.0, 0.1, over=60))
    return make_engine(Experiment("CartPole-v1", algorithm, num_envs=2, steps=1_000, seed=3, wrappers=(Stack(2),)))


def leaves(engine):
    is_key = lambda x: jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key)
    tree = jax.tree_util.tree_leaves_with_path(engine.save().tree)
    return {jax.tree_util.keystr(p): np.array(jax.random.key_data(x) if is_key(x) else x) for p, x in tree}


def as_loaded(leaf):
    """A leaf as a checkpoint has it: no memory of the engine's, and not to be written to."""
    if jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return leaf.copy()
    loaded = np.array(leaf)
    loaded.flags.writeable = False
    return loaded


@pytest.mark.parametrize("replay", [EVEN, BY_PRIORITY], ids=["evenly", "by priority"])
def test_host_and_device_learn_the_same_and_continue_each_other(replay):
    device, hosted = (engine_of(replace(replay, storage=storage)) for storage in ("device", "host"))
    assert isinstance(hosted._learning.program, Hosted)
    assert not isinstance(device._learning.program, Hosted)
    saved = None
    for i in range(25):
        pieces = [engine.advance(1)[0] for engine in (device, hosted)]
        assert pieces[0].updates == pieces[1].updates == (3 if i >= 3 else 0)
        if i == 14:
            saved = device.save()
            saved = saved._replace(tree=jax.tree.map(as_loaded, saved.tree))
    one, other = leaves(device), leaves(hosted)
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], name)
    hosted.restore(saved)
    assert hosted.collector.fragment == 15
    for _ in range(10):
        hosted.advance(1)
    for name, values in leaves(hosted).items():
        np.testing.assert_array_equal(values, one[name], name)


def test_auto_takes_the_host_where_rows_crowd_the_device(monkeypatch):
    rows: Any = [jax.ShapeDtypeStruct((100,), np.float32)] * 6
    monkeypatch.setattr(host, "device_memory", lambda: 4_801)
    assert not host.belongs_here(EVEN, rows)
    monkeypatch.setattr(host, "device_memory", lambda: 4_799)
    assert host.belongs_here(EVEN, rows)
    assert not host.belongs_here(replace(EVEN, storage="device"), rows)
    monkeypatch.undo()
    assert host.device_memory() > 2**28
    devices = [SimpleNamespace(memory_stats=lambda: {"bytes_limit": 77})]
    monkeypatch.setattr(jax, "local_devices", lambda: devices)
    assert host.device_memory() == 77


def test_what_cannot_be_is_an_error():
    there = Experiment("CartPole-v1", DQN(replay=replace(EVEN, storage="host")), runtime="compiled")
    with pytest.raises(Mistake, match="keeps rows on the device"):
        make_engine(there)
    with pytest.raises(Mistake, match="auto, device or host"):
        Replay(storage="disk")  # type: ignore[arg-type]
