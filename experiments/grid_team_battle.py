"""PPO on team battle: gray learns to win against three teams that act at random.

Four teams of six begin in the corners of a square. Gray has won when all others are dead and one of its own is not, before
200 steps have passed. It is the last to act in every step, and is hit before it hits: at random red, the first, wins most.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.9
"""Share of battles won, interquartile mean over the seeds."""


def goal(played):
    """Whether gray won."""
    others = played.count("red/killed", "blue/killed", "green/killed")
    return (others == 18) & (played.count("gray/killed") < 6)


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
experiment = ecotone.Experiment(
    "grid:team_battle",
    groups={
        "gray": ecotone.Group(learner, "gray"),
        "others": ecotone.Group(ecotone.Random(), ("red", "blue", "green")),
    },
    env_kwargs={"horizon": 200},
    num_envs=16,
    steps=200_000,
)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"won: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
