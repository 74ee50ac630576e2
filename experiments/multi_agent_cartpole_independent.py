"""PPO on four poles at once, a policy of its own for each agent, with the default settings."""

import ecotone

reach = 1800
"""Greedy return, summed over the four agents (450 each), interquartile mean over five seeds."""

experiment = ecotone.Experiment(
    "MultiAgentCartPole-v0", groups={"agents": ecotone.Group(ecotone.PPO(), shared=False)}, steps=150_000
)

if __name__ == "__main__":
    ecotone.train(experiment)
