"""Whole networks by recipe: actor-critic, Q-network, and actors alone."""

from typing import Any, NamedTuple

import equinox as eqx
import jax

from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.heads import HeadRecipe, NormalHead, PolicyHead, SquashedHead, ValueHead, flat_actions, one_choice
from ecotone.networks.layers import Dense
from ecotone.networks.reading import EncoderRecipe
from ecotone.networks.recurrent import Core
from ecotone.networks.values import Expected, Layers, ValueRecipe
from ecotone.ops.arrays import namespace
from ecotone.ops.distributions import Distribution
from ecotone.spec import Box, Spec, leaves, seen_space, split_mask

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
    policy_head: eqx.Module
    value_head: ValueHead

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[PolicyValue, Tree]:
        observation, legal = split_mask(observation)
        features, for_value, memory = self._read(observation, is_first, memory)
        return PolicyValue(self.policy_head(features, legal), self.value_head(for_value)), memory  # type: ignore[operator]

    def policy(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Distribution, Tree]:
        """The policy alone, for actors; where there are two memories, both move on."""
        observation, legal = split_mask(observation)
        if self.core is None:
            return self.policy_head(self.encoder(observation), legal), memory  # type: ignore[operator]
        features, _, memory = self._read(observation, is_first, memory)
        return self.policy_head(features, legal), memory  # type: ignore[operator]

    @property
    def tells_both(self) -> bool:
        """Whether the value costs next to nothing where the policy is read, and needs no memory."""
        return self.value_encoder is None and self.core is None

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
    """A policy and a value with layers of their own; only of images they share the encoder.

    Where the observation has a part `action_mask` (see `Spec`), what it rules out is never chosen.
    """

    encoder: EncoderRecipe = Encoder()
    """From observations to features."""
    head: HeadRecipe = NormalHead()
    """From features to a distribution over actions: `NormalHead`, `SquashedHead`, `BetaHead` or `AutoregressiveHead`."""
    shared: bool | None = None
    """One encoder and core for both; none shares the encoder of images alone. Shared, large value errors pull the policy."""
    core: Core | None = None
    """A memory behind the encoder: `LSTM`, `GRU`, `MinGRU` or `GatedTransformer`; none is feed-forward."""
    value_encoder: EncoderRecipe | None = None
    """The critic's, which may read what the actor's does not (`networks.parts`); none is one like the actor's."""

    def init(self, key: Key, spec: Spec) -> ActorCriticNetwork:
        """Fresh weights (orthogonal; the policy's last layer is small, so that it begins nearly uniform)."""
        if self.shared and self.value_encoder is not None:
            raise Mistake("an encoder that is `shared` is the critic's too: leave `value_encoder` out, or `shared` off.")
        keys = jax.random.split(key, 6)
        space, critic = seen_space(spec.observation), self.value_encoder or self.encoder
        image = self.value_encoder is None and any(isinstance(x, Box) and x.is_image for _, x in leaves(space))
        core = lambda key, recipe: None if self.core is None else self.core.init(key, recipe.width(space))
        width = lambda recipe: recipe.width(space) if self.core is None else self.core.features
        return ActorCriticNetwork(
            self.encoder.init(keys[0], space),
            None if self.shared or (image and self.shared is None) else critic.init(keys[1], space),
            core(keys[4], self.encoder),
            None if self.shared else core(keys[5], critic),
            self.head.init(keys[2], width(self.encoder), spec.action),
            ValueHead(keys[3], width(critic)),
        )

    def initial_memory(self, lanes: int) -> Tree:
        """The cores'; `()` without them."""
        if self.core is None:
            return ()
        memory = lambda: self.core.initial_memory(lanes)  # type: ignore[union-attr]
        return memory() if self.shared else (memory(), memory())


class QNetworkModule(eqx.Module):
    """Encoder, core and the head of action values; the core is none where there is no memory."""

    encoder: eqx.Module
    core: eqx.Module | None
    head: eqx.Module

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Any, Tree]:
        features, legal, memory = self._read(observation, is_first, memory)
        return self.head(features, legal), memory  # type: ignore[operator]

    def at(self, levels: Array, observation: Tree, is_first: Array, memory: Tree) -> tuple[Any, Tree]:
        """What the head says at given `levels` `[..., N]` in [0, 1], where it is one of `ImplicitQuantiles`."""
        features, legal, memory = self._read(observation, is_first, memory)
        return self.head.at(levels, features, legal), memory  # type: ignore[attr-defined]

    def draw(self, key: Key, observation: Tree, is_first: Array, memory: Tree) -> tuple[Any, Tree]:
        """What the head says at levels that it draws, where it is one of `ImplicitQuantiles`."""
        features, legal, memory = self._read(observation, is_first, memory)
        return self.head.draw(key, features, legal), memory  # type: ignore[attr-defined]

    def _read(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Array, Tree | None, Tree]:
        observation, legal = split_mask(observation)
        features = self.encoder(observation)  # type: ignore[operator]
        if self.core is not None:
            features, memory = self.core(features, is_first, memory)  # type: ignore[operator]
        return features, legal, memory


