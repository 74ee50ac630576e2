"""Soft actor-critic."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic, soft_actor
from ecotone.algorithms.soft_actor import SACNetworks, SACPolicy, SACState
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.critics import CriticRecipe, Critics
from ecotone.networks.models import SquashedActor
from ecotone.networks.reading import read_row
from ecotone.ops import noise
from ecotone.ops.action_noise import ActionNoise, around
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.minibatches import Transition
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class SAC:
    """Soft actor-critic: off-policy control of continuous actions that is paid for staying random.

    Haarnoja et al. (arXiv:1801.01290; temperature by arXiv:1812.05905, eq. 18), with the least of several critics.
    """

    actor: Model = SquashedActor()
    """Network with a squashed policy."""
    critics: CriticRecipe = Critics()
    """Values of observation and action; `QuantileCritics` learn their distribution."""
    optimizer: Optimizer = Adam(Constant(3e-4), clip_norm=None, epsilon=1e-8)
    """Step size of actor, critics and temperature."""
    actor_rate: float = 1.0
    """The actor's step size as a multiple of that; usually 0.1 to 1. More moves the policy before values are right."""
    temperature_rate: float = 1.0
    """The temperature's step size as a multiple of that; usually 1. More follows the entropy closer, 0 keeps it fixed."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    n: int = 1
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy, and unpaid for entropy."""
    target_rate: float = 0.005
    """How far the target moves to the critics at each update; usually 0.001 to 0.05. More is faster and less stable."""
    temperature: float = 1.0
    """Initial weight of the entropy; usually 0.1 to 1."""
    target_entropy: float | None = None
    """Entropy that the temperature is tuned for, nats; none means minus the number of action entries."""
    noise: ActionNoise | None = None
    """Around draws that explore, beside their own: `OrnsteinUhlenbeck` where a goal is far off; usually none."""
    replay: Replay = Replay(capacity=1_000_000, batch=256, warmup=1_000, ratio=1.0, length=8)
    """What is kept and how often it is learned from: after 8 steps 8 times, which is one program instead of eight."""

    extra_loss: Callable[[SACNetworks, Trajectory], Array] | None = None
    """Function of all networks and windows of rows, added to the loss; none adds nothing."""

    feed, policy, observe, update = soft_actor.feed, soft_actor.policy, actor_critic.observe, soft_actor.update
    initial_memory = soft_actor.initial_memory

    def init(self, key: Key, spec: Spec) -> SACState:
        """Fresh weights; raises `ValueError` unless actions are a bounded vector, `Mistake` for an actor with a memory."""
        state, told = soft_actor.fresh_state(self, key, spec)
        if not hasattr(told, "sample_and_log_prob"):
            raise soft_actor.unfit(self, "draws with a gradient", told, "SquashedActor")
        return state

    def act(self, params: SACPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """Draw from the policy (evenly from [-1, 1] while the replay warms up), or take its mode."""
        policy, _ = read_row(params.actor, observation, is_first, ())
        if not explore:
            return policy.mode(), (), memory
        key_policy, key_around = noise.split(key)
        action, memory = around(self.noise, key_around, policy.sample(key_policy), params.warming, is_first, memory)
        return action, (), memory

    def loss(self, networks: SACNetworks, target: Tree, batch: Transition, weight: Array, key: Key) -> tuple:
        """The three losses together, and `(metrics, priority of each window)`."""
        key_now, key_ahead = jax.random.split(key)
        fixed, weight = jax.lax.stop_gradient(networks), weight * batch.weight
        temperature = jnp.exp(fixed.log_temperature)

        ahead, ahead_log_prob = fixed.actor(batch.following, None, ())[0].sample_and_log_prob(key_ahead)
        cost = temperature * ahead_log_prob
        goal = self.critics.goal(target(batch.following, ahead), batch.reward, batch.discount, cost)
        said = networks.critics(batch.observation, batch.action)
        critic_loss = (weight * self.critics.loss(said, goal)).mean()

        action, log_prob = networks.actor(batch.observation, None, ())[0].sample_and_log_prob(key_now)
        gain = self.critics.gain(fixed.critics(batch.observation, action))
        actor_loss = (weight * (temperature * log_prob - gain)).mean()

        goal_entropy = -action.shape[-1] if self.target_entropy is None else self.target_entropy
        excess = jax.lax.stop_gradient((weight * (log_prob + goal_entropy)).mean())
        loss = critic_loss + actor_loss - networks.log_temperature * excess
        metrics = {
            "critic_loss": critic_loss,
            "actor_loss": actor_loss,
            "value": said.mean(),
            "temperature": temperature,
            "entropy": -log_prob.mean(),
        }
        return loss, (metrics, batch.weight * self.critics.error(said, goal))
