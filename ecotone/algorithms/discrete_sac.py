"""Soft actor-critic for choices."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.algorithms import actor_critic, soft_actor
from ecotone.algorithms.soft_actor import SACNetworks, SACPolicy, SACState
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.networks.critics import ChoiceCritics
from ecotone.networks.models import ChoiceActor
from ecotone.networks.reading import read_row
from ecotone.ops import noise
from ecotone.ops.arrays import log_softmax, namespace, pick
from ecotone.ops.descent import Adam, Optimizer
from ecotone.ops.distributions import Categorical, legal_or_all
from ecotone.ops.losses import squared
from ecotone.ops.minibatches import Transition
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model
from ecotone.spec import Spec, split_mask
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


@frozen
class DiscreteSAC:
    """Soft actor-critic of one discrete choice: off-policy control that is paid for staying random.

    Christodoulou (arXiv:1910.07207, eq. 10 to 12): where choices can be counted, expectations over all of them take the
    place of draws.
    """

    actor: Model = ChoiceActor()
    """Network of a policy over choices."""
    critics: ChoiceCritics = ChoiceCritics()
    """Values of each choice."""
    optimizer: Optimizer = Adam(Constant(1e-3), clip_norm=None, epsilon=1e-8)
    """Step size of actor, critics and temperature."""
    actor_rate: float = 1.0
    """The actor's step size as a multiple of that; usually 0.1 to 1. More moves the policy before values are right."""
    temperature_rate: float = 1.0
    """The temperature's step size as a multiple of that; usually 1. More follows the entropy closer, 0 keeps it fixed."""
    gamma: float = 0.99
    """Discount per step; usually 0.95 to 0.999. More looks further ahead and learns more slowly."""
    n: int = 1
    """Steps before the bootstrap; usually 1 to 5. More spreads rewards faster, but off-policy, and unpaid for entropy."""
    target_rate: float = 0.02
    """How far the target moves to the critics at each update; usually 0.001 to 0.05. More is faster and less stable."""
    temperature: float = 0.1
    """Initial weight of the entropy; usually 0.01 to 1."""
    target_entropy: float = 0.2
    """Entropy that the temperature is tuned for, as a share of the most there can be; usually 0.1 to 0.98. More explores."""
    replay: Replay = Replay(capacity=100_000, batch=128, warmup=1_000, ratio=0.5, length=8)
    """What is kept and how often it is learned from: after 8 steps 4 times, which is one program instead of four."""

    extra_loss: Callable[[SACNetworks, Trajectory], Array] | None = None
    """Function of all networks and windows of rows, added to the loss; none adds nothing."""

    feed, policy, observe, update = soft_actor.feed, soft_actor.policy, actor_critic.observe, soft_actor.update

    def init(self, key: Key, spec: Spec) -> SACState:
        """Fresh weights; raises `ValueError` unless actions are one choice, `Mistake` for an actor that is unfit."""
        state, told = soft_actor.fresh_state(self, key, spec)
        if not isinstance(told, Categorical):
            raise soft_actor.unfit(self, "a policy over choices", told, "ChoiceActor")
        return state

    def initial_memory(self, lanes: int) -> Tree:
        """`()`."""
        return ()

    def act(self, params: SACPolicy, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool) -> Any:
        """Draw from the policy (evenly from what is legal while the replay warms up), or take its mode."""
        policy, _ = read_row(params.actor, observation, is_first, ())
        if not explore:
            return policy.mode(), (), memory
        key_policy, key_even = noise.split(key)
        xp, legal = namespace(policy.logits), split_mask(observation)[1]
        even = Categorical(xp.zeros_like(policy.logits))
        even = even if legal is None else even.masked(legal != 0)
        return xp.where(params.warming, even.sample(key_even), policy.sample(key_policy)), (), memory

    def loss(self, networks: SACNetworks, target: Tree, batch: Transition, weight: Array, key: Key) -> tuple:
        """The three losses together, and `(metrics, priority of each window)`; nothing is drawn."""
        fixed, weight = jax.lax.stop_gradient(networks), weight * batch.weight
        temperature = jnp.exp(fixed.log_temperature)

        ahead = _soft_value(fixed.actor(batch.following, None, ())[0], target(batch.following).min(0), temperature)
        goal = batch.reward + batch.discount * ahead
        said = networks.critics(batch.observation)
        error = jax.vmap(lambda values: pick(values, batch.action))(said) - goal
        critic_loss = (weight * squared(error).sum(0)).mean()

        policy = networks.actor(batch.observation, None, ())[0]
        actor_loss = -(weight * _soft_value(policy, jax.lax.stop_gradient(said).min(0), temperature)).mean()

        entropy = policy.entropy()
        excess = jax.lax.stop_gradient((weight * (entropy - self.target_entropy * _most_entropy(policy, batch))).mean())
        loss = critic_loss + actor_loss + networks.log_temperature * excess
        metrics = {
            "critic_loss": critic_loss,
            "actor_loss": actor_loss,
            "value": ahead.mean(),
            "temperature": temperature,
            "entropy": entropy.mean(),
        }
        return loss, (metrics, batch.weight * jnp.abs(jax.lax.stop_gradient(error)).mean(0))


def _soft_value(policy: Categorical, values: Array, temperature: Array) -> Array:
    """Expected value and entropy of a policy, `[batch]`, from values `[batch, K]` (arXiv:1910.07207, eq. 10)."""
    probability = jnp.exp(log_softmax(policy.logits))
    return (probability * values).sum(-1) + temperature * policy.entropy()


def _most_entropy(policy: Categorical, batch: Transition) -> Array:
    """The most entropy that a policy can have among the legal choices, nats."""
    legal = split_mask(batch.observation)[1]
    if legal is None:
        return jnp.asarray(policy.log_choices())
    return jnp.log(legal_or_all(legal != 0).sum(-1).astype(jnp.float32))
