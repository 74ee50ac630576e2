"""DQN on MountainCar-v0: twice the updates per step, with a target that lags as long as by default."""

from dataclasses import replace

import ecotone

reach = -120
"""Greedy return, interquartile mean over five seeds."""

default = ecotone.DQN()
algorithm = replace(default, target_period=400, replay=replace(default.replay, ratio=0.5))
experiment = ecotone.Experiment("MountainCar-v0", algorithm, steps=150_000)

if __name__ == "__main__":
    ecotone.train(experiment)
