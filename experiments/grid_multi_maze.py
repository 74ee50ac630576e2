"""PPO on the multi-maze: five navigators with one policy find the target in another maze each time.

Solved is a navigator that is at the target within 100 steps. Moves that fail cost ten times what a step costs, and most fail
near the target, where the barriers are: scaled advantages grow as failures get rare, until nobody goes near them any more.
Unscaled, the entropy bonus is worth as much in rewards all along, and they go on to look for a way.
"""

import ecotone
from ecotone.networks.autoregressive import AutoregressiveHead
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.ops.schedules import Linear

reach = 0.9
"""Share of the navigators that arrive, interquartile mean over the seeds."""


def goal(played):
    """The share of the five that arrived."""
    return played.counted("navigator/ended") / 5


model = ActorCritic(Encoder((128, 64), categories=8), head=AutoregressiveHead((32,)))
learner = ecotone.PPO(model, normalise=False, entropy_cost=Linear(0.1, 0.0))
experiment = ecotone.Experiment("grid:multi_maze", learner, env_kwargs={"horizon": 100}, num_envs=32, steps=1_000_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"arrived: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
