"""Distributional Q-learning by quantile regression."""

from ecotone.algorithms.dqn import DQN
from ecotone.feed import Replay
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

    model: Model = QNetwork(head=Quantiles(32))
    """Network with quantiles per choice; usually 32 for small networks, 200 for Atari."""
    replay: Replay = Replay(capacity=100_000, batch=64, warmup=1_000, ratio=0.25)
    """What is kept and how often it is learned from; a distribution says more per window than a value, so that fewer do."""
