"""MADDPG on the two-step game."""

import dataclasses

import ecotone

reach = 7.2
"""Greedy return of the team; interquartile mean over five seeds."""

replay = dataclasses.replace(ecotone.MADDPG().replay, capacity=10_000, batch=64, warmup=500, ratio=0.125)
algorithm = ecotone.MADDPG(restraint=0.01, replay=replay)
experiment = ecotone.Experiment("TwoStep-v0", algorithm, num_envs=8, steps=10_000)

if __name__ == "__main__":
    ecotone.train(experiment)
