"""Advantage actor-critic."""

from collections.abc import Callable
from typing import Any

import jax

from ecotone.algorithms import actor_critic
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.networks.models import ActorCritic
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Optimizer, RMSProp
from ecotone.ops.losses import added, squared, standardise
from ecotone.ops.policies import policy_gradient
from ecotone.ops.returns import gae
from ecotone.ops.schedules import Linear, Schedule, now
from ecotone.protocols import Model
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class A2C:
    """Advantage actor-critic: one step up the policy gradient, and one towards the returns, from each short fragment.

    Mnih et al. 2016 (arXiv:1602.01783, algorithm S3) with all lanes in step; advantages of any λ (arXiv:1506.02438).
    """

    model: Model = ActorCritic()
    """Network of a policy and a value, which can also read the policy alone."""
    optimizer: Optimizer = RMSProp(Linear(7e-4, 0.0))
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.9 to 0.999. More looks further ahead and is noisier."""
    trace: float = 1.0
    """λ of the advantages; usually 0.9 to 1, which is n-step. More trusts rewards over values: less bias, more variance."""
    normalise: bool = False
    """Shift and scale a fragment's advantages to mean 0 and deviation 1; in short fragments that drowns them in noise."""
    value_cost: float = 0.5
    """Weight of the value loss; usually 0.25 to 1. It matters where policy and value share an encoder."""
    entropy_cost: float | Schedule = 0.0
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    feed: Rollout = Rollout(5)
    """Fresh rows per lane and update."""
    extra_loss: Callable[[Tree, Trajectory], Array] | None = None
    """Function of network and rows, added to the loss; none adds nothing."""

    init, initial_memory, policy = actor_critic.init, actor_critic.initial_memory, actor_critic.policy
    act, observe, update = actor_critic.act, actor_critic.observe, actor_critic.update

    def loss(self, network: Tree, rows: Trajectory, steps: Array) -> tuple[Array, dict[str, Array]]:
        """The loss of a fragment, and its parts."""
        log_prob, entropy, value = actor_critic.read(network, rows)
        acted = rows.acted[:-1]
        fixed = jax.lax.stop_gradient(value)
        advantage = gae(rows, fixed, self.gamma, self.trace)
        error = value[:-1] - (fixed[:-1] + advantage)
        if self.normalise:
            advantage = standardise(advantage, acted)
        policy_loss = masked_mean(policy_gradient(log_prob, advantage), acted)
        value_loss, bonus = masked_mean(squared(error), acted), masked_mean(entropy, acted)
        loss = policy_loss + self.value_cost * value_loss - now(self.entropy_cost, steps) * bonus
        loss = loss + added(self.extra_loss, network, rows)
        return loss, {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": bonus}
