"""Ecotone at every work: trains an experiment and prints the result as the peers' drivers do."""

import tempfile
from dataclasses import replace
from typing import Any

import jax
from peers.hidden import hidden_cartpole
from peers.protocol import EVALUATE_EVERY, EVALUATION_EPISODES, SOLVED, Clock, arguments, report, versions

from ecotone import (
    DQN,
    IQN,
    MAPPO,
    PPO,
    QMIX,
    SAC,
    TD3,
    Checkpointing,
    EpisodeEnded,
    Evaluated,
    Evaluation,
    Experiment,
    Rainbow,
    Updated,
    begin,
)
from ecotone.feed import Replay, Rollout
from ecotone.networks.cnn import CNN
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Monotonic
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.networks.parts import Without
from ecotone.networks.recurrent import GRU, LSTM
from ecotone.networks.teams import Agents, TeamQNetwork
from ecotone.networks.values import Categories, ImplicitQuantiles
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant, Linear

PACKAGES = ("ecotone", "jax", "gymnasium", "numpy")
ROLLOUT = PPO(feed=Rollout(128), epochs=4, minibatches=4)
ZOO_CARTPOLE = PPO(feed=Rollout(32), epochs=20, minibatches=1, trace=0.8, gamma=0.98, entropy_cost=0.0)
ATARI = PPO(feed=Rollout(128), epochs=4, minibatches=4, clip=0.1, optimizer=Adam(Linear(2.5e-4, 0.0)))
SPREAD = "jaxmarl:MPE_simple_spread_v3"
TEAM = QMIX(replay=Replay(125_000, batch=800, warmup=800, ratio=1 / 25, length=25))
RELU = Encoder((128,), "relu")
RECURRENT_TEAM = QMIX(
    model=TeamQNetwork(Agents(QNetwork(Encoder((64,), "relu"), core=GRU(64))), Monotonic(hidden=128)),
    replay=Replay(130_000, batch=32, warmup=832, ratio=1 / 208, length=26, stride=26),
    sequence=26,
)
ATARI_REPLAY = Replay(capacity=20_000, batch=32, warmup=1_000, ratio=0.25, length=8)
WIDE = QNetwork(Encoder((256, 256), "relu", orthogonal=False))
WORKS: dict[str, dict[str, Any]] = {
    "ppo-cartpole": {"env": "CartPole-v1", "algorithm": ROLLOUT, "num_envs": 8},
    "recurrent-ppo-cartpole": {
        "env": hidden_cartpole,
        "algorithm": replace(ROLLOUT, model=ActorCritic(core=LSTM(64))),
        "num_envs": 8,
    },
    "ppo-cartpole-compiled": {"env": "CartPole-v1", "algorithm": ROLLOUT, "num_envs": 8, "runtime": "compiled"},
    "ppo-pong": {"env": "ALE/Pong-v5", "algorithm": ATARI, "num_envs": 8},
    "solve-cartpole": {"env": "CartPole-v1", "algorithm": ZOO_CARTPOLE, "num_envs": 8},
    "dqn-cartpole": {
        "env": "CartPole-v1",
        "algorithm": DQN(replay=replace(DQN().replay, batch=64)),
        "num_envs": 1,
    },
    "ppo-spread": {"env": "mpe2/simple_spread_v3", "algorithm": ROLLOUT, "num_envs": 8},
    "qmix-spread": {"env": "mpe2/simple_spread_v3", "algorithm": TEAM, "num_envs": 1},
    "ippo-spread-compiled": {"env": SPREAD, "algorithm": ROLLOUT, "num_envs": 16, "runtime": "compiled"},
    "qmix-spread-compiled": {"env": SPREAD, "algorithm": RECURRENT_TEAM, "num_envs": 8, "runtime": "compiled"},
    "mappo-spread-compiled": {
        "env": SPREAD,
        "algorithm": MAPPO(
            ActorCritic(Without(encoder=RELU), value_encoder=RELU, core=GRU(128)), feed=Rollout(128), epochs=4, minibatches=4
        ),
        "num_envs": 16,
        "runtime": "compiled",
    },
    "dqn-lunarlander": {"env": "LunarLander-v3", "algorithm": DQN(model=WIDE), "num_envs": 1},
    "sac-halfcheetah": {"env": "HalfCheetah-v5", "algorithm": SAC(), "num_envs": 1},
    "td3-halfcheetah": {"env": "HalfCheetah-v5", "algorithm": TD3(), "num_envs": 1},
    "rainbow-pong": {
        "env": "ALE/Pong-v5",
        "algorithm": Rainbow(
            model=QNetwork(head=Categories(51, -10.0, 10.0)),
            double=False,
            epsilon=Linear(1.0, 0.01, over=250_000),
            replay=replace(ATARI_REPLAY, priority=0.5, importance=Constant(0.5)),
        ),
        "num_envs": 1,
    },
    "iqn-pong": {
        "env": "ALE/Pong-v5",
        "algorithm": IQN(
            model=QNetwork(head=ImplicitQuantiles()),
            double=False,
            epsilon=Linear(1.0, 0.01, over=250_000),
            replay=ATARI_REPLAY,
        ),
        "num_envs": 1,
    },
}
VARIANTS: dict[str, dict[str, Any]] = {
    "overlap": {"overlap": True},
    "envpool": {"env": "envpool:Pong-v5"},
    "default": {"algorithm": PPO()},
    "compiled": {"runtime": "compiled"},
    "step by step": {"length": 1},
    "1 thread": {"threads": 1},
    "2 devices": {"devices": 2},
    "bfloat16": {"model": ActorCritic(CNN(gradient_precision="bfloat16"))},
}
"""What a variant changes about a work, `length` that of a replay's blocks, `model` the algorithm's; joined by `+`."""


