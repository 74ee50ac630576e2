"""PPO on Pac-Man, whose ghosts go their rounds: it learns to eat, and not to be caught.

It sees what is around it, four cells far. Judged is the share of the food that it eats within 300 steps.
"""

import ecotone
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 0.7
"""Share of the food that is eaten, interquartile mean over the seeds."""
FOOD = 166


def goal(played):
    """The share of the food that was eaten."""
    return played.counted("pacman/ate") / FOOD


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)))
options = {"whole_board": False, "view_range": 4, "horizon": 300}
experiment = ecotone.Experiment("grid:pacman", learner, env_kwargs=options, num_envs=32, steps=500_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"eaten: {goal(ecotone.evaluate(run, episodes=100)).mean():.0%}")
