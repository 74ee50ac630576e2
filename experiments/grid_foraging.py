"""PPO on foraging: a thousand foragers, one policy, eat what grows again on a field of 64 by 64 cells.

Judged is what each of them eats in an episode of 200 steps, on average. There are 1,000 units at first, and 20 at most grow
in a step: 5 for each is all there can be.
"""

import ecotone
from ecotone.feed import Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

reach = 4.6
"""Food per forager, interquartile mean over the seeds."""


def goal(played):
    """Food per forager."""
    return played.counted("forager/harvested") / 1000


learner = ecotone.PPO(ActorCritic(Encoder(categories=8)), epochs=2, feed=Rollout(32))
experiment = ecotone.Experiment("grid:foraging", learner, num_envs=1, steps=2_000)

if __name__ == "__main__":
    run = ecotone.train(experiment)
    print(f"food per forager: {goal(ecotone.evaluate(run, episodes=4)).mean():.1f}")
