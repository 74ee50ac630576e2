"""Every algorithm by its name on the command line."""

from ecotone.algorithms.c51 import C51
from ecotone.algorithms.dqn import DQN
from ecotone.algorithms.iqn import IQN
from ecotone.algorithms.ppo import PPO
from ecotone.algorithms.qrdqn import QRDQN
from ecotone.algorithms.r2d2 import R2D2
from ecotone.algorithms.rainbow import Rainbow
from ecotone.algorithms.sac import SAC

ALGORITHMS: dict[str, type] = {
    "c51": C51,
    "dqn": DQN,
    "iqn": IQN,
    "ppo": PPO,
    "qrdqn": QRDQN,
    "r2d2": R2D2,
    "rainbow": Rainbow,
    "sac": SAC,
}
"""The one table of names."""
