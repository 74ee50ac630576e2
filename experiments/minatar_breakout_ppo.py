"""PPO on MinAtar's Breakout, compiled: dense layers, and a step size large enough to leave the habit of seven bricks.

With steps of 1e-3, dense or convolutional, every run settled at a return of exactly 7 after 400,000 steps and never left it;
with these, seeds differ: 1,000,000 steps came to 23, 42, 11, 17 and 25 (seeds 0, 1, 21, 22, 23), 5,000,000 to 15 (seed 21).
"""

import ecotone
from ecotone.envs.wrappers import Flatten
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 15
"""Greedy return of one seed."""

algorithm = ecotone.PPO(optimizer=Adam(Linear(5e-3, 0.0)), minibatches=8)
experiment = ecotone.Experiment(
    "gymnax:Breakout-MinAtar", algorithm, wrappers=(Flatten(),), runtime="compiled", num_envs=64, steps=5_000_000
)

if __name__ == "__main__":
    ecotone.train(experiment)
