"""Every algorithm by its name on the command line."""

from ecotone.algorithms.a2c import A2C
from ecotone.algorithms.a3c import A3C
from ecotone.algorithms.appo import APPO
from ecotone.algorithms.c51 import C51
from ecotone.algorithms.ddpg import DDPG
from ecotone.algorithms.discrete_sac import DiscreteSAC
from ecotone.algorithms.dqn import DQN
from ecotone.algorithms.impala import IMPALA
from ecotone.algorithms.iqn import IQN
from ecotone.algorithms.maddpg import MADDPG
from ecotone.algorithms.mappo import MAPPO
from ecotone.algorithms.matd3 import MATD3
from ecotone.algorithms.pg import PG
from ecotone.algorithms.ppo import PPO
from ecotone.algorithms.pqn import PQN
from ecotone.algorithms.pqn_vdn import PQNVDN
from ecotone.algorithms.qmix import QMIX
from ecotone.algorithms.qrdqn import QRDQN
from ecotone.algorithms.r2d2 import R2D2
from ecotone.algorithms.rainbow import Rainbow
from ecotone.algorithms.sac import SAC
from ecotone.algorithms.td3 import TD3
from ecotone.algorithms.tqc import TQC
from ecotone.algorithms.vdn import VDN

ALGORITHMS: dict[str, type] = {
    "a2c": A2C,
    "a3c": A3C,
    "appo": APPO,
    "c51": C51,
    "ddpg": DDPG,
    "discrete-sac": DiscreteSAC,
    "dqn": DQN,
    "impala": IMPALA,
    "iqn": IQN,
    "maddpg": MADDPG,
    "mappo": MAPPO,
    "matd3": MATD3,
    "pg": PG,
    "ppo": PPO,
    "pqn": PQN,
    "pqn-vdn": PQNVDN,
    "qmix": QMIX,
    "qrdqn": QRDQN,
    "r2d2": R2D2,
    "rainbow": Rainbow,
    "sac": SAC,
    "td3": TD3,
    "tqc": TQC,
    "vdn": VDN,
}
"""The one table of names."""
