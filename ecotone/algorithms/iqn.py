"""Distributional Q-learning by implicit quantiles."""

from ecotone.algorithms.dqn import DQN
from ecotone.frozen import frozen
from ecotone.networks.models import QNetwork
from ecotone.networks.values import ImplicitQuantiles
from ecotone.protocols import Model


@frozen
class IQN(DQN):
    """Q-learning of whole return distributions, as a network from a level to its quantile.

    Dabney et al. 2018 (arXiv:1806.06923, eq. 3 and 4). It is DQN whose network tells `QuantileValues` at any level: learners
    draw levels anew for each decision and for what follows it, actors take the mean at even ones.
    """

    model: Model = QNetwork(head=ImplicitQuantiles(16, 32, 16))
    """Network from levels to quantiles per choice; on Atari usually 32 levels to act and 64 to learn, of 64 cosines."""
