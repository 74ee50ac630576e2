"""Asynchronous proximal policy optimisation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic
from ecotone.algorithms.ppo import Batch, descend, first_kl_cost
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.networks.models import ActorCritic
from ecotone.ops.descent import Adam, Optimizer, periodic
from ecotone.ops.fragments import beside
from ecotone.ops.losses import bounded_ratio
from ecotone.ops.returns import vtrace
from ecotone.ops.schedules import Linear, Schedule
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class APPOState(NamedTuple):
    """As of `PPO`, and the network that updates are fenced around, with the number of updates made."""

    network: Tree
    target: Tree
    optimizer: Tree
    steps: Array
    updates: Array
    kl_cost: Tree


@frozen
class APPO:
    """PPO on rows of an older policy: V-trace returns, and a ratio fenced around a target network.

    IMPACT of Luo et al. 2020 (arXiv:1912.00167, section 3), which is RLlib's APPO. The policy that chose (μ), the target
    (π') and the network (π) are three: advantages are V-trace's for π' (arXiv:1802.01561, section 4.2), and the clipped
    ratio is min(μ/π', ρ) · π/μ, that is π/π' wherever μ has not gone far beyond π'. With a target one update old, and rows
    that are not older, this is PPO with V-trace's λ-returns.
    """

    model: Model = ActorCritic()
    """Network of a policy and a value, which can also read the policy alone."""
    optimizer: Optimizer = Adam(Linear(2.5e-3, 0.0))
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.9 to 0.999. More looks further ahead and is noisier."""
    trace: float = 0.95
    """λ of the returns; usually 0.9 to 1. More trusts rewards over values: less bias, more variance."""
    clip_delta: float = 1.0
    """ρ̄, largest weight of a temporal difference; usually 1. It decides whose values are learned: more, the target's."""
    clip_trace: float = 1.0
    """c̄, largest weight of what follows; usually 1. More carries rewards further back, with more variance."""
    clip_anchor: float = 2.0
    """ρ, how far the policy that chose may lie above the target before it takes its place; usually 1 to 2."""
    target_period: int = 1
    """Updates between copies to the target; usually 1 to 16. More fences several updates in, and learns more slowly."""
    normalise: bool = True
    """Shift and scale a minibatch's advantages to mean 0 and deviation 1; off, rewards must have a sensible size."""
    clip: float | Schedule = 0.2
    """How far the probability ratio may gain from 1; usually 0.1 to 0.4. More moves the policy further per update."""
    value_cost: float = 0.5
    """Weight of the value loss; usually 0.25 to 1. It matters where policy and value share an encoder."""
    value_clip: float | None = None
    """How far a value may gain from its old one, in units of returns; none is without. Less holds values back more."""
    value_huber: float | None = None
    """Size of an error of values from which on it counts in proportion, usually 1 to 10; none squares however large ones."""
    entropy_cost: float | Schedule = 0.01
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    kl_stop: float | None = None
    """Divergence from the target, in nats, that ends an update early; usually 0.01 to 0.05; none lets it go on."""
    kl_cost: float | None = None
    """First weight of the divergence from the target in the loss; usually 0.2 to 1; none is without."""
    kl_target: float | None = None
    """Divergence, in nats, that `kl_cost` adapts to; usually 0.003 to 0.03; none leaves the weight as it is."""
    epochs: int = 2
    """Passes over each fragment; usually 1 to 4. More learns more from each row until the ratio clips everywhere."""
    minibatches: int = 4
    """Pieces per pass; usually 1 to 8. More makes more, noisier steps."""
    feed: Rollout = Rollout(64, overlap=True)
    """Rows per lane and update, where the runtime overlaps one update old."""
    extra_loss: Callable[[Tree, Batch], Array] | None = None
    """Function of network and minibatch, added to the loss; none adds nothing."""

    initial_memory, policy = actor_critic.initial_memory, actor_critic.policy
    act, observe = actor_critic.act, actor_critic.observe

    def init(self, key: Key, spec: Spec) -> APPOState:
        """Fresh weights; raises `Mistake` for a model without a policy or a value, and a divergence without a weight."""
        network, zero = actor_critic.fresh_network(self, key, spec), jnp.zeros((), jnp.int32)
        target = jax.tree.map(jnp.copy, network)
        return APPOState(network, target, self.optimizer.init(network), zero, zero, first_kl_cost(self))

    def update(self, state: APPOState, rows: Trajectory, key: Key) -> tuple[APPOState, Report]:
        """Epochs of minibatches over the rows, then perhaps a new target."""
        batch, told = self._batch(state, rows)
        network, optimizer, kl_cost, metrics = descend(self, state, batch, rows.memory, key)
        updates = state.updates + 1
        target = periodic(state.target, network, updates, self.target_period)
        return APPOState(network, target, optimizer, state.steps, updates, kl_cost), Report(metrics | told)

    def _batch(self, state: APPOState, rows: Trajectory) -> tuple[Batch, dict[str, Array]]:
        """Rows with V-trace's advantages and the logarithm of max(π', μ/ρ) in the place of the old log-probability."""
        behaviour, decisions_of = actor_critic.remembered_log_prob(rows), actor_critic.decisions_of
        seen, is_first, action, acted = decisions_of((rows.observation, rows.is_first, rows.action, rows.acted))
        (policy, _), _ = state.target(seen, is_first, rows.memory)
        (_, value), _ = state.network(rows.observation, rows.is_first, rows.memory)
        log_prob = jnp.where(acted, policy.log_prob(action), 0.0)
        ratio = bounded_ratio(log_prob - behaviour)
        target, advantage = vtrace(
            rows, value, self.gamma, ratio, self.trace, self.clip_delta, self.clip_trace, self.clip_delta
        )
        anchor = jnp.maximum(log_prob, behaviour - jnp.log(self.clip_anchor))
        batch = Batch(seen, is_first, action, anchor, advantage, target, acted, value[:-1])
        batch = batch if self.kl_cost is None else batch._replace(policy=policy)
        return beside(batch, rows.memory), {"ratio": jnp.mean(ratio, where=acted)}
