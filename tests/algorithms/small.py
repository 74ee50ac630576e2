"""Algorithms small enough to check in seconds."""

import dataclasses

from ecotone.algorithms import (
    A2C,
    A3C,
    APPO,
    C51,
    DDPG,
    DQN,
    IMPALA,
    IQN,
    MAPPO,
    MATD3,
    PG,
    PPO,
    PQN,
    PQNVDN,
    QMIX,
    QRDQN,
    R2D2,
    SAC,
    TD3,
    TQC,
    VDN,
    DiscreteSAC,
    Rainbow,
)
from ecotone.feed import Replay, Rollout
from ecotone.networks.critics import ChoiceCritics, Critics, QuantileCritics
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Additive, Monotonic
from ecotone.networks.models import ActorCritic, ChoiceActor, DeterministicActor, QNetwork, SquashedActor
from ecotone.networks.parts import Without
from ecotone.networks.recurrent import GRU
from ecotone.networks.team_critics import AnyActor, TeamCritics
from ecotone.networks.teams import Agents, TeamQNetwork
from ecotone.networks.values import Categories, Expected, ImplicitQuantiles, Quantiles
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant, Linear

ENCODER = Encoder((16, 16))
NAMED = {"c51": C51, "qrdqn": QRDQN, "iqn": IQN, "rainbow": Rainbow, "r2d2": R2D2}
"""Settings of DQN that have names."""
SMALL_HEADS = {
    "c51": Categories(11, -3.0, 3.0),
    "qrdqn": Quantiles(4),
    "iqn": ImplicitQuantiles(4, 8, 4),
    "rainbow": Categories(11, -3.0, 3.0),
    "r2d2": Expected(),
}


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


def small_named(kind):
    """A named setting of DQN with a tiny network and replay; all else is its own."""
    made = kind()
    core = None if made.model.core is None else GRU(8)
    model = dataclasses.replace(made.model, encoder=Encoder((8,)), head=SMALL_HEADS[kind.__name__.lower()], core=core)
    replay = dataclasses.replace(made.replay, capacity=300, batch=8, warmup=50)
    shorter = {} if core is None else {"sequence": 4, "burn_in": 2, "n": 2}
    return dataclasses.replace(made, model=model, replay=replay, optimizer=Adam(Constant(3e-3)), **shorter)


REPLAY = Replay(capacity=2_000, batch=32, warmup=64, ratio=0.25, length=4)
FAST = Adam(Constant(3e-3), clip_norm=float("inf"))


def small_sac(gamma=0.5, temperature=0.2, n=1):
    """SAC that learns a probe in a few hundred fragments."""
    return SAC(
        SquashedActor(ENCODER),
        Critics((16, 16), "tanh"),
        FAST,
        gamma=gamma,
        n=n,
        target_rate=0.05,
        temperature=temperature,
        replay=REPLAY,
    )


def small_tqc(gamma=0.5, temperature=0.2):
    """TQC that learns a probe in a few hundred fragments."""
    return TQC(
        SquashedActor(ENCODER),
        QuantileCritics((16, 16), "tanh", atoms=5, drop=1),
        FAST,
        gamma=gamma,
        target_rate=0.05,
        temperature=temperature,
        replay=REPLAY,
    )


def small_td3(kind=TD3, gamma=0.5, n=1, critics=Critics((16, 16), "tanh"), actor_optimizer=FAST, **options):
    """TD3, or DDPG, that learns a probe in a few hundred fragments."""
    return kind(
        DeterministicActor(ENCODER),
        critics,
        FAST,
        actor_optimizer,
        gamma=gamma,
        n=n,
        target_rate=0.05,
        replay=REPLAY,
        **options,
    )


def small_ddpg(gamma=0.5):
    """DDPG that learns a probe in a few hundred fragments; a faster actor runs into its bounds before values are right."""
    slow = Adam(Constant(1e-3), clip_norm=float("inf"))
    return small_td3(DDPG, gamma, critics=Critics((16, 16), "tanh", count=1), actor_optimizer=slow)


def small_discrete_sac(gamma=0.5, temperature=0.2):
    """Discrete SAC that learns a probe in a few hundred fragments."""
    return DiscreteSAC(
        ChoiceActor(ENCODER),
        ChoiceCritics((16, 16), "tanh"),
        FAST,
        gamma=gamma,
        target_rate=0.05,
        temperature=temperature,
        target_entropy=0.3,
        replay=REPLAY,
    )


def small_qmix(kind=QMIX, mixer=Monotonic(4, 8), core=None, **options):
    """QMIX, or VDN, that learns a probe in a few hundred fragments."""
    agents = Agents(QNetwork(Encoder((16,), "relu", orthogonal=False), core=core), most=3)
    model = TeamQNetwork(agents, Additive() if kind is VDN else mixer)
    return kind(model=model, optimizer=FAST, epsilon=Constant(1.0), target_period=20, replay=REPLAY, **options)


def small_mappo():
    """MAPPO that learns a probe in eighty fragments of eight lanes."""
    model = ActorCritic(Without(encoder=Encoder((8,))), value_encoder=Encoder((8,)))
    return MAPPO(model, STEADY, gamma=0.5, epochs=4, feed=Rollout(16))


def small_matd3(kind=MATD3, shared=False, **options):
    """MATD3, or MADDPG, that learns a probe in a few hundred fragments."""
    actor = Agents(AnyActor(Encoder((16,))), indicator=shared, shared=shared)
    critics = TeamCritics((16,), "tanh", 2 if kind is MATD3 else 1, shared)
    return kind(actor, critics, FAST, FAST, gamma=0.9, target_rate=0.05, replay=REPLAY, **options)


def small_pqn_vdn():
    """PQN of a team that learns a probe in eighty fragments of eight lanes."""
    agents = Agents(QNetwork(Encoder((8,), "relu", layer_norm=True)))
    return PQNVDN(
        TeamQNetwork(agents, Additive()), STEADY, gamma=0.5, epsilon=Linear(1.0, 0.2, over=2_000), feed=Rollout(16)
    )
