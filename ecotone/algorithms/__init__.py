"""Every algorithm by its name on the command line."""

from ecotone.algorithms.dqn import DQN
from ecotone.algorithms.ppo import PPO
from ecotone.algorithms.sac import SAC

ALGORITHMS: dict[str, type] = {"dqn": DQN, "ppo": PPO, "sac": SAC}
"""The one table of names."""
