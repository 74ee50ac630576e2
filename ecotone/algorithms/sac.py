"""Soft actor-critic."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.models import Critics, SquashedActor
from ecotone.networks.reading import forgets, kind_of, output_of, read_row
from ecotone.ops import noise
from ecotone.ops.arrays import namespace
from ecotone.ops.descent import Adam, Optimizer, polyak
from ecotone.ops.losses import added, squared
from ecotone.ops.minibatches import Transition, transition
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model, Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class SACNetworks(NamedTuple):
    """All that is learned: actor, critics, logarithm of the temperature."""

    actor: Tree
    critics: Tree
    log_temperature: Array


class SACState(NamedTuple):
    """Networks, the critics' lagging copy, the optimiser's state, environment steps seen."""

    networks: SACNetworks
    target: Tree
    optimizer: Tree
    steps: Array


class SACPolicy(NamedTuple):
    """The actor, and whether actions are still drawn evenly at random."""

    actor: Tree
    warming: Array


@frozen
class SAC:
    """Soft actor-critic: off-policy control of continuous actions that is paid for staying random.

    Haarnoja et al. (arXiv:1801.01290; temperature by arXiv:1812.05905, eq. 18), with the least of several critics.
    """

    actor: Model = SquashedActor()
    """Network with a squashed policy."""
    critics: Critics = Critics()
    """Values of observation and action."""
    optimizer: Optimizer = Adam(Constant(3e-4), clip_norm=None, epsilon=1e-8)
    """Step size of actor, critics and temperature."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    target_rate: float = 0.005
    """How far the target moves to the critics at each update; usually 0.001 to 0.05. More is faster and less stable."""
    temperature: float = 1.0
    """Initial weight of the entropy; usually 0.1 to 1."""
    target_entropy: float | None = None
    """Entropy that the temperature is tuned for, nats; none means minus the number of action entries."""
    replay: Replay = Replay(capacity=1_000_000, batch=256, warmup=1_000, ratio=1.0, length=8)
    """What is kept and how often it is learned from: after 8 steps 8 times, which is one program instead of eight."""

    extra_loss: Callable[[SACNetworks, Trajectory], Array] | None = None
    """Function of all networks and windows of rows, added to the loss; none adds nothing."""

    @property
    def feed(self) -> Replay:
        """Windows of two rows."""
        return self.replay

    def init(self, key: Key, spec: Spec) -> SACState:
        """Fresh weights; raises `ValueError` unless actions are a bounded vector, `Mistake` for an actor with a memory."""
        if not forgets(self.actor.initial_memory(1)):
            raise Mistake("SAC's critics read single rows: give it an actor without a memory, or take PPO or DQN.")
        key_actor, key_critics = jax.random.split(key)
        actor, critics = self.actor.init(key_actor, spec), self.critics.init(key_critics, spec)
        told = output_of(self.actor, actor, spec)
        if not hasattr(told, "sample_and_log_prob"):
            raise Mistake(f"SAC needs draws with a gradient of its actor, not {kind_of(told)}: use SquashedActor.")
        networks = SACNetworks(actor, critics, jnp.log(jnp.asarray(self.temperature, jnp.float32)))
        target = jax.tree.map(jnp.copy, critics)
        return SACState(networks, target, self.optimizer.init(networks), jnp.zeros((), jnp.int32))

    def initial_memory(self, lanes: int) -> Tree:
        """The actor's memory before the first row."""
        return self.actor.initial_memory(lanes)

    def policy(self, state: SACState) -> SACPolicy:
        """The actor, and whether the replay still warms up."""
        return SACPolicy(state.networks.actor, state.steps < self.replay.warmup)

    def act(self, params: SACPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """Draw from the policy (evenly from [-1, 1] while the replay warms up), or take its mode."""
        policy, memory = read_row(params.actor, observation, is_first, memory)
        if not explore:
            return policy.mode(), (), memory
        key_policy, key_even = noise.split(key)
        action = policy.sample(key_policy)
        even = 2.0 * noise.uniform(key_even, action.shape) - 1.0
        return namespace(action).where(params.warming, even, action), (), memory

    def observe(self, state: SACState, rows: Trajectory) -> SACState:
        """Count steps."""
        return state._replace(steps=state.steps + rows.acted[:-1].sum(dtype=jnp.int32))

    def update(self, state: SACState, rows: Trajectory, key: Key) -> tuple[SACState, Report]:
        """One step down the three losses together; none sends a gradient into another's weights."""
        batch = transition(rows, self.gamma)

        def loss(networks: SACNetworks) -> tuple[Array, dict[str, Array]]:
            cost, metrics = self._loss(networks, state.target, batch, key)
            return cost + added(self.extra_loss, networks, rows), metrics

        gradient, metrics = jax.grad(loss, has_aux=True)(state.networks)
        networks, optimizer = self.optimizer.descend(state.networks, state.optimizer, gradient, state.steps)
        target = polyak(state.target, networks.critics, self.target_rate)
        return SACState(networks, target, optimizer, state.steps), Report(metrics)

    def _loss(self, networks: SACNetworks, target: Tree, batch: Transition, key: Key) -> tuple[Array, dict[str, Array]]:
        key_now, key_ahead = jax.random.split(key)
        fixed = jax.lax.stop_gradient(networks)
        temperature = jnp.exp(fixed.log_temperature)

        ahead, ahead_log_prob = fixed.actor(batch.following, None, ())[0].sample_and_log_prob(key_ahead)
        ahead_value = target(batch.following, ahead).min(0) - temperature * ahead_log_prob
        goal = batch.reward + batch.discount * ahead_value
        values = networks.critics(batch.observation, batch.action)
        critic_loss = (batch.weight * squared(values - goal)).mean(-1).sum()

        action, log_prob = networks.actor(batch.observation, None, ())[0].sample_and_log_prob(key_now)
        gain = fixed.critics(batch.observation, action).min(0)
        actor_loss = (batch.weight * (temperature * log_prob - gain)).mean()

        goal_entropy = -action.shape[-1] if self.target_entropy is None else self.target_entropy
        excess = jax.lax.stop_gradient((batch.weight * (log_prob + goal_entropy)).mean())
        loss = critic_loss + actor_loss - networks.log_temperature * excess
        return loss, {
            "critic_loss": critic_loss,
            "actor_loss": actor_loss,
            "value": values.mean(),
            "temperature": temperature,
            "entropy": -log_prob.mean(),
        }
