"""Algorithms small enough to check in seconds."""

import dataclasses

from ecotone.algorithms import A2C, A3C, APPO, DQN, IMPALA, PG, PPO, PQN, SAC
from ecotone.feed import Replay, Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, Critics, QNetwork, SquashedActor
from ecotone.networks.recurrent import GRU
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant, Linear

ENCODER = Encoder((16, 16))


def small_ppo(gamma=0.5, model=ActorCritic(ENCODER)):
    """PPO that learns a probe in forty fragments of eight lanes; its steps shrink to none, so that what it found stays."""
    return PPO(model, Adam(Linear(1e-2, 0.0, over=5_120)), gamma=gamma, feed=Rollout(16))


STEADY = Adam(Linear(1e-2, 0.0, over=5_120))
"""Steps that shrink to none, so that what was found stays."""
ON_POLICY = {
    "a2c": A2C(ActorCritic(Encoder((8,))), STEADY, gamma=0.5, feed=Rollout(8)),
    "a3c": A3C(ActorCritic(Encoder((8,))), STEADY, gamma=0.5, feed=Rollout(8, overlap=True)),
    "appo": APPO(ActorCritic(Encoder((8,))), STEADY, gamma=0.5, feed=Rollout(16)),
    "impala": IMPALA(ActorCritic(Encoder((8,))), STEADY, gamma=0.5, epochs=2, minibatches=2, feed=Rollout(8)),
    "pg": PG(ActorCritic(Encoder((8,))), STEADY, gamma=0.5, feed=Rollout(16)),
    "pqn": PQN(
        QNetwork(Encoder((8,), "relu", layer_norm=True)),
        STEADY,
        gamma=0.5,
        epsilon=Linear(1.0, 0.2, over=2_000),
        feed=Rollout(16),
    ),
}
"""Algorithms that learn a probe in eighty fragments of eight lanes."""


def small_dqn(gamma=0.5, n=1):
    """DQN that learns a probe in a few hundred fragments."""
    replay = Replay(capacity=2_000, batch=32, warmup=64, ratio=0.25, length=4)
    epsilon = Linear(1.0, 0.2, over=500)
    return DQN(QNetwork(ENCODER), Adam(Constant(3e-3)), gamma=gamma, n=n, epsilon=epsilon, target_period=20, replay=replay)


def recurrent_dqn(core=GRU(8), sequence=4, burn_in=2, n=2, double=True, **replayed):
    """DQN with a memory that learns a probe in a few hundred fragments."""
    replay = Replay(capacity=2_000, batch=16, warmup=128, ratio=0.25, length=4)
    epsilon = Linear(1.0, 0.2, over=1_000)
    return DQN(
        QNetwork(Encoder((16,)), core=core),
        Adam(Constant(5e-3)),
        gamma=0.9,
        n=n,
        double=double,
        epsilon=epsilon,
        target_period=20,
        replay=dataclasses.replace(replay, **replayed),
        sequence=sequence,
        burn_in=burn_in,
    )


def small_sac(gamma=0.5, temperature=0.2):
    """SAC that learns a probe in a few hundred fragments."""
    replay = Replay(capacity=2_000, batch=32, warmup=64, ratio=0.25, length=4)
    optimizer = Adam(Constant(3e-3), clip_norm=float("inf"))
    return SAC(
        SquashedActor(ENCODER),
        Critics((16, 16), "tanh"),
        optimizer,
        gamma=gamma,
        target_rate=0.05,
        temperature=temperature,
        replay=replay,
    )
