"""TQC on HalfCheetah-v5: the default settings behind a longer warm-up."""

import dataclasses

import ecotone

reach = 6500
"""Greedy return of one seed."""

replay = dataclasses.replace(ecotone.TQC().replay, warmup=10000)
experiment = ecotone.Experiment("HalfCheetah-v5", ecotone.TQC(replay=replay), steps=300000)

if __name__ == "__main__":
    ecotone.train(experiment)