def experiment(work: str, variant: str, steps: int, seed: int, out: str) -> Experiment:
    """The experiment of a work and a variant, without checkpoints before the end."""
    if work not in WORKS:
        raise SystemExit(f"Ecotone has no driver for {work}.")
    fields = dict(WORKS[work])
    for name in filter(None, variant.split("+")):
        fields |= VARIANTS[name]
    if length := fields.pop("length", None):
        algorithm = fields["algorithm"]
        fields["algorithm"] = replace(algorithm, replay=replace(algorithm.replay, length=length))
    if model := fields.pop("model", None):
        fields["algorithm"] = replace(fields["algorithm"], model=model)
    if work.startswith("solve"):
        fields["evaluation"] = Evaluation(every=EVALUATE_EVERY, episodes=EVALUATION_EPISODES)
    return Experiment(**fields, steps=steps, seed=seed, out=out, checkpoint=Checkpointing(every=steps))


def solve(made: Experiment) -> dict[str, Any]:
    """Train until an evaluation is good enough."""
    training = begin(made)
    for event in training:
        if isinstance(event, Evaluated) and sum(event.returns) >= SOLVED * len(event.returns):
            return {"solved": True, "steps": event.steps}
    return {"solved": False, "steps": training.steps}


def measure(made: Experiment, warmup: int) -> dict[str, Any]:
    """Train to the end and time what follows the warm-up; the clock is told before each collection how far training is."""
    training, clock = begin(made), Clock(warmup)
    engine = training.engine
    advance = engine.advance

    def timed(budget: int) -> Any:
        if clock.starts(training.steps):
            jax.block_until_ready(engine.params())
        clock.note(training.steps)
        return advance(budget)

    engine.advance = timed  # type: ignore[method-assign]
    for event in training:
        if isinstance(event, EpisodeEnded):
            clock.returns.append(event.episode_return)
        elif isinstance(event, Updated) and event.steps >= made.steps:
            jax.block_until_ready(engine.params())
            clock.note(event.steps)
    return clock.result()


def main() -> None:
    """Train, and print the result."""
    told = arguments(__doc__ or "", "variant")
    known = versions(*PACKAGES, *(("envpool",) if "envpool" in told.variant else ()))
    with tempfile.TemporaryDirectory() as out:
        made = experiment(told.work, told.variant, told.steps, told.seed, out)
        result = solve(made) if told.work.startswith("solve") else measure(made, told.warmup)
        report(**result, versions=known)


if __name__ == "__main__":
    main()
