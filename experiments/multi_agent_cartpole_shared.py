"""PPO on four poles at once, one policy for all agents, with the default settings."""

import ecotone

reach = 1800
"""Greedy return, summed over the four agents (450 each), interquartile mean over five seeds."""

experiment = ecotone.Experiment("MultiAgentCartPole-v0", ecotone.PPO(), steps=100_000)

if __name__ == "__main__":
    ecotone.train(experiment)
