"""SAC on HalfCheetah-v5: the default settings behind a longer warm-up."""

import dataclasses

import ecotone

reach = 6000
"""Greedy return of one seed."""

replay = dataclasses.replace(ecotone.SAC().replay, warmup=10000)
experiment = ecotone.Experiment("HalfCheetah-v5", ecotone.SAC(replay=replay), steps=300000)

if __name__ == "__main__":
    ecotone.train(experiment)
