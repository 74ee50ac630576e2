"""What a mask rules out is never chosen: in a million choices of each algorithm, nor where NumPy acts."""

import dataclasses

import jax
import numpy as np
import pytest

from ecotone.feed import Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.distributions import Categorical
from ecotone.runtime.actor import NumpyActor
from ecotone.testing import fit, probes
from ecotone.testing.samples import observations
from ecotone.trajectory import TimeStep
from tests.algorithms.small import ON_POLICY, small_discrete_sac, small_dqn, small_ppo

LANES, CHOICES = 64, 1_000_000
PPO = dataclasses.replace(small_ppo(), feed=Rollout(32))
DQN = dataclasses.replace(small_dqn(), replay=dataclasses.replace(small_dqn().replay, length=16, ratio=0.004))
SAC = dataclasses.replace(small_discrete_sac(), replay=DQN.replay)
BOLTZMANN = dataclasses.replace(DQN, exploration=lambda values, epsilon: Categorical(values / epsilon))
CASES = {
    "ppo": (PPO, CHOICES),
    "ppo with a memory": (dataclasses.replace(PPO, model=ActorCritic(Encoder((8,)), core=GRU(8))), CHOICES // 10),
    "pqn": (dataclasses.replace(ON_POLICY["pqn"], feed=Rollout(32)), CHOICES // 20),
    "dqn": (DQN, CHOICES),
    "dqn by temperature": (BOLTZMANN, CHOICES // 5),
    "discrete sac": (SAC, CHOICES // 10),
}


@pytest.mark.parametrize("name", CASES)
def test_no_illegal_choice_in_up_to_a_million(name):
    algorithm, choices = CASES[name]
    rows = LANES * (32 if algorithm.feed == Rollout(32) else 16)
    reward = np.asarray(fit(algorithm, probes.Legal(), LANES, 2 * choices // rows + 1).reward)  # every other row decides
    assert reward.min() >= 0.0  # one illegal choice costs a million
    assert reward[-20:].mean() > reward[:2].mean() + 0.1


@pytest.mark.parametrize("name", ["ppo", "pqn", "dqn", "discrete sac"])
def test_no_illegal_choice_where_numpy_acts(name):
    algorithm, spec = CASES[name][0], probes.Legal().spec
    state = algorithm.init(jax.random.key(0), spec)
    actor = NumpyActor(algorithm, jax.tree.map(np.asarray, algorithm.policy(state)), seed=1)
    lanes = 50_000
    seen = jax.tree.map(np.asarray, observations(spec.observation, jax.random.key(1), (lanes,)))
    zero, yes = np.zeros(lanes, np.float32), np.ones(lanes, bool)
    action, _, _ = actor.act(TimeStep(seen, yes, yes, zero, zero), ())
    legal = seen["action_mask"].astype(bool)
    chosen = legal[np.arange(lanes), action]
    assert (chosen | ~legal.any(1)).all()
    assert len(np.unique(action)) == 6
