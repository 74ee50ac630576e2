"""PQN on MinAtar's Breakout, compiled, with convolutions whose filters are normalised."""

import ecotone
from ecotone.networks.cnn import CNN
from ecotone.networks.models import QNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 20
"""Greedy return, interquartile mean over seeds."""

algorithm = ecotone.PQN(
    QNetwork(CNN(((16, 3, 1),), 64, layer_norm=True)),
    Adam(Linear(5e-4, 0.0), clip_norm=10.0),
    epsilon=Linear(1.0, 0.05, over=500_000),
    epochs=2,
    minibatches=16,
)
experiment = ecotone.Experiment("gymnax:Breakout-MinAtar", algorithm, num_envs=64, steps=5_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
