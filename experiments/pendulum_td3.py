"""TD3 on Pendulum-v1: small networks and larger steps than the default settings, which are for MuJoCo."""

import dataclasses

import ecotone
from ecotone.networks.critics import Critics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import DeterministicActor
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant

reach = -170
"""Greedy return, interquartile mean over five seeds."""

fast = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
actor = DeterministicActor(Encoder((64, 64), "relu", orthogonal=False))
replay = dataclasses.replace(ecotone.TD3().replay, capacity=20000, batch=128)
algorithm = ecotone.TD3(actor, Critics((64, 64)), fast, fast, gamma=0.98, replay=replay)
experiment = ecotone.Experiment("Pendulum-v1", algorithm, runtime="compiled", steps=20000)

if __name__ == "__main__":
    ecotone.train(experiment)
