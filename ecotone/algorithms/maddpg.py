"""Deep deterministic policy gradients of many agents, with critics that see the whole."""

from ecotone.algorithms.matd3 import MATD3
from ecotone.frozen import frozen
from ecotone.networks.team_critics import TeamCritics


@frozen
class MADDPG(MATD3):
    """Actors that see what is theirs, and for each of them a critic that sees what all agents see and do.

    Lowe et al. 2017 (arXiv:1706.02275, eq. 5 and 6). It is MATD3 with one critic for each agent, no delay and no smoothing.
    """

    critics: TeamCritics = TeamCritics()
    """Values of what all see and do, to each agent."""
    delay: int = 1
    """Updates of the critics for one of actors and targets."""
    smoothing: float = 0.0
    """Noise around target actions; none."""
