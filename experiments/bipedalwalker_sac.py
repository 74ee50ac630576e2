"""SAC on BipedalWalker-v3: steps that are large at first and fall to nothing, a nearer horizon and a quicker target."""

import dataclasses

import ecotone
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 250
"""Greedy return of one seed."""

steep = Adam(Linear(7.3e-4, 0.0), clip_norm=None, epsilon=1e-8)
replay = dataclasses.replace(ecotone.SAC().replay, capacity=300_000, warmup=10_000)
algorithm = ecotone.SAC(optimizer=steep, gamma=0.98, target_rate=0.02, replay=replay)
experiment = ecotone.Experiment("BipedalWalker-v3", algorithm, steps=200_000)

if __name__ == "__main__":
    ecotone.train(experiment)
