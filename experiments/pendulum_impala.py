"""IMPALA on Pendulum-v1, compiled: rewards, which are far below 0, are scaled, and a nearer horizon is learned for.

As they come, returns of -150 to -1,500 take the values thousands of updates to reach, and IMPALA makes one per fragment:
unscaled it stays at -1,400. One seed in five settles at full torque (-770) and never learns to swing up.
"""

import ecotone
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = -200
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.NormalizeRewards(
    ecotone.IMPALA(optimizer=Adam(Linear(1e-3, 0.0)), gamma=0.95, normalise=True, entropy_cost=0.0, epochs=2, minibatches=2)
)
experiment = ecotone.Experiment("Pendulum-v1", algorithm, runtime="compiled", num_envs=32, steps=3_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
