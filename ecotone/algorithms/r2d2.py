"""Recurrent Q-learning from replayed sequences."""

from ecotone.algorithms.dqn import DQN
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.recurrent import LSTM
from ecotone.ops.schedules import Constant, Linear, Schedule
from ecotone.ops.transforms import Rescaling
from ecotone.protocols import Model


@frozen
class R2D2(DQN):
    """Q-learning of a network with a memory, from sequences that begin with the memory stored when they were played.

    Kapturowski et al. ("Recurrent experience replay in distributed reinforcement learning", ICLR 2019, section 2.3), with
    the exploration of Ape-X (arXiv:1803.00933, section 4.1) and rescaled values (arXiv:1805.11593). It is DQN over
    sequences; give it several lanes (`num_envs`), which explore each by its own ε.
    """

    model: Model = QNetwork(Encoder((64,)), dueling=True, core=LSTM(64))
    """Network with a memory and a value per choice."""
    n: int = 5
    """Steps before the bootstrap; usually 5."""
    rescaling: Rescaling | None = "signed_hyperbolic"
    """Learn transformed returns, about their square roots."""
    epsilon: Schedule = Linear(1.0, 0.4, over=20_000)
    """Probability of a random choice in the lane that explores most, over environment steps."""
    lane_exponent: float | None = 7.0
    """Lane i of B explores by ε ** (1 + this · i / (B − 1)); less has more lanes explore."""
    replay: Replay = Replay(
        batch=32, warmup=2_000, ratio=1 / 16, length=4, priority=0.9, importance=Constant(0.6), stride=10
    )
    """What is kept and how often it is learned from: windows half a sequence apart, more often those that surprised."""
    sequence: int = 20
    """Decisions learned from per window; 80 on Atari."""
    burn_in: int = 10
    """Rows that come before them to warm up the memory; 40 on Atari."""
