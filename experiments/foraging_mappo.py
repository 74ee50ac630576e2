"""MAPPO on level-based foraging: two agents must stand by a piece of food together to eat it (8x8-2p-2f-coop)."""

import ecotone
from ecotone.feed import Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.parts import Without
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 0.95
"""Share of the food that is eaten, greedily: the return."""

encoder = Encoder((128, 128), "relu")
algorithm = ecotone.MAPPO(
    ActorCritic(Without(encoder=encoder), value_encoder=encoder),
    Adam(Linear(1e-3, 0.0), clip_norm=0.5),
    entropy_cost=0.01,
    epochs=4,
    minibatches=4,
    feed=Rollout(64),
)
experiment = ecotone.Experiment("lbforaging:Foraging-8x8-2p-2f-coop-v3", algorithm, num_envs=32, steps=4_000_000)

if __name__ == "__main__":
    ecotone.train(experiment)
