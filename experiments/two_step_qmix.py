"""QMIX on the two-step game with random choices throughout, so that only what can be represented counts."""

import dataclasses

import ecotone
from ecotone.ops.schedules import Constant

reach = 8.0
"""Greedy return of the team; interquartile mean over five seeds. Independent learners and VDN end at 7."""

replay = dataclasses.replace(ecotone.QMIX().replay, capacity=10_000, batch=64, warmup=500, ratio=0.125)
algorithm = ecotone.QMIX(epsilon=Constant(1.0), replay=replay, target_period=100)
experiment = ecotone.Experiment("TwoStep-v0", algorithm, num_envs=8, steps=20_000)

if __name__ == "__main__":
    ecotone.train(experiment)
