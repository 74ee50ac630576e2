"""PPO with a memory on the maze: one navigator finds the way through walls that hide what is behind them.

The maze is the same in every episode, and so is the way: solved is an episode that ends at the target within 200 steps.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.schedules import Linear

reach = 0.95
"""Share of episodes in which the target is reached, interquartile mean over the seeds."""


def goal(played):
    """Whether the target was reached."""
    return played.counted("navigator/ended")


learner = ecotone.PPO(ActorCritic(Encoder(categories=8), core=GRU(64)), entropy_cost=Linear(0.2, 0.0))
experiment = ecotone.Experiment("grid:maze", learner, env_kwargs={"horizon": 200}, num_envs=32, steps=250_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"solved: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
