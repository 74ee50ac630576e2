"""SAC on HalfCheetah-v5, with the default settings."""

import ecotone

reach = 3000
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("HalfCheetah-v5", ecotone.SAC(), steps=100000)

if __name__ == "__main__":
    ecotone.train(experiment)
