"""TQC on Pendulum-v1: small networks and larger steps than the default settings, which are for MuJoCo."""

import dataclasses

import ecotone
from ecotone.networks.critics import QuantileCritics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import SquashedActor
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant

reach = -170
"""Greedy return, interquartile mean over five seeds."""

fast = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
actor = SquashedActor(Encoder((64, 64), "relu", orthogonal=False))
replay = dataclasses.replace(ecotone.TQC().replay, capacity=20000, batch=128)
algorithm = ecotone.TQC(actor, QuantileCritics((64, 64)), fast, gamma=0.98, replay=replay)
experiment = ecotone.Experiment("Pendulum-v1", algorithm, runtime="compiled", steps=20000)

if __name__ == "__main__":
    ecotone.train(experiment)
