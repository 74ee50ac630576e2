"""DQN plays connect four against itself: one policy for both players, who move in turns; legal moves by mask."""

import ecotone
from ecotone.ops.schedules import Linear

reach = 0.95
"""Points per game against random moves, on both sides, by `ecotone analyze RUN --league` (1 a win, a half a draw)."""

experiment = ecotone.Experiment(
    "pettingzoo:classic/connect_four_v3",
    ecotone.DQN(epsilon=Linear(1.0, 0.05, over=50_000)),
    num_envs=8,
    steps=200_000,
)

if __name__ == "__main__":
    ecotone.train(experiment)
