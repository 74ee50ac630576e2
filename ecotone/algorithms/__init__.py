"""Every algorithm by its name on the command line."""

from ecotone.algorithms.ddpg import DDPG
from ecotone.algorithms.discrete_sac import DiscreteSAC
from ecotone.algorithms.dqn import DQN
from ecotone.algorithms.ppo import PPO
from ecotone.algorithms.sac import SAC
from ecotone.algorithms.td3 import TD3
from ecotone.algorithms.tqc import TQC

ALGORITHMS: dict[str, type] = {
    "ddpg": DDPG,
    "discrete-sac": DiscreteSAC,
    "dqn": DQN,
    "ppo": PPO,
    "sac": SAC,
    "td3": TD3,
    "tqc": TQC,
}
"""The one table of names."""
