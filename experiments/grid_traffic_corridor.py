"""PPO on the traffic corridor: two teams of two pass each other where there is room for one, each with its own policy.

Passed without a collision is an episode in which all four are on their targets within 100 steps and no move of any of them
failed, be it into a wall, into a driver of the other team, or off the grid. Targets look like the drivers that they are for:
who waits for the others has to remember that they came by, hence the memory. A failed move costs little and serves to wait,
too: only much entropy at first finds the way without one.
"""

import ecotone
from ecotone.feed import Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.schedules import Linear

reach = 0.9
"""Share of episodes passed without a collision, interquartile mean over the seeds."""


def goal(played):
    """Whether all arrived and nobody ran into anything."""
    arrived, failed = played.counted("red/ended", "green/ended"), played.counted("red/bad_move", "green/bad_move")
    return (arrived == 4) & (failed == 0)


model = ActorCritic(Encoder((64,), categories=8), core=GRU(32))
learner = ecotone.PPO(model, entropy_cost=Linear(0.2, 0.0), feed=Rollout(64))
experiment = ecotone.Experiment("grid:traffic_corridor", learner, env_kwargs={"horizon": 100}, num_envs=32, steps=200_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"passed without a collision: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
