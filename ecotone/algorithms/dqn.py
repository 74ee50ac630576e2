"""Deep Q-learning."""

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.models import QNetwork
from ecotone.networks.noisy import renew_noise, without_noise
from ecotone.networks.reading import forgets, kind_of, output_of, read_row, remembered
from ecotone.ops import noise
from ecotone.ops.arrays import masked_mean, pick
from ecotone.ops.descent import Adam, Optimizer, periodic
from ecotone.ops.distributions import EpsilonGreedy
from ecotone.ops.losses import added, huber
from ecotone.ops.minibatches import decisions, transition
from ecotone.ops.schedules import Linear, Schedule
from ecotone.protocols import Model, Report
from ecotone.spec import Spec, split_mask
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class DQNState(NamedTuple):
    """Network, its lagging copy, the optimiser's state, environment steps seen, updates made."""

    network: Tree
    target: Tree
    optimizer: Tree
    steps: Array
    updates: Array


class DQNPolicy(NamedTuple):
    """Network and the probability of a random choice."""

    network: Tree
    epsilon: Array


@frozen
class DQN:
    """Q-learning with a replayed past and a target that lags.

    Mnih et al. 2015 (doi:10.1038/nature14236, algorithm 1); double Q-learning of van Hasselt et al. (arXiv:1509.06461,
    eq. 4); n-step returns as in Rainbow (arXiv:1710.02298, section 3). A model with a memory learns from sequences
    that begin with the memory stored when they were played, as in "Recurrent experience replay in distributed
    reinforcement learning" (Kapturowski et al., ICLR 2019, section 3); every row kept then keeps its memory too.
    """

    model: Model = QNetwork()
    """Network with a value per choice."""
    optimizer: Optimizer = Adam(Linear(2e-3, 0.0), clip_norm=10.0)
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    n: int = 3
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy."""
    double: bool = True
    """Choose the next action with the network and value it with the target; off overestimates."""
    epsilon: Schedule = Linear(1.0, 0.05, over=10_000)
    """Probability of a random choice, over environment steps."""
    exploration: Callable[[Array, Array], Any] | None = None
    """Distribution of the choice from values `[..., K]` and epsilon; none is ε-greedy. It has `sample`, `mode`, `masked`."""
    target_period: int = 200
    """Updates between copies to the target; usually 1e2 to 1e4. Fewer is faster and less stable."""
    replay: Replay = Replay(capacity=100_000, batch=128, warmup=1_000, ratio=0.25)
    """What is kept and how often it is learned from; a `length` of 16 is twice as fast, but some seeds fail on CartPole."""
    sequence: int = 1
    """Decisions learned from per window; with a memory usually 20 to 80. More sees further back, and costs as much more."""
    burn_in: int = 0
    """Rows that come before them to warm up the memory, without gradient; usually 0 to 40. More lets stored ones age."""

    extra_loss: Callable[[Tree, Trajectory], Array] | None = None
    """Function of network and windows of rows, added to the loss; none adds nothing."""

    @property
    def feed(self) -> Replay:
        """Windows of `burn_in` + `sequence` + n rows."""
        return replace(self.replay, window=self.burn_in + self.sequence + self.n)

    def init(self, key: Key, spec: Spec) -> DQNState:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice, and `Mistake` unless windows fit."""
        remembers = not forgets(self.model.initial_memory(1))
        if remembers and self.sequence < 2:
            raise Mistake("a model with a memory learns from sequences: set DQN's `sequence`, usually 20 to 80.")
        if self.burn_in and not remembers:
            raise Mistake("`burn_in` warms up a memory, but the model has none: give it a core, or set `burn_in` to 0.")
        network = self.model.init(key, spec)
        told = output_of(self.model, network, spec)
        if not isinstance(told, jax.ShapeDtypeStruct):
            raise Mistake(f"DQN learns one value per choice, not {kind_of(told)}: use QNetwork with `Expected()`.")
        zero = jnp.zeros((), jnp.int32)
        return DQNState(network, jax.tree.map(jnp.copy, network), self.optimizer.init(network), zero, zero)

    @property
    def _noisy(self) -> bool:
        """Whether the model explores by noise in its weights (arXiv:1706.10295)."""
        return getattr(self.model, "noisy", None) is not None

    def initial_memory(self, lanes: int) -> Tree:
        """The model's memory before the first row."""
        return self.model.initial_memory(lanes)

    def policy(self, state: DQNState) -> DQNPolicy:
        """The network, and epsilon at this step (1 while the replay warms up)."""
        warm = state.steps < self.replay.warmup
        return DQNPolicy(state.network, jnp.where(warm, 1.0, self.epsilon(state.steps)))

    def act(self, params: DQNPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """The choice of highest value, or with probability epsilon any."""
        extras, network = remembered(memory), params.network
        if self._noisy:
            key_noise, key = noise.split(key)
            network = renew_noise(network, key_noise) if explore else without_noise(network)
        values, memory = read_row(network, observation, is_first, memory)
        choice = (self.exploration or EpsilonGreedy)(values, params.epsilon)
        legal = split_mask(observation)[1]
        if legal is not None:
            choice = choice.masked(legal != 0)
        return choice.sample(key) if explore else choice.mode(), extras, memory

    def observe(self, state: DQNState, rows: Trajectory) -> DQNState:
        """Count steps."""
        return state._replace(steps=state.steps + rows.acted[:-1].sum(dtype=jnp.int32))

    def update(self, state: DQNState, rows: Trajectory, key: Key) -> tuple[DQNState, Report]:
        """One step down the Huber loss of windows `[burn_in + sequence + n, batch, ...]`."""

        key_online, key_target = jax.random.split(key)
        renewed = renew_noise if self._noisy else lambda network, key: network

        def loss(network: Tree) -> tuple[Array, tuple[Array, Array]]:
            online, target = renewed(network, key_online), renewed(state.target, key_target)
            cost, told = self._loss(online, target, rows)
            return cost + added(self.extra_loss, network, rows), told

        (cost, (priority, value)), gradient = jax.value_and_grad(loss, has_aux=True)(state.network)
        network, optimizer = self.optimizer.descend(state.network, state.optimizer, gradient, state.steps)
        updates = state.updates + 1
        target = periodic(state.target, network, updates, self.target_period)
        metrics = {"loss": cost, "value": value, "epsilon": self.policy(state).epsilon}
        return DQNState(network, target, optimizer, state.steps, updates), Report(metrics, priority)

    def _loss(self, network: Tree, target: Tree, rows: Trajectory) -> tuple[Array, tuple[Array, Array]]:
        read = lambda network: lambda observation: network(observation, None, ())[0]
        online, lagging = read(network), read(target)
        if not forgets(rows.memory):  # Rows are read in sequence, then cut; without a memory only the rows needed are.
            rows = self._read(network, target, rows)
            online, lagging = itemgetter(0), itemgetter(1)
        batch = transition(decisions(rows, self.n), self.gamma)
        ahead = lagging(batch.following)
        chooser = online(batch.following) if self.double else ahead
        goal = jax.lax.stop_gradient(batch.reward + batch.discount * pick(ahead, chooser.argmax(-1)))
        value = pick(online(batch.observation), batch.action)
        error, weight = (x.reshape(self.sequence, -1) for x in (value - goal, batch.weight))
        priority = (weight * jnp.abs(error)).sum(0) / jnp.maximum(weight.sum(0), 1.0)
        return (weight * huber(error)).mean(), (priority, masked_mean(value, batch.weight))

    def _read(self, network: Tree, target: Tree, rows: Trajectory) -> Trajectory:
        """The rows behind the burn-in, with the values of network and target in the place of their observation."""
        cut = lambda part: jax.tree.map(lambda x: x[part], (rows.observation, rows.is_first))
        early, late = cut(slice(self.burn_in)), slice(self.burn_in, None)

        def values(network: Tree) -> Array:
            memory = rows.memory
            if self.burn_in:
                _, memory = jax.lax.stop_gradient(network)(*early, memory)
            return network(*cut(late), memory)[0]

        behind = jax.tree.map(lambda x: x[late], rows._replace(observation=(), memory=()))
        return behind._replace(observation=(values(network), values(target)))
