"""A3C on CartPole-v1 with the default settings: the learner overlaps collection."""

import ecotone

reach = 475
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("CartPole-v1", ecotone.A3C(), steps=500_000)

if __name__ == "__main__":
    ecotone.train(experiment)
