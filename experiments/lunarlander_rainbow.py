"""Rainbow on LunarLander-v3: DQN's settings there, atoms over the returns that occur, and random choices.

Noise in the weights, which explores by default, learned to hover and never landed (-13 on the seed that was tried).
Dopamine's Rainbow (arXiv:1812.06110) has none either.
"""

from dataclasses import replace

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.values import Categories
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 230
"""Greedy return, interquartile mean over five seeds."""

encoder = Encoder((256, 256), "relu", orthogonal=False)
algorithm = ecotone.Rainbow(
    model=QNetwork(encoder, head=Categories(101, -300.0, 300.0), dueling=True),
    optimizer=Adam(Linear(6e-4, 0.0), clip_norm=10.0),
    epsilon=Linear(1.0, 0.05, over=30_000),
    target_period=250,
    replay=replace(ecotone.Rainbow().replay, warmup=5_000, ratio=0.5, length=8),
)
experiment = ecotone.Experiment("LunarLander-v3", algorithm, steps=300_000)

if __name__ == "__main__":
    ecotone.train(experiment)
