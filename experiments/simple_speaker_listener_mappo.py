"""MAPPO on speaker and listener: one sees which landmark is meant and can only speak, the other has to go there."""

import ecotone
from ecotone.feed import Rollout
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = -40
"""Greedy return, summed over both agents and 25 steps, interquartile mean over three seeds."""

algorithm = ecotone.MAPPO(optimizer=Adam(Linear(1e-3, 0.0), clip_norm=10.0), epochs=5, minibatches=2, feed=Rollout(25))
groups = {"speaker": ecotone.Group(algorithm, "speaker"), "listener": ecotone.Group(algorithm, "listener")}
experiment = ecotone.Experiment("jaxmarl:MPE_simple_speaker_listener_v4", groups=groups, num_envs=32, steps=600_000)

if __name__ == "__main__":
    ecotone.train(experiment)
