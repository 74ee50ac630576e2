"""PG on CartPole-v1, compiled, with the default settings."""

import ecotone

reach = 475
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("CartPole-v1", ecotone.PG(), steps=500_000, runtime="compiled")

if __name__ == "__main__":
    ecotone.train(experiment)
