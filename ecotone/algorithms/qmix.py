"""Q-learning of a team whose value rises with each agent's."""

from ecotone.algorithms.dqn import DQN
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.teams import TeamQNetwork
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.schedules import Constant, Linear, Schedule
from ecotone.protocols import Model


@frozen
class QMIX(DQN):
    """Q-learning of a team's value, mixed of its agents' values such that what each thinks best is best for the team.

    Rashid et al. 2018 (arXiv:1803.11485, eq. 4 to 6). It is DQN whose network tells `TeamValues`, for groups with `joint`
    set: training sees the global state and the team's reward, acting each agent's own observation alone.
    """

    model: Model = TeamQNetwork()
    """Network with a value per choice of each agent, and a mixer of them."""
    optimizer: Optimizer = Adam(Constant(5e-4), clip_norm=10.0)
    """Step size and gradient clipping."""
    n: int = 1
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy."""
    squared: bool = True
    """Square errors however large, so that values are means; Huber's loss leans to medians, which do not add up."""
    epsilon: Schedule = Linear(1.0, 0.05, over=50_000)
    """Probability of a random choice of each agent, over environment steps."""
    replay: Replay = Replay(capacity=100_000, batch=128, warmup=1_000, ratio=0.25, length=8)
    """What is kept and how often it is learned from."""
