"""PPO on MinAtar's Breakout, compiled: two dense layers of rectified units, with large steps.

With hyperbolic tangents in their place most runs settle at a return of 7 (steps of 1e-3) or leave it late (5e-3).
"""

import ecotone
from ecotone.envs.wrappers import Flatten
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 20
"""Greedy return, interquartile mean over three seeds."""

algorithm = ecotone.PPO(ActorCritic(Encoder((64, 64), "relu")), optimizer=Adam(Linear(5e-3, 0.0)), minibatches=8)
experiment = ecotone.Experiment(
    "gymnax:Breakout-MinAtar", algorithm, wrappers=(Flatten(),), runtime="compiled", num_envs=64, steps=5_000_000
)

if __name__ == "__main__":
    ecotone.train(experiment)
