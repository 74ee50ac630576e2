"""Deep deterministic policy gradients."""

from ecotone.algorithms.td3 import TD3
from ecotone.frozen import frozen
from ecotone.networks.critics import CriticRecipe, Critics
from ecotone.ops.action_noise import ActionNoise, OrnsteinUhlenbeck
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.schedules import Constant


@frozen
class DDPG(TD3):
    """Q-learning for continuous actions: an actor climbs the one critic, and noise that drifts explores around it.

    Lillicrap et al. (arXiv:1509.02971, algorithm 1): `TD3` with one critic, an actor that moves with it, and no smoothing.
    """

    critics: CriticRecipe = Critics(count=1)
    """Values of observation and action; the paper has one."""
    optimizer: Optimizer = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
    """Step size of the critic."""
    actor_optimizer: Optimizer = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
    """Step size of the actor; in the paper 1e-4."""
    delay: int = 1
    """Updates of the critic for one of actor and targets; usually 1. More lets values settle, and learns later."""
    smoothing: float = 0.0
    """Deviation of the noise around target actions; usually 0. More blurs narrow peaks of the value."""
    noise: ActionNoise | None = OrnsteinUhlenbeck()
    """Around actions that explore: `OrnsteinUhlenbeck`, `Gaussian`, or none."""
