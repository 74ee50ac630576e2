"""R2D2 on CartPole-v1 without its velocities, which a memory must infer; it sees its last action too."""

import ecotone
from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.wrappers import Entries, PreviousActionReward
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.recurrent import LSTM
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 300
"""Greedy return, interquartile mean over five seeds."""

algorithm = ecotone.R2D2(
    model=QNetwork(Encoder((64,), scaled=True), dueling=True, core=LSTM(64)),
    optimizer=Adam(Linear(1e-3, 0.0), clip_norm=10.0),
    target_period=1_000,
)
experiment = ecotone.Experiment(
    CartPole(), algorithm, wrappers=(Entries((0, 2)), PreviousActionReward(reward=False)), num_envs=16, steps=500_000
)

if __name__ == "__main__":
    ecotone.train(experiment)
