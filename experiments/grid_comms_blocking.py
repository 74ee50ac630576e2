"""PPO on communications blocking: three blockers learn to stand between four who broadcast at random, against agreement.

A step brings each blocker 0.01, so that they want it to take long. Judged is the share of episodes in which there is no
agreement after 25 steps.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.4
"""Share of episodes without agreement, interquartile mean over the seeds."""


def goal(played):
    """Whether anybody disagreed in the end."""
    return played.counted("broadcaster/ended") < 4


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
experiment = ecotone.Experiment(
    "grid:comms_blocking",
    groups={
        "runner": ecotone.Group(learner, "runner"),
        "blockers": ecotone.Group(learner, "blocker"),
        "broadcasters": ecotone.Group(ecotone.Random(), "broadcaster"),
    },
    env_kwargs={"horizon": 25, "blocking_pays": 0.01},
    num_envs=32,
    steps=300_000,
)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"kept apart: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
