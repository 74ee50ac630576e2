"""DQN plays connect four against itself, compiled: one policy for both sides, legal moves by mask."""

import ecotone
from ecotone.feed import Replay
from ecotone.league import wins_against_random as measure
from ecotone.networks.cnn import CNN
from ecotone.networks.models import QNetwork
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Linear

reach = 0.95
"""Share of games won against random moves, greedily and from both sides."""

# Windows of 4 × 4 see four in a row, wherever they are. Who plays against itself alone sees too few games to know what
# others do: some choices stay random, and soft values (Munchausen's) hold on to what was learned before.
algorithm = ecotone.DQN(
    QNetwork(CNN(((32, 4, 1),), 64)),
    Adam(Linear(1e-3, 0.0), clip_norm=10.0),
    n=1,
    munchausen=0.9,
    temperature=0.03,
    epsilon=Linear(1.0, 0.2, over=100_000),
    replay=Replay(capacity=100_000, batch=128, warmup=5_000, ratio=0.125, length=16),
)
experiment = ecotone.Experiment("ConnectFour-v0", algorithm, num_envs=32, steps=400_000)

if __name__ == "__main__":
    print(measure(ecotone.train(experiment), 256))
