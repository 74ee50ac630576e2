"""Deep Q-learning."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.models import QNetwork
from ecotone.networks.reading import read_row
from ecotone.ops.arrays import pick
from ecotone.ops.descent import Adam, periodic
from ecotone.ops.distributions import EpsilonGreedy
from ecotone.ops.losses import huber
from ecotone.ops.minibatches import transition
from ecotone.ops.schedules import Linear, Schedule
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
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
    eq. 4); n-step returns as in Rainbow (arXiv:1710.02298, section 3).
    """

    model: Model = QNetwork()
    """Network with a value per choice."""
    optimizer: Adam = Adam(Linear(2e-3, 0.0), clip_norm=10.0)
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    n: int = 3
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy."""
    double: bool = True
    """Choose the next action with the network and value it with the target; off overestimates."""
    epsilon: Schedule = Linear(1.0, 0.05, over=10_000)
    """Probability of a random choice, over environment steps."""
    target_period: int = 200
    """Updates between copies to the target; usually 1e2 to 1e4. Fewer is faster and less stable."""
    replay: Replay = Replay(capacity=100_000, batch=128, warmup=1_000, ratio=0.25)
    """What is kept and how often it is learned from; a `length` of 16 is twice as fast, but some seeds fail on CartPole."""

    @property
    def feed(self) -> Replay:
        """Windows of n + 1 rows."""
        return replace(self.replay, window=self.n + 1)

    def init(self, key: Key, spec: Spec) -> DQNState:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice."""
        network = self.model.init(key, spec)
        zero = jnp.zeros((), jnp.int32)
        return DQNState(network, jax.tree.map(jnp.copy, network), self.optimizer.init(network), zero, zero)

    def initial_memory(self, lanes: int) -> Tree:
        """The model's memory before the first row."""
        return self.model.initial_memory(lanes)

    def policy(self, state: DQNState) -> DQNPolicy:
        """The network, and epsilon at this step (1 while the replay warms up)."""
        warm = state.steps < self.replay.warmup
        return DQNPolicy(state.network, jnp.where(warm, 1.0, self.epsilon(state.steps)))

    def act(self, params: DQNPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """The choice of highest value, or with probability epsilon any."""
        values, memory = read_row(params.network, observation, is_first, memory)
        choice = EpsilonGreedy(values, params.epsilon)
        return choice.sample(key) if explore else choice.mode(), (), memory

    def observe(self, state: DQNState, rows: Trajectory) -> DQNState:
        """Count steps."""
        return state._replace(steps=state.steps + rows.acted[:-1].sum(dtype=jnp.int32))

    def update(self, state: DQNState, rows: Trajectory, key: Key) -> tuple[DQNState, Report]:
        """One step down the Huber loss of windows `[n + 1, batch, ...]`."""
        batch = transition(rows, self.gamma)
        values = lambda network, observation: network(observation, None, ())[0]
        ahead = values(state.target, batch.following)
        chooser = values(state.network, batch.following) if self.double else ahead
        goal = batch.reward + batch.discount * pick(ahead, chooser.argmax(-1))

        def loss(network: Tree) -> tuple[Array, tuple[Array, Array]]:
            value = pick(values(network, batch.observation), batch.action)
            error = value - goal
            return (batch.weight * huber(error)).mean(), (error, value)

        (cost, (error, value)), gradient = jax.value_and_grad(loss, has_aux=True)(state.network)
        network, optimizer = self.optimizer.descend(state.network, state.optimizer, gradient, state.steps)
        updates = state.updates + 1
        target = periodic(state.target, network, updates, self.target_period)
        metrics = {"loss": cost, "value": value.mean(), "epsilon": self.policy(state).epsilon}
        return DQNState(network, target, optimizer, state.steps, updates), Report(metrics, jnp.abs(error))
