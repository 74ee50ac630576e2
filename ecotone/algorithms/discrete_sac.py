"""Soft actor-critic for choices."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.algorithms.sac import SACNetworks, SACPolicy, SACState
from ecotone.feed import Replay
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.critics import ChoiceCritics
from ecotone.networks.models import ChoiceActor
from ecotone.networks.reading import forgets, kind_of, output_of, read_row
from ecotone.ops import noise
from ecotone.ops.arrays import log_softmax, namespace, pick
from ecotone.ops.descent import Adam, Optimizer, polyak
from ecotone.ops.distributions import Categorical, legal_or_all
from ecotone.ops.losses import added, squared
from ecotone.ops.minibatches import Transition, importance, transition
from ecotone.ops.schedules import Constant
from ecotone.protocols import Model, Report
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
    """Initial weight of the entropy; usually 0.01 to 1."""
    target_entropy: float = 0.5
    """Entropy that the temperature is tuned for, as a share of the most there can be; usually 0.2 to 0.98. More explores."""
    replay: Replay = Replay(capacity=1_000_000, batch=256, warmup=1_000, ratio=0.25, length=8)
    """What is kept and how often it is learned from."""

    extra_loss: Callable[[SACNetworks, Trajectory], Array] | None = None
    """Function of all networks and windows of rows, added to the loss; none adds nothing."""

    @property
    def feed(self) -> Replay:
        """Windows of n + 1 rows."""
        return replace(self.replay, window=self.n + 1)

    def init(self, key: Key, spec: Spec) -> SACState:
        """Fresh weights; raises `ValueError` unless actions are one choice, `Mistake` for an actor that is unfit."""
        if not forgets(self.actor.initial_memory(1)):
            raise Mistake("DiscreteSAC's critics read single rows: give it an actor without a memory, or take PPO or DQN.")
        key_actor, key_critics = jax.random.split(key)
        actor, critics = self.actor.init(key_actor, spec), self.critics.init(key_critics, spec)
        told = output_of(self.actor, actor, spec)
        if not isinstance(told, Categorical):
            raise Mistake(f"DiscreteSAC needs a policy over choices of its actor, not {kind_of(told)}: use ChoiceActor.")
        networks = SACNetworks(actor, critics, jnp.log(jnp.asarray(self.temperature, jnp.float32)))
        target = jax.tree.map(jnp.copy, critics)
        return SACState(networks, target, self.optimizer.init(networks), jnp.zeros((), jnp.int32))

    def initial_memory(self, lanes: int) -> Tree:
        """`()`."""
        return ()

    def policy(self, state: SACState) -> SACPolicy:
        """The actor, and whether the replay still warms up."""
        return SACPolicy(state.networks.actor, state.steps < self.replay.warmup)

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

    def observe(self, state: SACState, rows: Trajectory) -> SACState:
        """Count steps."""
        return state._replace(steps=state.steps + rows.acted[:-1].sum(dtype=jnp.int32))

    def update(self, state: SACState, rows: Trajectory, key: Key) -> tuple[SACState, Report]:
        """One step down the three losses together; none sends a gradient into another's weights."""
        batch, weight = transition(rows, self.gamma), importance(rows)

        def loss(networks: SACNetworks) -> tuple[Array, tuple[dict[str, Array], Array]]:
            cost, told = self._loss(networks, state.target, batch, weight)
            return cost + added(self.extra_loss, networks, rows), told

        gradient, (metrics, priority) = jax.grad(loss, has_aux=True)(state.networks)
        rates = SACNetworks(self.actor_rate, 1.0, self.temperature_rate)
        networks, optimizer = self.optimizer.descend(state.networks, state.optimizer, gradient, state.steps, rates)
        target = polyak(state.target, networks.critics, self.target_rate)
        return SACState(networks, target, optimizer, state.steps), Report(metrics, priority)

    def _loss(self, networks: SACNetworks, target: Tree, batch: Transition, weight: Array) -> tuple:
        """The loss, and `(metrics, priority of each window)`."""
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
