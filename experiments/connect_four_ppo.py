"""PPO plays connect four against itself: one policy for both players, who move in turns; legal moves by mask."""

import ecotone

reach = 0.95
"""Points per game against random moves, on both sides, by `ecotone analyze RUN --league` (1 a win, a half a draw)."""

experiment = ecotone.Experiment("pettingzoo:classic/connect_four_v3", ecotone.PPO(), num_envs=16, steps=300_000)

if __name__ == "__main__":
    ecotone.train(experiment)
