"""PPO on the multi-corridor: five agents with one policy walk to the end, in turns, and do not bump into each other.

Each knows its place and whether somebody is right beside it. Judged is the share of episodes in which all arrive within 200
turns and nobody walks into anybody, or into the wall.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.95
"""Share of episodes in which all arrive without a bump, interquartile mean over the seeds."""


def goal(played):
    """Whether all five arrived and none of them ran into anything."""
    return (played.counted("agent/arrived") == 5) & (played.counted("agent/bad_move") == 0)


learner = ecotone.PPO(ActorCritic(Encoder(categories=16)))
experiment = ecotone.Experiment("grid:multi_corridor", learner, env_kwargs={"horizon": 200}, num_envs=32, steps=300_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"all arrived without a bump: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
