"""Proximal policy optimisation."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.models import ActorCritic
from ecotone.networks.reading import kind_of, output_of, read_policy
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.distributions import entropy, recorded
from ecotone.ops.losses import added, clipped_ratio, squared, standardise
from ecotone.ops.minibatches import permutations
from ecotone.ops.returns import gae
from ecotone.ops.schedules import Linear
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class PPOState(NamedTuple):
    """Network, its optimiser's state, environment steps seen."""

    network: Tree
    optimizer: Tree
    steps: Array


class Batch(NamedTuple):
    """Rows with what the loss compares them to; `weight` is false where nobody decided.

    Lanes come first where a network with memory reads rows in sequence, `[B, T, ...]`; else all rows stand beside each
    other, `[T · B, ...]`. Minibatches are taken along axis 0.
    """

    observation: Tree
    is_first: Array
    action: Array
    log_prob: Array
    advantage: Array
    target: Array
    weight: Array


@frozen
class PPO:
    """Proximal policy optimisation: many small steps on fresh rows, fenced by a clipped probability ratio.

    Schulman et al. 2017 (arXiv:1707.06347, eq. 7 and 9), with generalised advantages (arXiv:1506.02438, eq. 16).
    """

    model: Model = ActorCritic()
    """Network of a policy and a value, which can also read the policy alone."""
    optimizer: Optimizer = Adam(Linear(2.5e-3, 0.0))
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.9 to 0.999. More looks further ahead and is noisier."""
    trace: float = 0.95
    """λ of the advantages; usually 0.8 to 1. More trusts rewards over values: less bias, more variance."""
    clip: float = 0.2
    """How far the probability ratio may gain from 1; usually 0.1 to 0.3. More moves the policy further per update."""
    value_cost: float = 0.5
    """Weight of the value loss; usually 0.25 to 1. It matters where policy and value share an encoder."""
    entropy_cost: float = 0.01
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    epochs: int = 4
    """Passes over each fragment; usually 3 to 20. More learns more from each row until the ratio clips everywhere."""
    minibatches: int = 4
    """Pieces per pass; usually 4 to 32. More makes more, noisier steps."""
    feed: Rollout = Rollout(128)
    """Fresh rows per lane and update."""
    extra_loss: Callable[[Tree, Batch], Array] | None = None
    """Function of network and minibatch, added to the loss; none adds nothing."""

    def init(self, key: Key, spec: Spec) -> PPOState:
        """Fresh weights; raises `Mistake` for a model without a policy or without a value."""
        network = self.model.init(key, spec)
        told = output_of(self.model, network, spec)
        if not (hasattr(told, "policy") and hasattr(told, "value") and hasattr(network, "policy")):
            raise Mistake(f"PPO needs a policy and a value of its model, not {kind_of(told)}: use ActorCritic.")
        return PPOState(network, self.optimizer.init(network), jnp.zeros((), jnp.int32))

    def initial_memory(self, lanes: int) -> Tree:
        """The model's memory before the first row."""
        return self.model.initial_memory(lanes)

    def policy(self, state: PPOState) -> Tree:
        """The network."""
        return state.network

    def act(self, params: Tree, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """Sample from the policy, or take its mode; the extras are the policy, as rows are to remember it."""
        policy, memory = read_policy(params, observation, is_first, memory)
        action = policy.sample(key) if explore else policy.mode()
        return action, {"policy": recorded(policy, action)}, memory

    def observe(self, state: PPOState, rows: Trajectory) -> PPOState:
        """Count steps."""
        return state._replace(steps=state.steps + rows.acted[:-1].sum(dtype=jnp.int32))

    def update(self, state: PPOState, rows: Trajectory, key: Key) -> tuple[PPOState, Report]:
        """Epochs of minibatches over the rows."""
        batch = self._batch(state.network, rows)
        count = batch.weight.shape[0]
        if count < self.minibatches:
            what = "lanes" if jax.tree.leaves(rows.memory) else "rows"
            raise Mistake(f"{count} {what} cannot be cut into {self.minibatches} minibatches: take fewer, or more num_envs.")
        size = count // self.minibatches
        order = permutations(key, self.epochs, count)
        order = order[:, : size * self.minibatches].reshape(self.epochs * self.minibatches, size)

        def descend(carry: tuple[Tree, Tree], index: Array) -> tuple[tuple[Tree, Tree], dict[str, Array]]:
            network, optimizer = carry
            minibatch, memory = jax.tree.map(lambda x: x[index], (batch, rows.memory))
            gradient, metrics = jax.grad(self._loss, has_aux=True)(network, minibatch, memory)
            return self.optimizer.descend(network, optimizer, gradient, state.steps), metrics

        (network, optimizer), metrics = jax.lax.scan(descend, (state.network, state.optimizer), order)
        metrics = jax.tree.map(jnp.mean, metrics) | {"learning_rate": self.optimizer.learning_rate(state.steps)}
        return PPOState(network, optimizer, state.steps), Report(metrics)

    def _batch(self, network: Tree, rows: Trajectory) -> Batch:
        (_, value), _ = network(rows.observation, rows.is_first, rows.memory)
        advantage = gae(rows, value, self.gamma, self.trace)
        head = lambda tree: jax.tree.map(lambda x: x[:-1], tree)
        behaviour = head(rows.extras["policy"])
        seen, is_first, action, acted = head((rows.observation, rows.is_first, rows.action, rows.acted))
        log_prob = behaviour.log_prob(action)
        batch = Batch(seen, is_first, action, log_prob, advantage, advantage + value[:-1], acted)
        if jax.tree.leaves(rows.memory):
            return jax.tree.map(lambda x: x.swapaxes(0, 1), batch)
        return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), batch)

    def _loss(self, network: Tree, batch: Batch, memory: Tree) -> tuple[Array, dict[str, Array]]:
        if jax.tree.leaves(memory):
            batch = jax.tree.map(lambda x: x.swapaxes(0, 1), batch)
        (policy, value), _ = network(batch.observation, batch.is_first, memory)
        log_ratio = policy.log_prob(batch.action) - batch.log_prob
        mean = lambda values: masked_mean(values, batch.weight)
        advantage = standardise(batch.advantage, batch.weight)
        policy_loss = mean(clipped_ratio(log_ratio, advantage, self.clip))
        value_loss = mean(squared(value - batch.target))
        bonus = mean(entropy(policy, batch.action))
        loss = policy_loss + self.value_cost * value_loss - self.entropy_cost * bonus
        loss = loss + added(self.extra_loss, network, batch)
        ratio = jnp.exp(log_ratio)
        return loss, {
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": bonus,
            "kl": mean(ratio - 1.0 - log_ratio),
            "clip_fraction": mean((jnp.abs(ratio - 1.0) > self.clip).astype(jnp.float32)),
        }
