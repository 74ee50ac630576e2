"""Distributional Q-learning over fixed atoms."""

from ecotone.algorithms.dqn import DQN
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.models import QNetwork
from ecotone.networks.values import Categories
from ecotone.protocols import Model


@frozen
class C51(DQN):
    """Q-learning of whole return distributions, as probabilities of fixed atoms.

    Bellemare et al. 2017 (arXiv:1707.06887, algorithm 1). It is DQN whose network tells `CategoricalValues`; the atoms must
    span the returns, here -100 to 100, which is what a reward of 1 per step comes to with a discount of 0.99.
    """

    model: Model = QNetwork(head=Categories(51, -100.0, 100.0))
    """Network with a distribution over atoms per choice; with rewards clipped to ±1 usually from -10 to 10."""
    replay: Replay = Replay(capacity=100_000, batch=64, warmup=1_000, ratio=0.25)
    """What is kept and how often it is learned from; a distribution says more per window than a value, so that fewer do."""
