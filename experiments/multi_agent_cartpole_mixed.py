"""PPO and DQN on four poles at once, two agents each."""

import ecotone
from ecotone.feed import Replay

reach = 1800
"""Greedy return, summed over the four agents (450 each), interquartile mean over five seeds."""

experiment = ecotone.Experiment(
    "MultiAgentCartPole-v0",
    groups={
        "policies": ecotone.Group(ecotone.PPO(), ("agent_0", "agent_1")),
        # Sixteen lanes fill the replay sixteen times as fast as one does: learn less from each row.
        "values": ecotone.Group(ecotone.DQN(replay=Replay(batch=128, ratio=0.05)), ("agent_2", "agent_3")),
    },
    steps=150_000,
)

if __name__ == "__main__":
    ecotone.train(experiment)
