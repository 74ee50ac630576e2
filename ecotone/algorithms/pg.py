"""The policy gradient of whole returns."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.networks.models import ActorCritic
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.losses import added, squared, standardise
from ecotone.ops.policies import policy_gradient
from ecotone.ops.returns import lambda_returns
from ecotone.ops.schedules import Linear, Schedule, now
from ecotone.protocols import Model
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class PG:
    """REINFORCE: one step up the policy gradient, weighed by the rewards that followed each choice.

    Williams 1992 (doi:10.1007/BF00992696); with `baseline` that of Sutton & Barto 2018, section 13.4. Nothing is known of
    what follows the end of a fragment: decisions whose episode ends within it are learned from, later ones are not, so
    fragments should be as long as episodes. An episode that was truncated counts as if it had ended there. `bootstrap`
    puts a learned value in the place of what is not known, and then all decisions are learned from.
    """

    model: Model = ActorCritic()
    """Network of a policy and a value, which can also read the policy alone."""
    optimizer: Optimizer = Adam(Linear(1e-2, 0.0))
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.9 to 1. More looks further ahead and is noisier."""
    baseline: bool = False
    """Subtract a learned value from the returns: less variance, no bias."""
    bootstrap: bool = False
    """A learned value stands for what follows a fragment's end or a truncation: less variance, more bias."""
    normalise: bool = True
    """Shift and scale a fragment's weights to mean 0 and deviation 1, which is a baseline too."""
    value_cost: float = 0.5
    """Weight of the value loss where `baseline` or `bootstrap` wants a value; usually 0.25 to 1."""
    entropy_cost: float | Schedule = 0.0
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    feed: Rollout = Rollout(512)
    """Fresh rows per lane and update; more than an episode has, unless `bootstrap`."""
    extra_loss: Callable[[Tree, Trajectory], Array] | None = None
    """Function of network and rows, added to the loss; none adds nothing."""

    init, initial_memory, policy = actor_critic.init, actor_critic.initial_memory, actor_critic.policy
    act, observe, update = actor_critic.act, actor_critic.observe, actor_critic.update

    def loss(self, network: Tree, rows: Trajectory, steps: Array) -> tuple[Array, dict[str, Array]]:
        """The loss of a fragment, and its parts."""
        log_prob, entropy, value = actor_critic.read(network, rows)
        fixed, acted = jax.lax.stop_gradient(value), rows.acted[:-1]
        returns = lambda_returns(rows, fixed if self.bootstrap else jnp.zeros_like(fixed), self.gamma, 1.0)
        known = acted if self.bootstrap else acted & ends_within(rows)
        advantage = returns - fixed[:-1] if self.baseline else returns
        if self.normalise:
            advantage = standardise(advantage, known)
        policy_loss = masked_mean(policy_gradient(log_prob, advantage), known)
        bonus = masked_mean(entropy, acted)
        loss = policy_loss - now(self.entropy_cost, steps) * bonus + added(self.extra_loss, network, rows)
        told = {"policy_loss": policy_loss, "entropy": bonus, "known": masked_mean(known.astype(jnp.float32), acted)}
        if self.baseline or self.bootstrap:
            told["value_loss"] = masked_mean(squared(value[:-1] - returns), known)
            loss = loss + self.value_cost * told["value_loss"]
        return loss, told | {"loss": loss}


def ends_within(rows: Trajectory) -> Array:
    """Of rows `[T + 1, B]`: whether the episode of each decision is seen to end among them, `[T, B]` bool."""
    ended = (rows.discount[:-1] == 0) | ~rows.acted[:-1]
    return jax.lax.cummax(ended.astype(jnp.int32), reverse=True) > 0
