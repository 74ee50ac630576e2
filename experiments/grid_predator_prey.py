"""PPO on predators and prey: two predators learn to hunt five that wander at random.

Judged is the share of the prey that is caught within 75 steps (fewer where the prey has eaten everything before).
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU

reach = 0.9
"""Share of the prey that is caught, interquartile mean over the seeds."""


def goal(played):
    """The share of the five that were caught."""
    return played.counted("prey/killed") / 5


learner = ecotone.PPO(ActorCritic(Encoder(categories=8), core=GRU(64)))
experiment = ecotone.Experiment(
    "grid:predator_prey",
    groups={
        "predators": ecotone.Group(learner, "predator"),
        "prey": ecotone.Group(ecotone.Random(), "prey"),
    },
    env_kwargs={"horizon": 75},
    num_envs=32,
    steps=600_000,
)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"caught: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
