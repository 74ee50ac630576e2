"""One algorithm, environment and seed give the same rows in the compiled and in the local runtime."""

import dataclasses
from typing import Any

import jax
import numpy as np
import pytest

from ecotone import DQN, PPO, SAC
from ecotone.envs.classic import CLASSIC
from ecotone.envs.compiled import CompiledStream
from ecotone.experiment import with_schedules
from ecotone.feed import Rollout
from ecotone.networks.critics import Critics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, QNetwork, SquashedActor
from ecotone.networks.recurrent import GRU, LSTM
from ecotone.runtime.compiled import Compiled
from ecotone.runtime.local import Local

SMALL = Encoder((8,))
CASES = {
    "ppo": (PPO(model=ActorCritic(SMALL), feed=Rollout(16), epochs=2, minibatches=2), "CartPole-v1", 4),
    "ppo with memory": (
        PPO(model=ActorCritic(SMALL, core=LSTM(4)), feed=Rollout(16), epochs=2, minibatches=2),
        "CartPole-v1",
        4,
    ),
    "dqn": (DQN(model=QNetwork(SMALL)), "CartPole-v1", 2),
    "dqn with memory": (DQN(model=QNetwork(SMALL, core=GRU(4)), sequence=4, burn_in=2), "CartPole-v1", 2),
    "sac": (SAC(SquashedActor(SMALL), Critics((8,))), "Pendulum-v1", 2),
}


def small_replay(algorithm: Any) -> Any:
    if not hasattr(algorithm, "replay"):
        return algorithm
    return dataclasses.replace(algorithm, replay=dataclasses.replace(algorithm.replay, capacity=500, batch=8, warmup=20))


@pytest.mark.parametrize("name", CASES)
def test_compiled_and_local_collect_and_learn_the_same(name):
    algorithm, env, lanes = CASES[name]
    algorithm = with_schedules(small_replay(algorithm), 1000)
    stream = CompiledStream(CLASSIC[env](), lanes)
    jitted = jax.jit(stream.start), jax.jit(stream.step)
    host = HostStream(stream, *jitted)
    compiled, local = Compiled(algorithm, stream, 3), Local(algorithm, host, 3, actor="jax")
    steps = 0
    while steps < 160:
        for piece in compiled.advance(1):
            other = local.advance(1)[0]
            np.testing.assert_array_equal(piece.is_first, other.is_first)
            np.testing.assert_array_equal(piece.acted, other.acted)
            np.testing.assert_allclose(piece.reward, other.reward, rtol=1e-4, atol=1e-4)
            steps += int(piece.acted[:-1].sum())
    for mine, theirs in zip(jax.tree.leaves(compiled.params()), jax.tree.leaves(local.params()), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-3, atol=2e-4)


class HostStream:
    """A compiled stream stepped from outside; its time steps are NumPy's."""

    def __init__(self, stream: CompiledStream, start: Any, step: Any) -> None:
        self.spec, self.lanes = stream.spec, stream.lanes
        self.start, self._step = start, step

    def step(self, state: Any, action: Any) -> Any:
        state, now = self._step(state, action)
        return state, jax.tree.map(np.asarray, now)


@pytest.mark.parametrize("name", ["ppo", "ppo with memory"])
def test_a_run_compiles_its_program_once(name):
    algorithm, env, lanes = CASES[name]
    algorithm = with_schedules(algorithm, 1000)
    compiled = Compiled(algorithm, CompiledStream(CLASSIC[env](), lanes), 0)
    for _ in range(4):
        compiled.advance(10_000)
    assert compiled._program.executables == 1
    stream = CompiledStream(CLASSIC[env](), lanes)
    for actor in ("numpy", "jax"):
        local = Local(algorithm, HostStream(stream, jax.jit(stream.start), jax.jit(stream.step)), 0, actor=actor)
        for _ in range(3):
            local.advance(1)
        assert local._learning.program.executables == 1


@pytest.mark.parametrize("name", ["ppo", "ppo with memory"])
def test_numpy_actor_chooses_as_the_jitted_one_does(name):
    algorithm, env, lanes = CASES[name]
    stream = CompiledStream(CLASSIC[env](), lanes)
    host = HostStream(stream, jax.jit(stream.start), jax.jit(stream.step))
    local = Local(with_schedules(algorithm, 1000), host, 0, actor="numpy")
    rows = local.advance(1)[0].rows
    assert rows is not None
    params = Local(with_schedules(algorithm, 1000), host, 0, actor="jax").params()
    policy, _ = params.policy(rows.observation, rows.is_first, rows.memory)
    np.testing.assert_allclose(rows.extras["policy"].logits[:-1], policy.logits[:-1], rtol=1e-5, atol=1e-6)
