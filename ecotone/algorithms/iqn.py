"""Distributional Q-learning by implicit quantiles."""

from ecotone.algorithms.dqn import DQN
from ecotone.feed import Replay
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

    model: Model = QNetwork(head=ImplicitQuantiles(8, 32, 8))
    """Network from levels to quantiles per choice; on Atari usually 32 levels to act and 64 to learn, of 64 cosines."""
    replay: Replay = Replay(capacity=100_000, batch=64, warmup=1_000, ratio=0.25)
    """What is kept and how often it is learned from; a distribution says more per window than a value, so that fewer do."""
