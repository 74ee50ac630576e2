"""PPO on MinAtar's Breakout, compiled: the smallest convolutions of its authors, shared by policy and value."""

import ecotone
from ecotone.networks.cnn import CNN
from ecotone.networks.models import ActorCritic
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 20
"""Greedy return, interquartile mean over seeds."""

model = ActorCritic(CNN(((16, 3, 1),), 64), shared=True)
algorithm = ecotone.PPO(model, Adam(Linear(1e-3, 0.0)), minibatches=8)
experiment = ecotone.Experiment("gymnax:Breakout-MinAtar", algorithm, num_envs=64, steps=5_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
