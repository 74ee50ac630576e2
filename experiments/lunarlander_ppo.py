"""PPO on LunarLander-v3: a far horizon, long fragments and more passes over each."""

import ecotone
from ecotone.feed import Rollout
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 240
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.PPO(
    optimizer=Adam(Linear(1e-3, 0.0)), gamma=0.999, trace=0.98, epochs=8, minibatches=32, feed=Rollout(512)
)
experiment = ecotone.Experiment("LunarLander-v3", algorithm, num_envs=16, steps=1_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
