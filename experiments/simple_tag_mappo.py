"""MAPPO on tag: three chasers, slower than the one who runs away from them, who learns by PPO (JaxMARL, compiled)."""

import numpy as np

import ecotone
from ecotone.feed import Rollout
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 20
"""Greedy return, summed over the chasers and 25 steps: each catch brings every chaser 10; 5 at random."""


def goal(played):
    """The chasers' return."""
    return np.asarray(played.groups["chasers"])


steps = Adam(Linear(1e-3, 0.0), clip_norm=10.0)
groups = {
    "chasers": ecotone.Group(ecotone.MAPPO(optimizer=steps, epochs=5, minibatches=2, feed=Rollout(25)), "adversary"),
    "runner": ecotone.Group(ecotone.PPO(optimizer=steps, feed=Rollout(25)), "agent"),
}
experiment = ecotone.Experiment("jaxmarl:MPE_simple_tag_v3", groups=groups, num_envs=32, steps=600_000)

if __name__ == "__main__":
    ecotone.train(experiment)
