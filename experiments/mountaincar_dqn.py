"""DQN on MountainCar-v0, with the default settings."""

import ecotone

reach = -120
"""Greedy return, interquartile mean over five seeds."""

experiment = ecotone.Experiment("MountainCar-v0", ecotone.DQN(), steps=150000)

if __name__ == "__main__":
    ecotone.train(experiment)
