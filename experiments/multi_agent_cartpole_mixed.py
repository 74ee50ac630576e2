"""PPO and DQN on four poles at once, two agents each."""

import ecotone

reach = 1800
"""Greedy return, summed over the four agents (450 each), interquartile mean over five seeds."""

experiment = ecotone.Experiment(
    "MultiAgentCartPole-v0",
    groups={
        "policies": ecotone.Group(ecotone.PPO(), ("agent_0", "agent_1")),
        "values": ecotone.Group(ecotone.DQN(), ("agent_2", "agent_3")),
    },
    steps=150_000,
)

if __name__ == "__main__":
    ecotone.train(experiment)
