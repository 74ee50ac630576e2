"""PPO on broadcasting: four walkers learn to come near each other and to broadcast, until they agree.

Judged is the share of episodes in which all four agree within five steps; 25 are given.
"""

import numpy as np

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.9
"""Share of episodes in which they agree that soon, interquartile mean over the seeds."""


def goal(played):
    """Whether they agreed within five steps."""
    return (played.counted("broadcaster/ended") == 4) & (np.asarray(played.lengths) <= 5)


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
experiment = ecotone.Experiment("grid:broadcasting", learner, env_kwargs={"horizon": 25}, num_envs=32, steps=150_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"agreed: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
