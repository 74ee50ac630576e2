"""Distributional Q-learning by quantile regression."""

from ecotone.algorithms.dqn import DQN
from ecotone.frozen import frozen
from ecotone.networks.models import QNetwork
from ecotone.networks.values import Quantiles
from ecotone.protocols import Model


@frozen
class QRDQN(DQN):
    """Q-learning of whole return distributions, as quantiles at fixed levels.

    Dabney et al. 2018 (arXiv:1710.10044, algorithm 1). It is DQN whose network tells `QuantileValues`; unlike atoms,
    quantiles find the range of the returns themselves.
    """

    model: Model = QNetwork(head=Quantiles(50))
    """Network with quantiles per choice; usually 50 for small networks, 200 for Atari."""
