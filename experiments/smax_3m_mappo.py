"""MAPPO on SMAX 3m: three marines against three that a heuristic commands (JaxMARL, compiled)."""

import numpy as np

import ecotone
from ecotone.feed import Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.parts import Without
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 0.95
"""Share of battles won, greedily."""


def measure(run: ecotone.Run, episodes: int) -> float:
    """Share of battles won: each of three agents gets 1 for the damage done, and 1 more for the victory."""
    return float(np.mean(np.asarray(ecotone.evaluate(run, episodes).returns) > 5.5))


encoder = Encoder((128, 128), "relu", layer_norm=True)
algorithm = ecotone.MAPPO(
    ActorCritic(Without(encoder=encoder), value_encoder=encoder),
    Adam(Linear(1e-3, 0.0), clip_norm=0.5),
    gamma=0.97,
    entropy_cost=Linear(0.01, 0.0),  # a policy that stays random ends in stand-offs when it plays greedily
    epochs=4,
    minibatches=4,
    feed=Rollout(64),
)
experiment = ecotone.Experiment(
    "jaxmarl:HeuristicEnemySMAX", algorithm, env_kwargs={"scenario": "3m"}, num_envs=128, steps=6_000_000
)

if __name__ == "__main__":
    print(measure(ecotone.train(experiment), 128))
