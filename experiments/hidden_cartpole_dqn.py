"""DQN on CartPole-v1 without its velocities, which a memory must infer from replayed sequences.

The target lags by a thousand updates and positions are mapped to [-1, 1]: a target that follows sooner raises all values
before the network can tell angles apart. Every seed learns, none stays at its best: seeds 1 to 3 ended at 116, 500 and 344;
300,000 steps are no better (147, 107, 500), nor are batches of 64 with half the step size (224, 471, 185 at 100,000).
"""

import ecotone
from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.wrappers import Entries
from ecotone.feed import Replay
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.recurrent import GRU
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 200
"""Greedy return, interquartile mean over three seeds."""

algorithm = ecotone.DQN(
    model=QNetwork(Encoder((64,), scaled=True), core=GRU(64)),
    optimizer=Adam(Linear(2e-3, 0.0), clip_norm=10.0),
    epsilon=Linear(1.0, 0.05, over=20_000),
    target_period=1_000,
    replay=Replay(capacity=100_000, batch=32, warmup=2_000, ratio=1 / 8, length=4),
    sequence=20,
    burn_in=10,
)
experiment = ecotone.Experiment(CartPole(), algorithm, wrappers=(Entries((0, 2)),), num_envs=16, steps=150_000)

if __name__ == "__main__":
    ecotone.train(experiment)
