"""VDN on level-based foraging: two agents must stand by a piece of food together to eat it (8x8-2p-2f-coop)."""

import dataclasses

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Additive
from ecotone.networks.models import QNetwork
from ecotone.networks.teams import Agents, TeamQNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 0.95
"""Greedy return, summed over both agents: the share of the food that is eaten, interquartile mean over three seeds."""

agents = Agents(QNetwork(Encoder((128, 128), "relu", orthogonal=False, scaled=True)))
replay = dataclasses.replace(
    ecotone.VDN().replay,
    capacity=200_000,
    batch=64,
    warmup=5_000,
    ratio=0.125,
    length=16,
    priority=0.6,
    importance=Linear(0.4, 1.0),
)
algorithm = ecotone.VDN(
    TeamQNetwork(agents, Additive()),
    Adam(Linear(1e-3, 0.0), clip_norm=10.0),
    n=5,
    epsilon=Linear(1.0, 0.05, over=200_000),
    target_period=1,
    target_rate=0.005,
    replay=replay,
)
experiment = ecotone.Experiment("lbforaging:Foraging-8x8-2p-2f-coop-v3", algorithm, num_envs=16, steps=1_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
