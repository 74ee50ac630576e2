"""DQN on MountainCar-v0: positions and speeds are mapped to [-1, 1], since the speeds are tiny as they come."""

from dataclasses import replace

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork

reach = -120
"""Greedy return, interquartile mean over five seeds."""

model = QNetwork(Encoder(activation="relu", orthogonal=False, scaled=True))
algorithm = ecotone.DQN(model=model, replay=replace(ecotone.DQN().replay, length=16))
experiment = ecotone.Experiment("MountainCar-v0", algorithm, steps=150_000)

if __name__ == "__main__":
    ecotone.train(experiment)
