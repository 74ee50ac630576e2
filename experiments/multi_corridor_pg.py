"""PG on the multi-corridor, a simulation on the host whose five agents take turns and share one policy."""

import ecotone
from ecotone.sim import TurnBasedManager
from ecotone.sim.games import MultiCorridor

reach = 460
"""Greedy return, summed over the five agents, interquartile mean over five seeds; 480 is the most there is on average."""


def corridor(end=10, num_agents=5):
    """The simulation, managed."""
    return TurnBasedManager(MultiCorridor(end, num_agents), horizon=200)


experiment = ecotone.Experiment(corridor, ecotone.PG(), title="multi-corridor", steps=60_000)

if __name__ == "__main__":
    ecotone.train(experiment)
