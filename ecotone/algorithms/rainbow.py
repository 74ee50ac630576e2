"""Rainbow: what improves deep Q-learning, together."""

from ecotone.algorithms.dqn import DQN
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.models import QNetwork
from ecotone.networks.values import Categories
from ecotone.ops.schedules import Constant, Linear, Schedule
from ecotone.protocols import Model


@frozen
class Rainbow(DQN):
    """Double, dueling, noisy, distributional, prioritised Q-learning of several steps.

    Hessel et al. 2018 (arXiv:1710.02298, section 3). It is DQN with all of its improvements at once; it explores by
    the noise in its weights alone.
    """

    model: Model = QNetwork(head=Categories(51, -100.0, 100.0), dueling=True, noisy=0.5)
    """Network with a distribution over atoms per choice, in two streams of noisy weights."""
    epsilon: Schedule = Constant(0.0)
    """Probability of a random choice beside the noise; usually 0."""
    replay: Replay = Replay(batch=64, priority=0.5, importance=Linear(0.4, 1.0))
    """What is kept and how often it is learned from: more often what surprised, by its divergence."""
