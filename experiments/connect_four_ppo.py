"""PPO plays connect four against itself, compiled: one policy for both sides, legal moves by mask."""

import ecotone
from ecotone.league import wins_against_random as measure
from ecotone.networks.cnn import CNN
from ecotone.networks.models import ActorCritic
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 0.95
"""Share of games won against random moves, greedily and from both sides."""

# Windows of 4 × 4 see four in a row, wherever they are. The bonus for entropy is large: who plays against itself alone
# forgets what others do.
model = ActorCritic(CNN(((32, 4, 1),), 64))
algorithm = ecotone.PPO(model, Adam(Linear(1e-3, 0.0)), entropy_cost=0.3)
experiment = ecotone.Experiment("ConnectFour-v0", algorithm, num_envs=64, steps=600_000)

if __name__ == "__main__":
    print(measure(ecotone.train(experiment), 256))
