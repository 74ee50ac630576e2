"""PPO on team battle: red learns to win against three teams that act at random.

Four teams of six begin in the corners of a square. Red has won when all others are dead and one of its own is not, before
200 steps have passed. It is the first to act in every step, which is worth much: at random it wins 62% of the battles.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.9
"""Share of battles won, interquartile mean over the seeds."""


def goal(played):
    """Whether red won."""
    others = played.counted("blue/killed", "green/killed", "gray/killed")
    return (others == 18) & (played.counted("red/killed") < 6)


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
experiment = ecotone.Experiment(
    "grid:team_battle",
    groups={
        "red": ecotone.Group(learner, "red"),
        "others": ecotone.Group(ecotone.Random(), ("blue", "green", "gray")),
    },
    env_kwargs={"horizon": 200},
    num_envs=16,
    steps=150_000,
)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"won: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
