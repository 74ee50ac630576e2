"""DDPG on Pendulum-v1, with small networks."""

import dataclasses

import ecotone
from ecotone.networks.critics import Critics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import DeterministicActor

reach = -170
"""Greedy return, interquartile mean over five seeds."""

actor = DeterministicActor(Encoder((64, 64), "relu", orthogonal=False))
replay = dataclasses.replace(ecotone.DDPG().replay, capacity=20000, batch=128)
algorithm = ecotone.DDPG(actor, Critics((64, 64), count=1), gamma=0.98, replay=replay)
experiment = ecotone.Experiment("Pendulum-v1", algorithm, runtime="compiled", steps=20000)

if __name__ == "__main__":
    ecotone.train(experiment)
