"""Whole networks by recipe: actor-critic, Q-network, squashed actor, ensemble of critics."""

from typing import Any, NamedTuple

import equinox as eqx
import jax

from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder, flat_size, flatten
from ecotone.networks.heads import PolicyHead, SquashedHead, ValueHead, flat_actions
from ecotone.networks.layers import MLP, Dense
from ecotone.ops.arrays import namespace
from ecotone.ops.distributions import Distribution
from ecotone.spec import Box, Discrete, Spec

Array = Any
Key = Any
Tree = Any


class PolicyValue(NamedTuple):
    """What an actor-critic says of a row: a distribution over actions, and the value `[...]`."""

    policy: Distribution
    value: Array


class ActorCriticNetwork(eqx.Module):
    """Encoders and heads; `value_encoder` is none where actor and critic share one."""

    encoder: eqx.Module
    value_encoder: eqx.Module | None
    policy_head: PolicyHead
    value_head: ValueHead

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[PolicyValue, Tree]:
        features = self.encoder(observation)  # type: ignore[operator]
        for_value = features if self.value_encoder is None else self.value_encoder(observation)  # type: ignore[operator]
        return PolicyValue(self.policy_head(features), self.value_head(for_value)), memory

    def policy(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Distribution, Tree]:
        """The policy alone, for actors."""
        return self.policy_head(self.encoder(observation)), memory  # type: ignore[operator]


@frozen
class ActorCritic:
    """A policy and a value; images share their encoder, everything else has one for each."""

    encoder: Encoder = Encoder()
    """From observations to features."""
    log_std: float = 0.0
    """Initial log of the standard deviation of continuous actions, which lie in [-1, 1]; usually -2 to 0."""
    shared: bool | None = None
    """One encoder for both; none means for images only."""

    def init(self, key: Key, spec: Spec) -> ActorCriticNetwork:
        """Fresh weights (orthogonal; the policy's last layer is small, so that it begins nearly uniform)."""
        keys = jax.random.split(key, 4)
        space, width = spec.observation, self.encoder.width(spec.observation)
        shared = (isinstance(space, Box) and space.is_image) if self.shared is None else self.shared
        return ActorCriticNetwork(
            self.encoder.init(keys[0], space),
            None if shared else self.encoder.init(keys[1], space),
            PolicyHead(keys[2], width, spec.action, self.log_std),
            ValueHead(keys[3], width),
        )

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()


class QNetworkModule(eqx.Module):
    """Encoder and one value per choice."""

    encoder: eqx.Module
    head: Dense

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        return self.head(self.encoder(observation)), memory  # type: ignore[operator]


@frozen
class QNetwork:
    """A value for each choice, `[..., K]`."""

    encoder: Encoder = Encoder(activation="relu")
    """From observations to features."""

    def init(self, key: Key, spec: Spec) -> QNetworkModule:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice."""
        if not isinstance(spec.action, Discrete):
            raise ValueError(f"a Q-network needs one discrete choice as action, not {spec.action}: try PPO or SAC.")
        key_encoder, key_head = jax.random.split(key)
        width = self.encoder.width(spec.observation)
        return QNetworkModule(self.encoder.init(key_encoder, spec.observation), Dense(key_head, width, spec.action.n, 1.0))

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()


class ActorNetwork(eqx.Module):
    """Encoder and a squashed distribution."""

    encoder: eqx.Module
    head: SquashedHead

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Distribution, Tree]:
        return self.head(self.encoder(observation)), memory  # type: ignore[operator]


@frozen
class SquashedActor:
    """A tanh-normal policy over bounded continuous actions."""

    encoder: Encoder = Encoder((256, 256), "relu", orthogonal=False)
    """From observations to features."""

    def init(self, key: Key, spec: Spec) -> ActorNetwork:
        """Fresh weights; raises `ValueError` unless actions are a bounded vector."""
        flat_actions(spec.action)
        if not (isinstance(spec.action, Box) and spec.action.bounded):
            raise ValueError(f"actions must have finite bounds, not {spec.action}: wrap the environment to bound them.")
        key_encoder, key_head = jax.random.split(key)
        width = self.encoder.width(spec.observation)
        return ActorNetwork(self.encoder.init(key_encoder, spec.observation), SquashedHead(key_head, width, spec.action))

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()


class CriticsNetwork(eqx.Module):
    """`count` critics of observation and action in one: their layers are stacked, one batched product a layer."""

    body: MLP
    head: Dense
    spec: Spec = eqx.field(static=True)

    def __call__(self, observation: Tree, action: Array) -> Array:
        """Values `[count, ...]` of actions `[..., D]`."""
        leading = action.shape[:-1]
        features = flatten(self.spec.observation, observation)
        rows = namespace(action).concatenate([features, action], -1).reshape(-1, features.shape[-1] + action.shape[-1])
        run = jax.vmap(lambda body, head: head(body(rows))[..., 0])
        values = run(self.body, self.head)
        return values.reshape(-1, *leading)


@frozen
class Critics:
    """An ensemble of action values, `[count, ...]`."""

    hidden: tuple[int, ...] = (256, 256)
    """Widths of the dense layers; usually (256, 256)."""
    activation: str = "relu"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    count: int = 2
    """How many; their least value counters overestimation (arXiv:1802.09477)."""

    def init(self, key: Key, spec: Spec) -> CriticsNetwork:
        """Fresh weights, each critic its own."""
        inputs = flat_size(spec.observation) + flat_actions(spec.action)

        def one(key: Key) -> tuple[MLP, Dense]:
            key_body, key_head = jax.random.split(key)
            body = MLP(key_body, inputs, self.hidden, self.activation, None)
            return body, Dense(key_head, self.hidden[-1], 1, None)

        body, head = jax.vmap(one)(jax.random.split(key, self.count))
        return CriticsNetwork(body, head, spec)