@frozen
class QNetwork:
    """A value for each choice, `[..., K]`, or the distribution of what follows each choice.

    Where the observation has a part `action_mask` (see `Spec`), choices that it rules out are worth -1e30.
    """

    encoder: EncoderRecipe = Encoder(activation="relu", orthogonal=False)
    """From observations to features."""
    head: ValueRecipe = Expected()
    """What is said of each choice: `Expected`, `Categories` (C51), `Quantiles` (QR-DQN) or `ImplicitQuantiles` (IQN)."""
    hidden: tuple[int, ...] = ()
    """Widths of dense layers behind encoder and core, of each stream its own where they are two; usually () or (512,)."""
    dueling: bool = False
    """Sum a value of the observation and advantages of the choices, in two streams (arXiv:1511.06581, eq. 9)."""
    noisy: float | None = None
    """Initial noise in the weights behind encoder and core, usually 0.5; none is without (arXiv:1706.10295)."""
    core: Core | None = None
    """A memory behind the encoder: `LSTM`, `GRU`, `MinGRU` or `GatedTransformer`; none is feed-forward."""

    def init(self, key: Key, spec: Spec) -> QNetworkModule:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice."""
        choices = one_choice(spec.action)
        key_encoder, key_head, *key_core = jax.random.split(key, 2 + (self.core is not None))
        space = seen_space(spec.observation)
        width = self.encoder.width(space)
        core = None if self.core is None else self.core.init(key_core[0], width)
        width = width if self.core is None else self.core.features
        layers = Layers(width, self.hidden, self.dueling, self.noisy)
        return QNetworkModule(self.encoder.init(key_encoder, space), core, self.head.init(key_head, layers, choices))

    def initial_memory(self, lanes: int) -> Tree:
        """The core's; `()` without one."""
        return () if self.core is None else self.core.initial_memory(lanes)


class ActorNetwork(eqx.Module):
    """Encoder and a distribution over actions."""

    encoder: eqx.Module
    head: PolicyHead

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Distribution, Tree]:
        observation, legal = split_mask(observation)
        return self.head(self.encoder(observation), legal), memory  # type: ignore[operator]


@frozen
class SquashedActor:
    """A tanh-normal policy over bounded continuous actions."""

    encoder: EncoderRecipe = Encoder((256, 256), "relu", orthogonal=False)
    """From observations to features."""

    def init(self, key: Key, spec: Spec) -> ActorNetwork:
        """Fresh weights; raises `ValueError` unless actions are a bounded vector."""
        flat_actions(spec.action)
        return _actor(key, self.encoder, SquashedHead(scale=None), spec)

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()


@frozen
class ChoiceActor:
    """A policy over the choices of one discrete action, which begins nearly uniform and respects an action mask."""

    encoder: EncoderRecipe = Encoder((64, 64), "relu", orthogonal=False)
    """From observations to features."""

    def init(self, key: Key, spec: Spec) -> ActorNetwork:
        """Fresh weights; raises `ValueError` unless actions are one discrete choice."""
        one_choice(spec.action)
        return _actor(key, self.encoder, NormalHead(), spec)

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()


def _actor(key: Key, encoder: EncoderRecipe, head: HeadRecipe, spec: Spec) -> ActorNetwork:
    key_encoder, key_head = jax.random.split(key)
    space = seen_space(spec.observation)
    made = head.init(key_head, encoder.width(space), spec.action)
    return ActorNetwork(encoder.init(key_encoder, space), made)


class DeterministicNetwork(eqx.Module):
    """Encoder and a dense layer squashed by tanh: actions `[..., D]` in [-1, 1]."""

    encoder: eqx.Module
    dense: Dense

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        before = self.dense(self.encoder(observation))  # type: ignore[operator]
        return namespace(before).tanh(before), memory


@frozen
class DeterministicActor:
    """One action for what is seen, each entry squashed into its bounds (arXiv:1509.02971)."""

    encoder: EncoderRecipe = Encoder((256, 256), "relu", orthogonal=False)
    """From observations to features."""

    def init(self, key: Key, spec: Spec) -> DeterministicNetwork:
        """Fresh weights; raises `ValueError` unless actions are a bounded vector."""
        size = flat_actions(spec.action)
        if not spec.action.bounded:  # type: ignore[union-attr]
            raise ValueError(f"actions must have finite bounds, not {spec.action}: wrap the environment to bound them.")
        key_encoder, key_dense = jax.random.split(key)
        dense = Dense(key_dense, self.encoder.width(spec.observation), size, None)
        return DeterministicNetwork(self.encoder.init(key_encoder, spec.observation), dense)

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()
