"""Whole networks by recipe: actor-critic, Q-network, squashed actor, ensemble of critics."""

from typing import Any, NamedTuple

import equinox as eqx
import jax

from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.features import flat_size, flatten
from ecotone.networks.heads import PolicyHead, SquashedHead, ValueHead, flat_actions
from ecotone.networks.layers import MLP, Dense
from ecotone.networks.recurrent import Core
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
    """Encoders, cores and heads; the critic's encoder or core is none where it shares the actor's, or there is no core.

    With two cores the memory is a pair, actor's and critic's.
    """

    encoder: eqx.Module
    value_encoder: eqx.Module | None
    core: eqx.Module | None
    value_core: eqx.Module | None
    policy_head: PolicyHead
    value_head: ValueHead

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[PolicyValue, Tree]:
        features, for_value, memory = self._read(observation, is_first, memory)
        return PolicyValue(self.policy_head(features), self.value_head(for_value)), memory

    def policy(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Distribution, Tree]:
        """The policy alone, for actors; where there are two memories, both move on."""
        if self.core is None:
            return self.policy_head(self.encoder(observation)), memory  # type: ignore[operator]
        features, _, memory = self._read(observation, is_first, memory)
        return self.policy_head(features), memory

    def _read(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Array, Array, Tree]:
        features = self.encoder(observation)  # type: ignore[operator]
        for_value = features if self.value_encoder is None else self.value_encoder(observation)  # type: ignore[operator]
        if self.core is None:
            return features, for_value, memory
        if self.value_core is None:
            features, memory = self.core(features, is_first, memory)  # type: ignore[operator]
            return features, features, memory
        features, ours = self.core(features, is_first, memory[0])  # type: ignore[operator]
        for_value, theirs = self.value_core(for_value, is_first, memory[1])  # type: ignore[operator]
        return features, for_value, (ours, theirs)


@frozen
class ActorCritic:
    """A policy and a value with layers of their own; only of images they share the encoder."""

    encoder: Encoder = Encoder()
    """From observations to features."""
    log_std: float = 0.0
    """Initial log of the standard deviation of continuous actions, which lie in [-1, 1]; usually -2 to 0."""
    shared: bool | None = None
    """One encoder and core for both; none shares the encoder of images alone. Shared, large value errors pull the policy."""
    core: Core | None = None
    """A memory behind the encoder: `LSTM`, `GRU`, `MinGRU` or `GatedTransformer`; none is feed-forward."""

    def init(self, key: Key, spec: Spec) -> ActorCriticNetwork:
        """Fresh weights (orthogonal; the policy's last layer is small, so that it begins nearly uniform)."""
        keys = jax.random.split(key, 6)
        space, encoded = spec.observation, self.encoder.width(spec.observation)
        image = isinstance(space, Box) and space.is_image
        core = lambda key: None if self.core is None else self.core.init(key, encoded)
        width = encoded if self.core is None else self.core.features
        return ActorCriticNetwork(
            self.encoder.init(keys[0], space),
            None if self.shared or (image and self.shared is None) else self.encoder.init(keys[1], space),
            core(keys[4]),
            None if self.shared else core(keys[5]),
            PolicyHead(keys[2], width, spec.action, self.log_std),
            ValueHead(keys[3], width),
        )

    def initial_memory(self, lanes: int) -> Tree:
        """The cores'; `()` without them."""
        if self.core is None:
            return ()
        memory = lambda: self.core.initial_memory(lanes)  # type: ignore[union-attr]
        return memory() if self.shared else (memory(), memory())


class QNetworkModule(eqx.Module):
    """Encoder, core where there is a memory, and one value per choice."""

    encoder: eqx.Module
    core: eqx.Module | None
    head: Dense

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        features = self.encoder(observation)  # type: ignore[operator]
        if self.core is not None:
            features, memory = self.core(features, is_first, memory)  # type: ignore[operator]
        return self.head(features), memory


@frozen
class QNetwork:
    """A value for each choice, `[..., K]`."""

    encoder: Encoder = Encoder(activation="relu", orthogonal=False)
    """From observations to features."""
    core: Core | None = None
    """A memory behind the encoder: `LSTM`, `GRU`, `MinGRU` or `GatedTransformer`; none is feed-forward."""

    def init(self, key: Key, spec: Spec) -> QNetworkModule:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice."""
        if not isinstance(spec.action, Discrete):
            raise ValueError(f"a Q-network needs one discrete choice as action, not {spec.action}: try PPO or SAC.")
        key_encoder, key_head, key_core = jax.random.split(key, 3)
        width = self.encoder.width(spec.observation)
        core = None if self.core is None else self.core.init(key_core, width)
        head = Dense(key_head, width if self.core is None else self.core.features, spec.action.n, None)
        return QNetworkModule(self.encoder.init(key_encoder, spec.observation), core, head)

    def initial_memory(self, lanes: int) -> Tree:
        """The core's; `()` without one."""
        return () if self.core is None else self.core.initial_memory(lanes)


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
