"""PPO on reach the target: four runners learn to reach it while it learns to hit them, each side with its own policy.

Judged is the share of runners that arrive within 20 steps against the target that was trained with them. A runner two cells
away cannot be hit and is there in one move, so that good ones all arrive, however good the target is.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.9
"""Share of runners that arrive, interquartile mean over the seeds."""


def goal(played):
    """The share of the four that arrived."""
    return played.counted("runner/arrived") / 4


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
experiment = ecotone.Experiment("grid:reach_target", learner, env_kwargs={"horizon": 20}, num_envs=32, steps=150_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"arrived: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
