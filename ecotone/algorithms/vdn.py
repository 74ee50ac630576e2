"""Q-learning of a team whose value is the sum of its agents'."""

from ecotone.algorithms.qmix import QMIX
from ecotone.frozen import frozen
from ecotone.networks.mixers import Additive
from ecotone.networks.teams import TeamQNetwork
from ecotone.protocols import Model


@frozen
class VDN(QMIX):
    """Q-learning of a team's value as the sum of its agents' values.

    Sunehag et al. 2017 (arXiv:1706.05296, eq. 1). It is QMIX whose mixer adds, which needs no global state.
    """

    model: Model = TeamQNetwork(mixer=Additive())
    """Network with a value per choice of each agent, which are added."""
