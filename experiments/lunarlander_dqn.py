"""DQN on LunarLander-v3: a wider network, more updates, smaller steps, and a longer warm-up than the default settings."""

from dataclasses import replace

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 230
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.DQN(
    model=QNetwork(Encoder((256, 256), "relu", orthogonal=False)),
    optimizer=Adam(Linear(6e-4, 0.0), clip_norm=10.0),
    epsilon=Linear(1.0, 0.05, over=30_000),
    target_period=250,
    replay=replace(ecotone.DQN().replay, warmup=5_000, ratio=0.5, length=8),
)
experiment = ecotone.Experiment("LunarLander-v3", algorithm, steps=300_000)

if __name__ == "__main__":
    ecotone.train(experiment)
