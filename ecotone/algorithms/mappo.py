"""Proximal policy optimisation of many agents, with a critic that sees the whole."""

from typing import ClassVar

from ecotone.algorithms.ppo import PPO
from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.parts import Without
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model


@frozen
class MAPPO(PPO):
    """PPO whose critic reads the global state beside what the agent sees, and whose actor does not.

    Yu et al. 2021 (arXiv:2103.01955, algorithm 1, with the settings of section 5). For groups with `central` set.
    """

    central: ClassVar[bool] = True
    model: Model = ActorCritic(Without(), value_encoder=Encoder())
    """Network of a policy, and of a value that sees the global state too."""
    optimizer: Optimizer = Adam(Constant(7e-4), clip_norm=10.0)
    """Step size and gradient clipping."""
    value_clip: float | None = 0.2
    """How far a value may gain from its old one, in deviations of returns. Less holds values back more."""
    value_huber: float | None = 10.0
    """Size of an error of values, in deviations of returns, from which on it counts in proportion."""
    value_normalise: bool = True
    """Learn values of returns shifted and scaled to mean 0 and deviation 1."""
    epochs: int = 10
    """Passes over each fragment; usually 5 to 15, fewer where tasks are hard."""
    minibatches: int = 1
    """Pieces per pass; usually 1 or 2: more hurts where others learn too."""
