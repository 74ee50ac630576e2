"""APPO on Pendulum-v1, compiled: rewards, which are far below 0, are scaled, and a nearer horizon is learned for."""

import ecotone

reach = -200
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.NormalizeRewards(ecotone.APPO(gamma=0.95, entropy_cost=0.0))
experiment = ecotone.Experiment("Pendulum-v1", algorithm, runtime="compiled", num_envs=32, steps=5_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
