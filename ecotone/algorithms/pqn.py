"""Parallelised Q-network."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic
from ecotone.algorithms.value_losses import greedy_value, value_of
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.reading import kind_of, output_of, read_choices
from ecotone.networks.teams import TeamValues
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.distributions import EpsilonGreedy
from ecotone.ops.fragments import beside, in_sequence, pieces
from ecotone.ops.losses import added, squared
from ecotone.ops.schedules import Linear, Schedule
from ecotone.ops.value_sequences import td_lambda
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.teams import mask_of
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class PQNState(NamedTuple):
    """Network, its optimiser's state, environment steps seen."""

    network: Tree
    optimizer: Tree
    steps: Array


class PQNPolicy(NamedTuple):
    """Network and the probability of a random choice."""

    network: Tree
    epsilon: Array


class ValueBatch(NamedTuple):
    """Rows with the return that each decision's value is to be; `weight` is false where nobody decided. As PPO's `Batch`."""

    observation: Tree
    is_first: Array
    action: Array
    target: Array
    weight: Array


@frozen
class PQN:
    """Q-learning on fresh rows of many lanes, without a replay or a target: layer normalisation keeps it steady.

    Gallici et al. 2024 (arXiv:2407.04811, algorithm 1), with Peng's Q(λ) returns (section 4).
    """

    model: Model = QNetwork(Encoder(activation="relu", layer_norm=True))
    """Network with a value per choice; without layer normalisation values may diverge."""
    optimizer: Optimizer = Adam(Linear(1e-3, 0.0), clip_norm=10.0)
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    trace: float = 0.65
    """λ of the returns; usually 0.5 to 0.95. More spreads rewards faster, but random choices count against values."""
    epsilon: Schedule = Linear(1.0, 0.05, over=50_000)
    """Probability of a random choice, over environment steps."""
    exploration: Callable[[Array, Array], Any] | None = None
    """Distribution of the choice from values `[..., K]` and epsilon; none is ε-greedy. It has `sample`, `mode`, `masked`."""
    epochs: int = 4
    """Passes over each fragment; usually 2 to 4. More learns more from each row until values chase themselves."""
    minibatches: int = 4
    """Pieces per pass; usually 4 to 32. More makes more, noisier steps."""
    feed: Rollout = Rollout(32)
    """Fresh rows per lane and update."""
    extra_loss: Callable[[Tree, ValueBatch], Array] | None = None
    """Function of network and minibatch, added to the loss; none adds nothing."""

    initial_memory, observe = actor_critic.initial_memory, actor_critic.observe

    @property
    def joint(self) -> bool:
        """Whether it learns for teams that are one lane, as its model says."""
        return getattr(self.model, "joint", False)

    def init(self, key: Key, spec: Spec) -> PQNState:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice, and `Mistake` for other models."""
        network = self.model.init(key, spec)
        told = output_of(self.model, network, spec)
        if not isinstance(told, jax.ShapeDtypeStruct | TeamValues):
            raise Mistake(f"PQN learns one value per choice, not {kind_of(told)}: use QNetwork with `Expected()`.")
        if getattr(self.model, "noisy", None) is not None:
            raise Mistake("PQN explores by epsilon, not by noise in weights: leave the model's `noisy` out.")
        return PQNState(network, self.optimizer.init(network), jnp.zeros((), jnp.int32))

    def policy(self, state: PQNState) -> PQNPolicy:
        """The network, and epsilon at this step."""
        return PQNPolicy(state.network, self.epsilon(state.steps))

    def act(self, params: PQNPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """The choice of highest value, or with probability epsilon any."""
        values, memory = read_choices(params.network, observation, is_first, memory)
        choice = (self.exploration or EpsilonGreedy)(values, params.epsilon)
        legal = mask_of(observation)
        if legal is not None:
            choice = choice.masked(legal != 0)
        return choice.sample(key) if explore else choice.mode(), (), memory

    def update(self, state: PQNState, rows: Trajectory, key: Key) -> tuple[PQNState, Report]:
        """Epochs of minibatches towards returns of the values before them."""
        batch = self._batch(state.network, rows)
        what = "lanes" if jax.tree.leaves(rows.memory) else "rows"

        def descend(carry: tuple[Tree, Tree], index: Array) -> tuple[tuple[Tree, Tree], dict[str, Array]]:
            network, optimizer = carry
            minibatch, memory = jax.tree.map(lambda x: x[index], (batch, rows.memory))
            gradient, metrics = jax.grad(self._loss, has_aux=True)(network, minibatch, memory)
            return self.optimizer.descend(network, optimizer, gradient, state.steps), metrics

        order = pieces(key, len(batch.weight), self.epochs, self.minibatches, what)
        (network, optimizer), metrics = jax.lax.scan(descend, (state.network, state.optimizer), order)
        metrics = jax.tree.map(jnp.mean, metrics) | {"epsilon": self.epsilon(state.steps)}
        metrics["learning_rate"] = self.optimizer.learning_rate(state.steps)
        return PQNState(network, optimizer, state.steps), Report(metrics)

    def _batch(self, network: Tree, rows: Trajectory) -> ValueBatch:
        told, _ = network(rows.observation, rows.is_first, rows.memory)
        value, greedy = value_of(told, rows.action)[:-1], greedy_value(told)[1:]
        decided = rows.observation, rows.is_first, rows.action, rows.reward, rows.discount, rows.acted
        seen, is_first, action, reward, discount, acted = actor_critic.decisions_of(decided)
        returns = td_lambda(value, reward, self.gamma * discount, greedy, self.trace, acted).target
        return beside(ValueBatch(seen, is_first, action, returns, acted), rows.memory)

    def _loss(self, network: Tree, batch: ValueBatch, memory: Tree) -> tuple[Array, dict[str, Array]]:
        batch = in_sequence(batch, memory)
        value = value_of(network(batch.observation, batch.is_first, memory)[0], batch.action)
        loss = masked_mean(squared(value - batch.target), batch.weight)
        told = {"loss": loss, "value": masked_mean(value, batch.weight)}
        return loss + added(self.extra_loss, network, batch), told
