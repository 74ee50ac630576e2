"""PQN-VDN on SMAX 3m: three marines against three that a heuristic commands (JaxMARL, compiled)."""

import numpy as np

import ecotone
from ecotone.feed import Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Additive
from ecotone.networks.models import QNetwork
from ecotone.networks.teams import Agents, TeamQNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 0.95
"""Share of battles won, greedily."""


def measure(run: ecotone.Run, episodes: int) -> float:
    """Share of battles won: each of three agents gets 1 for the damage done, and 1 more for the victory."""
    return float(np.mean(np.asarray(ecotone.evaluate(run, episodes).returns) > 5.5))


agents = Agents(QNetwork(Encoder((128, 128), "relu", layer_norm=True)))
algorithm = ecotone.PQNVDN(
    TeamQNetwork(agents, Additive()),
    Adam(Linear(5e-4, 0.0), clip_norm=1.0),
    trace=0.85,
    epsilon=Linear(1.0, 0.01, over=1_000_000),
    epochs=4,
    minibatches=8,
    feed=Rollout(32),
)
experiment = ecotone.Experiment(
    "jaxmarl:HeuristicEnemySMAX", algorithm, env_kwargs={"scenario": "3m"}, num_envs=128, steps=5_000_000
)

if __name__ == "__main__":
    print(measure(ecotone.train(experiment), 128))
