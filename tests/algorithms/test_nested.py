"""PPO acts on nested observations with nested actions: compiled, with a memory, and in a Gymnasium environment."""

import dataclasses

import numpy as np
import pytest

from ecotone import Experiment, evaluate, load, train
from ecotone.feed import Rollout
from ecotone.networks.autoregressive import AutoregressiveHead
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear
from ecotone.testing import check_algorithm, check_environment, fit, probes
from tests.algorithms.small import small_ppo
from tests.envs.test_lists import Nested

PPO = dataclasses.replace(
    small_ppo(model=ActorCritic(Encoder((64, 64)))), feed=Rollout(32), optimizer=Adam(Linear(5e-3, 0.0, over=76_800))
)


def test_the_probe_keeps_its_contract():
    check_environment(probes.Nested())


def test_ppo_learns_all_parts():
    reward = np.asarray(fit(PPO, probes.Nested(), lanes=16, fragments=300).reward)
    assert reward[:3].mean() < 0.5
    assert reward[-20:].mean() > 0.85


@pytest.mark.parametrize(
    "model",
    [ActorCritic(Encoder((8,)), core=GRU(8)), ActorCritic(Encoder((8,)), head=AutoregressiveHead((8,)))],
    ids=["memory", "autoregressive"],
)
def test_ppo_keeps_its_contract_with_nested_spaces(model):
    check_algorithm(small_ppo(model=model), probes.Nested().spec)


def test_nested_gymnasium_environments_train_resume_and_are_deployed(tmp_path):
    experiment = Experiment(Nested, small_ppo(), steps=256, num_envs=2, out=str(tmp_path))
    run = train(dataclasses.replace(experiment, steps=128))
    run = train(experiment, resume=run)
    assert evaluate(run, 2).returns
    policy, env = load(run), Nested()
    observation, _ = env.reset(seed=0)
    batch = {
        "friends": {"count": np.zeros(1), "items": {"kind": np.ones((1, 3)), "place": np.zeros((1, 3, 2))}},
        "lamp": observation["lamp"][None],
        "level": np.array([observation["level"]]),
        "pair": tuple(part[None] for part in observation["pair"]),
    }
    action, _ = policy(batch)
    assert action["grip"].shape == (1, 2)
    assert action["move"][1].shape == (1, 2)
