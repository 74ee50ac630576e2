"""Every algorithm by its name on the command line."""

from ecotone.algorithms.a2c import A2C
from ecotone.algorithms.a3c import A3C
from ecotone.algorithms.appo import APPO
from ecotone.algorithms.dqn import DQN
from ecotone.algorithms.impala import IMPALA
from ecotone.algorithms.pg import PG
from ecotone.algorithms.ppo import PPO
from ecotone.algorithms.pqn import PQN
from ecotone.algorithms.sac import SAC

ALGORITHMS: dict[str, type] = {
    "a2c": A2C,
    "a3c": A3C,
    "appo": APPO,
    "dqn": DQN,
    "impala": IMPALA,
    "pg": PG,
    "ppo": PPO,
    "pqn": PQN,
    "sac": SAC,
}
"""The one table of names."""
