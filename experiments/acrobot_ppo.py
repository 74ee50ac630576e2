"""PPO on Acrobot-v1, with the default settings."""

import ecotone

reach = -90
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("Acrobot-v1", ecotone.PPO(), steps=1000000, runtime="compiled")

if __name__ == "__main__":
    ecotone.train(experiment)
