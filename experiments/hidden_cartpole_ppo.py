"""PPO on CartPole-v1 without its velocities, which a memory must infer."""

import ecotone
from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.wrappers import Entries
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 350
"""Greedy return, interquartile mean over three seeds."""

algorithm = ecotone.PPO(model=ActorCritic(Encoder((64,)), core=GRU(64)), optimizer=Adam(Linear(1e-3, 0.0)))
experiment = ecotone.Experiment(CartPole(), algorithm, wrappers=(Entries((0, 2)),), num_envs=16, steps=300_000)

if __name__ == "__main__":
    ecotone.train(experiment)
