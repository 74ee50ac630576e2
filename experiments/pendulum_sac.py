"""SAC on Pendulum-v1, with the default settings."""

import ecotone

reach = -160
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("Pendulum-v1", ecotone.SAC(), steps=20000)

if __name__ == "__main__":
    ecotone.train(experiment)
