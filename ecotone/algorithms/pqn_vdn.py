"""Q-learning on fresh rows of a team whose value is the sum of its agents'."""

from ecotone.algorithms.pqn import PQN
from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Additive
from ecotone.networks.models import QNetwork
from ecotone.networks.teams import Agents, TeamQNetwork
from ecotone.protocols import Model


@frozen
class PQNVDN(PQN):
    """PQN of a team: λ-returns of the sum of its agents' values, without a replay or a target.

    Gallici et al. 2024 (arXiv:2407.04811, section 5) with the sum of arXiv:1706.05296. For groups with `joint` set.
    """

    model: Model = TeamQNetwork(Agents(QNetwork(Encoder(activation="relu", layer_norm=True))), Additive())
    """Network with a value per choice of each agent, which are added; without layer normalisation values may diverge."""
