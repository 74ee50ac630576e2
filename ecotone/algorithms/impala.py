"""Importance-weighted actor-learner architecture."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic
from ecotone.algorithms.actor_critic import ActorCriticState
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.networks.models import ActorCritic
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.fragments import pieces
from ecotone.ops.losses import added, bounded_ratio, squared, standardise
from ecotone.ops.policies import policy_gradient
from ecotone.ops.returns import vtrace
from ecotone.ops.schedules import Linear, Schedule, now
from ecotone.protocols import Model, Report
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class IMPALA:
    """Actor-critic on rows of an older policy: truncated importance weights correct returns and advantages (V-trace).

    Espeholt et al. 2018 (arXiv:1802.01561, eq. 1 and section 4.2). In one process the learner overlaps collection, so that
    rows are one update old; where the runtime does not overlap, all weights of a first pass are 1.
    """

    model: Model = ActorCritic()
    """Network of a policy and a value, which can also read the policy alone."""
    optimizer: Optimizer = Adam(Linear(3e-3, 0.0))
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.9 to 0.999. More looks further ahead and is noisier."""
    trace: float = 1.0
    """λ of the returns; usually 0.9 to 1. More trusts rewards over values: less bias, more variance."""
    clip_delta: float = 1.0
    """ρ̄, largest weight of a temporal difference; usually 1. It decides whose values are learned: more, the new policy's."""
    clip_trace: float = 1.0
    """c̄, largest weight of what follows; usually 1. More carries rewards further back, with more variance."""
    clip_advantage: float = 1.0
    """Largest weight of a step of the policy gradient; usually 1. More is less biased, with more variance."""
    normalise: bool = False
    """Shift and scale a minibatch's advantages to mean 0 and deviation 1; helps where rewards have any size."""
    value_cost: float = 0.5
    """Weight of the value loss; usually 0.25 to 1. It matters where policy and value share an encoder."""
    entropy_cost: float | Schedule = 0.01
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    epochs: int = 1
    """Passes over each fragment; usually 1 to 4. Each weighs anew by the policy it has reached, so that more stays sound."""
    minibatches: int = 1
    """Pieces per pass, of whole lanes; usually 1 to 4. More makes more, noisier steps."""
    feed: Rollout = Rollout(20, overlap=True)
    """Rows per lane and update, where the runtime overlaps one update old."""
    extra_loss: Callable[[Tree, Trajectory], Array] | None = None
    """Function of network and the rows of a minibatch, added to the loss; none adds nothing."""

    init, initial_memory, policy = actor_critic.init, actor_critic.initial_memory, actor_critic.policy
    act, observe = actor_critic.act, actor_critic.observe

    def update(self, state: ActorCriticState, rows: Trajectory, key: Key) -> tuple[ActorCriticState, Report]:
        """A step for each piece of each pass."""
        behaviour, memory = actor_critic.remembered_log_prob(rows), rows.memory
        rows = rows._replace(extras=(), memory=())

        def descend(carry: tuple[Tree, Tree], lanes: Array) -> tuple[tuple[Tree, Tree], dict[str, Array]]:
            network, optimizer = carry
            piece, log_prob = jax.tree.map(lambda x: x[:, lanes], (rows, behaviour))
            piece = piece._replace(memory=jax.tree.map(lambda x: x[lanes], memory))
            gradient, metrics = jax.grad(self._loss, has_aux=True)(network, piece, log_prob, state.steps)
            return self.optimizer.descend(network, optimizer, gradient, state.steps), metrics

        order = pieces(key, rows.acted.shape[1], self.epochs, self.minibatches, "lanes")
        (network, optimizer), metrics = jax.lax.scan(descend, (state.network, state.optimizer), order)
        metrics = jax.tree.map(jnp.mean, metrics) | {"learning_rate": self.optimizer.learning_rate(state.steps)}
        return ActorCriticState(network, optimizer, state.steps), Report(metrics)

    def _loss(self, network: Tree, rows: Trajectory, behaviour: Array, steps: Array) -> tuple[Array, dict[str, Array]]:
        log_prob, entropy, value = actor_critic.read(network, rows)
        acted = rows.acted[:-1]
        mean = lambda values: masked_mean(values, acted)
        ratio = bounded_ratio(jnp.where(acted, jax.lax.stop_gradient(log_prob) - behaviour, 0.0))
        clips = self.trace, self.clip_delta, self.clip_trace, self.clip_advantage
        target, advantage = vtrace(rows, jax.lax.stop_gradient(value), self.gamma, ratio, *clips)
        if self.normalise:
            advantage = standardise(advantage, acted)
        policy_loss = mean(policy_gradient(log_prob, advantage))
        value_loss, bonus = mean(squared(value[:-1] - target)), mean(entropy)
        loss = policy_loss + self.value_cost * value_loss - now(self.entropy_cost, steps) * bonus
        loss = loss + added(self.extra_loss, network, rows)
        told = {"policy_loss": policy_loss, "value_loss": value_loss, "entropy": bonus, "ratio": mean(ratio)}
        return loss, told | {"clip_fraction": mean((ratio > self.clip_delta).astype(jnp.float32))}
