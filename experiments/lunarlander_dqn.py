"""DQN on LunarLander-v3: a wider network, a smaller step, and a longer warm-up than the default settings."""

from dataclasses import replace

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 210
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.DQN(
    model=QNetwork(Encoder((128, 128), "relu", orthogonal=False)),
    optimizer=Adam(Linear(1e-3, 0.0), clip_norm=10.0),
    epsilon=Linear(1.0, 0.05, over=30_000),
    target_period=250,
    replay=replace(ecotone.DQN().replay, warmup=5_000, length=8),
)
experiment = ecotone.Experiment("LunarLander-v3", algorithm, steps=300_000)

if __name__ == "__main__":
    ecotone.train(experiment)
