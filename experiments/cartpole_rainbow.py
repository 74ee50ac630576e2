"""Rainbow on CartPole-v1, with the default settings."""

import ecotone

reach = 475
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("CartPole-v1", ecotone.Rainbow(), steps=150_000)

if __name__ == "__main__":
    ecotone.train(experiment)
