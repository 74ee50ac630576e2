"""Deep Q-learning."""

from collections.abc import Callable
from dataclasses import replace
from operator import itemgetter
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic
from ecotone.algorithms.dqn_checks import check_options
from ecotone.algorithms.value_losses import greedy_backup, lambda_backup, q_loss, soft_backup, value_of
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.models import QNetwork
from ecotone.networks.noisy import renew_noise, without_noise
from ecotone.networks.reading import forgets, output_of, read_behind, read_choices, remembered
from ecotone.networks.values import as_learned, values_of
from ecotone.ops import noise
from ecotone.ops.arrays import masked_mean
from ecotone.ops.descent import Adam, Optimizer, periodic, polyak
from ecotone.ops.distributions import EpsilonGreedy
from ecotone.ops.exploration import lane_epsilons
from ecotone.ops.losses import added
from ecotone.ops.minibatches import Transition, decisions, importance, transition
from ecotone.ops.schedules import Linear, Schedule
from ecotone.ops.transforms import TRANSFORMS, Rescaling
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.teams import mask_of
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any
Reader = Callable[[Tree], Any]


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
    eq. 4); n-step returns as in Rainbow (arXiv:1710.02298, section 3), or Peng's Q(λ) (arXiv:2103.00107). A model with a
    memory learns from sequences that begin with the memory stored when they were played, as in "Recurrent experience replay
    in distributed reinforcement learning" (Kapturowski et al., ICLR 2019, section 3); every row kept then keeps its memory
    too.

    What the model tells decides the loss (`value_losses.q_loss`): values, categories (C51), quantiles (QR-DQN, IQN) or the
    mixed values of a team (QMIX, VDN), with or without any of the options.
    """

    model: Model = QNetwork()
    """Network with a value per choice, or the distribution of its return."""
    optimizer: Optimizer = Adam(Linear(2e-3, 0.0), clip_norm=10.0)
    """Step size and gradient clipping."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    n: int = 3
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy."""
    trace: float | None = None
    """λ of returns over a sequence, usually 0.6 to 0.95, with `n` of 1; none is n-step. More spreads rewards faster."""
    double: bool = True
    """Choose the next action with the network and value it with the target; off overestimates."""
    squared: bool = False
    """Square errors however large (with Adam as good on Atari, arXiv:2011.14826); off is Huber's loss. Of values alone."""
    temperature: float | None = None
    """Soft values, of a policy that follows exp(value / temperature), usually 0.03; none is greedy. They need `n` of 1."""
    munchausen: float | None = None
    """Share of its own scaled log-probability added to each reward (arXiv:2007.14430), usually 0.9; none adds nothing."""
    rescaling: Rescaling | None = None
    """Learn transformed returns, so that large ones do not drown small ones (arXiv:1805.11593); none leaves them alone."""
    epsilon: Schedule = Linear(1.0, 0.05, over=10_000)
    """Probability of a random choice, over environment steps."""
    lane_exponent: float | None = None
    """Lane i of B explores by ε ** (1 + this · i / (B − 1)), usually 7 (arXiv:1803.00933); none explores alike in all."""
    exploration: Callable[[Array, Array], Any] | None = None
    """Distribution of the choice from values `[..., K]` and epsilon; none is ε-greedy. It has `sample`, `mode`, `masked`."""
    target_period: int = 200
    """Updates between moves of the target; usually 1e2 to 1e4. Fewer is faster and less stable."""
    target_rate: float | None = None
    """How far it moves to the network then, usually 0.005 with a period of 1; none copies it."""
    replay: Replay = Replay(capacity=100_000, batch=128, warmup=1_000, ratio=0.25, length=8)
    """What is kept and how often it is learned from: after 8 steps twice, in one program; 16 are faster, but less steady."""
    sequence: int = 1
    """Decisions learned from per window; with a memory usually 20 to 80. More sees further back, and costs as much more."""
    burn_in: int = 0
    """Rows that come before them to warm up the memory, without gradient; usually 0 to 40. More lets stored ones age."""
    eta: float = 0.9
    """Share of a sequence's greatest error in its priority, the rest is of their mean; usually 0.9."""
    extra_loss: Callable[[Tree, Trajectory], Array] | None = None
    """Function of network and windows of rows, added to the loss; none adds nothing."""

    observe = actor_critic.observe

    @property
    def feed(self) -> Replay:
        """Windows of `burn_in` + `sequence` + n rows."""
        return replace(self.replay, window=self.burn_in + self.sequence + self.n)

    @property
    def joint(self) -> bool:
        """Whether it learns for teams that are one lane, as its model says."""
        return getattr(self.model, "joint", False)

    def init(self, key: Key, spec: Spec) -> DQNState:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice, `Mistake` for options at odds."""
        network = self.model.init(key, spec)
        check_options(self, output_of(self.model, network, spec))
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
        told, memory = read_choices(network, observation, is_first, memory)
        epsilon = params.epsilon
        if self.lane_exponent is not None:
            epsilon = lane_epsilons(len(is_first), epsilon, self.lane_exponent)
        choice = (self.exploration or EpsilonGreedy)(values_of(told), epsilon)
        legal = mask_of(observation)
        if legal is not None:
            choice = choice.masked(legal != 0)
        return choice.sample(key) if explore else choice.mode(), extras, memory

    def update(self, state: DQNState, rows: Trajectory, key: Key) -> tuple[DQNState, Report]:
        """One step down the loss of windows `[burn_in + sequence + n, batch, ...]`, weighed by their `importance`."""

        def loss(network: Tree) -> tuple[Array, tuple[Array, Array]]:
            cost, told = self._loss(network, state.target, rows, key)
            return cost + added(self.extra_loss, network, rows), told

        (cost, (priority, value)), gradient = jax.value_and_grad(loss, has_aux=True)(state.network)
        network, optimizer = self.optimizer.descend(state.network, state.optimizer, gradient, state.steps)
        updates = state.updates + 1
        moved = network if self.target_rate is None else polyak(state.target, network, self.target_rate)
        target = periodic(state.target, moved, updates, self.target_period)
        metrics = {"loss": cost, "value": value, "epsilon": self.policy(state).epsilon}
        return DQNState(network, target, optimizer, state.steps, updates), Report(metrics, priority)

    def _loss(self, network: Tree, target: Tree, rows: Trajectory, key: Key) -> tuple[Array, tuple[Array, Array]]:
        batch, online, lagging = self._read(network, target, rows, key)
        now, ahead = online(batch.observation), lagging(batch.following)
        chooser = values_of(online(batch.following) if self.double else ahead)
        own = values_of(now if self.double or self.munchausen is None else lagging(batch.observation))
        if self.temperature is None:
            backup = greedy_backup(batch, chooser, TRANSFORMS[self.rescaling])
        else:
            backup = soft_backup(batch, chooser, own, self.temperature, self.munchausen)
        if self.trace is not None:
            backup = lambda_backup(backup, ahead, batch.weight, self.trace, self.sequence)
        loss = q_loss(now, batch.action, ahead, backup, self.squared)
        each, surprise, weight = (x.reshape(self.sequence, -1) for x in (*loss, batch.weight))
        size = weight * surprise
        mean = size.sum(0) / jnp.maximum(weight.sum(0), 1.0)
        priority = mean if self.sequence == 1 else self.eta * size.max(0) + (1.0 - self.eta) * mean
        value = masked_mean(value_of(now, batch.action), batch.weight)
        return (importance(rows) * weight * each).mean(), (priority, value)

    def _read(self, network: Tree, target: Tree, rows: Trajectory, key: Key) -> tuple[Transition, Reader, Reader]:
        """Decisions, and what network and target say of their observations.

        Rows are read in sequence, then cut; without a memory only the rows needed are read.
        """
        keys = jax.random.split(key, 4)
        if self._noisy:
            network, target = renew_noise(network, keys[0]), renew_noise(target, keys[1])
        online, lagging = as_learned(network, keys[2]), as_learned(target, keys[3])
        if forgets(rows.memory):
            batch = transition(decisions(rows, self.n), self.gamma)
            return batch, lambda seen: online(seen, None, ())[0], lambda seen: lagging(seen, None, ())[0]
        seen = rows.observation, rows.is_first, rows.memory
        said = read_behind(network, self.burn_in, *seen, online), read_behind(target, self.burn_in, *seen, lagging)
        behind = jax.tree.map(lambda x: x[self.burn_in :], rows._replace(observation=(), extras=(), memory=()))
        batch = transition(decisions(behind._replace(observation=said), self.n), self.gamma)
        return batch, itemgetter(0), itemgetter(1)
