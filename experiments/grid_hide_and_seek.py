"""PPO on hide and seek: three hiders learn to build cover and keep away from two seekers that walk at random.

Judged is the share of the time after the head start in which a hider is not seen, over all three.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.8
"""Share of the time unseen, interquartile mean over the seeds."""


def goal(played):
    """The share of the time unseen."""
    seen, unseen = played.counted("hider/seen"), played.counted("hider/unseen")
    return unseen / (seen + unseen)


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
experiment = ecotone.Experiment(
    "grid:hide_and_seek",
    groups={
        "hiders": ecotone.Group(learner, "hider"),
        "seekers": ecotone.Group(ecotone.Random(), "seeker"),
    },
    num_envs=32,
    steps=300_000,
)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"unseen: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
