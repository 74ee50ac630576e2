"""From features to what is said of each choice: its value, or the distribution of what follows it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import numpy as np

from ecotone.frozen import frozen, register, static
from ecotone.networks.layers import ACTIVATIONS, Dense
from ecotone.networks.masks import as_legal, masked_values
from ecotone.networks.noisy import NoisyDense
from ecotone.ops.arrays import log_softmax, namespace
from ecotone.ops.quantiles import cosine_features, midpoints
from ecotone.spec import Discrete

Array = Any
Key = Any


class Stack(eqx.Module):
    """Dense or noisy layers with a rectifier between them."""

    layers: tuple[Dense | NoisyDense, ...]

    def __call__(self, x: Array) -> Array:
        *hidden, last = self.layers
        for layer in hidden:
            x = ACTIVATIONS["relu"](layer(x))
        return last(x)


class Streams(eqx.Module):
    """`per` numbers for each of K choices, `[..., K, per]`, or one where `per` is 0, `[..., K]`.

    These are advantages alone, or with a value of what is seen, which is V + A − mean A (arXiv:1511.06581, eq. 9).
    """

    advantage: Stack
    value: Stack | None
    choices: int = eqx.field(static=True)
    per: int = eqx.field(static=True)

    def __call__(self, features: Array) -> Array:
        advantage, axis = self.advantage(features), -1
        if self.per:
            advantage, axis = advantage.reshape(*features.shape[:-1], self.choices, self.per), -2
        if self.value is None:
            return advantage
        value = self.value(features)
        value = value[..., None, :] if self.per else value
        return value + advantage - advantage.mean(axis, keepdims=True)


class Layers(NamedTuple):
    """How a head's layers are made: features that come in, widths of hidden layers, two streams or one, initial noise."""

    inputs: int
    hidden: tuple[int, ...] = ()
    dueling: bool = False
    noisy: Array | None = None

    def init(self, key: Key, choices: int, per: int) -> Streams:
        """Fresh layers of `per` numbers for each choice, see `Streams`."""
        numbers = max(per, 1)
        if not self.dueling:
            return Streams(self._stack(key, choices * numbers), None, choices, per)
        key_advantage, key_value = jax.random.split(key)
        return Streams(self._stack(key_advantage, choices * numbers), self._stack(key_value, numbers), choices, per)

    def _stack(self, key: Key, outputs: int) -> Stack:
        sizes = (self.inputs, *self.hidden, outputs)
        keys = jax.random.split(key, len(self.hidden) + 1) if self.hidden else [key]
        return Stack(tuple(self._layer(*each) for each in zip(keys, sizes[:-1], sizes[1:], strict=True)))

    def _layer(self, key: Key, inputs: int, outputs: int) -> Dense | NoisyDense:
        return Dense(key, inputs, outputs, None) if self.noisy is None else NoisyDense(key, inputs, outputs, self.noisy)


@runtime_checkable
class ValueRecipe(Protocol):
    """A recipe for the last layers of a Q-network."""

    def init(self, key: Key, layers: Layers, choices: int) -> Any:
        """A module `head(features [..., D], legal=None)` that returns values `[..., K]`, or what has them as `values`."""
        ...


def values_of(output: Any) -> Array:
    """Action values `[..., K]` of what a Q-network says: the array itself, or the means of its distributions."""
    return output.values if hasattr(output, "values") else output


def as_learned(network: Any, key: Key) -> Callable[[Any, Any, Any], tuple[Any, Any]]:
    """The network as learners read it: where its head is one of `ImplicitQuantiles`, at levels drawn with `key`.

    Implicit quantiles learn at levels drawn evenly and anew (arXiv:1806.06923, eq. 3).
    """
    return partial(network.draw, key) if hasattr(getattr(network, "head", None), "draw") else network


def legal_choices(legal: Array | None, shape: tuple[int, ...]) -> Array | None:
    """A mask of one choice as bool `[..., K]`; raises `ValueError` naming both shapes."""
    return None if legal is None else as_legal(Discrete(shape[-1]), legal, shape)


class ExpectedHead(eqx.Module):
    """Values `[..., K]`."""

    streams: Streams

    def __call__(self, features: Array, legal: Array | None = None) -> Array:
        values = self.streams(features)
        return values if legal is None else masked_values(values, legal_choices(legal, values.shape))


@frozen
class Expected:
    """The value of each choice alone, `[..., K]` (Mnih et al. 2015)."""

    def init(self, key: Key, layers: Layers, choices: int) -> ExpectedHead:
        """Fresh weights."""
        return ExpectedHead(layers.init(key, choices, 0))


@partial(register, data=("logits", "legal"), meta=("low", "high"))
@dataclass(frozen=True, eq=False)
class CategoricalValues:
    """Distributions over atoms: `logits` `[..., K, N]`; `legal` `[..., K]` bool, or none where all choices are."""

    logits: Array
    legal: Array | None
    low: float
    high: float

    @property
    def atoms(self) -> Array:
        """Evenly spaced from `low` to `high`, `[N]`."""
        return namespace(self.logits).linspace(self.low, self.high, self.logits.shape[-1], dtype="float32")

    @property
    def values(self) -> Array:
        """Means `[..., K]`; -1e30 where illegal."""
        p = namespace(self.logits).exp(log_softmax(self.logits))
        return masked_values((p * self.atoms).sum(-1), self.legal)


class CategoricalHead(eqx.Module):
    """Logits of atoms for each choice."""

    streams: Streams
    low: float = eqx.field(static=True)
    high: float = eqx.field(static=True)

    def __call__(self, features: Array, legal: Array | None = None) -> CategoricalValues:
        logits = self.streams(features)
        return CategoricalValues(logits, legal_choices(legal, logits.shape[:-1]), self.low, self.high)


@frozen
class Categories:
    """Returns as one of fixed atoms for each choice: C51 (arXiv:1707.06887); gives `CategoricalValues`."""

    count: int = 51
    """Atoms; usually 51."""
    low: float = static(default=-10.0)
    """Least return that can be told, in (transformed) rewards; usually -10 where rewards are clipped."""
    high: float = static(default=10.0)
    """Largest return that can be told; too wide a range makes coarse atoms."""

    def init(self, key: Key, layers: Layers, choices: int) -> CategoricalHead:
        """Fresh weights; raises `ValueError` for fewer than two atoms or bounds in the wrong order."""
        if self.count < 2 or self.low >= self.high:
            raise ValueError(f"atoms need a count of at least 2 and low < high, not {self}.")
        return CategoricalHead(layers.init(key, choices, self.count), self.low, self.high)


class QuantileValues(NamedTuple):
    """`quantiles` `[..., K, N]` at `levels` `[..., N]`; `legal` `[..., K]` bool, or none where all choices are."""

    quantiles: Array
    levels: Array
    legal: Array | None = None

    @property
    def values(self) -> Array:
        """Means over the levels `[..., K]`; -1e30 where illegal."""
        return masked_values(self.quantiles.mean(-1), self.legal)


@cache
def _fixed_levels(count: int) -> np.ndarray:
    with jax.ensure_compile_time_eval():
        return np.asarray(midpoints(count))


def spread_levels(features: Array, count: int) -> Array:
    """The `midpoints` for every entry of features `[..., D]`, `[..., count]`."""
    return namespace(features).broadcast_to(_fixed_levels(count), (*features.shape[:-1], count))


class QuantileHead(eqx.Module):
    """Quantiles at fixed levels for each choice."""

    streams: Streams

    def __call__(self, features: Array, legal: Array | None = None) -> QuantileValues:
        quantiles = self.streams(features)
        levels = spread_levels(features, self.streams.per)
        return QuantileValues(quantiles, levels, legal_choices(legal, quantiles.shape[:-1]))


@frozen
class Quantiles:
    """Returns as quantiles at fixed levels for each choice: QR-DQN (arXiv:1710.10044); gives `QuantileValues`."""

    count: int = 200
    """Quantiles; usually 32 to 200."""

    def init(self, key: Key, layers: Layers, choices: int) -> QuantileHead:
        """Fresh weights."""
        return QuantileHead(layers.init(key, choices, self.count))


class ImplicitQuantileHead(eqx.Module):
    """Quantiles at any levels: features times an embedding of the level, then the layers (arXiv:1806.06923, eq. 4)."""

    embedding: Dense
    streams: Streams
    count: int = eqx.field(static=True)
    drawn: int = eqx.field(static=True)

    def __call__(self, features: Array, legal: Array | None = None) -> QuantileValues:
        return self.at(spread_levels(features, self.count), features, legal)

    def draw(self, key: Key, features: Array, legal: Array | None = None) -> QuantileValues:
        """Quantiles at `drawn` levels of each entry, each even in [0, 1], as learners want them."""
        return self.at(jax.random.uniform(key, (*features.shape[:-1], self.drawn)), features, legal)

    def at(self, levels: Array, features: Array, legal: Array | None = None) -> QuantileValues:
        """Quantiles `[..., K, N]` at levels `[..., N]` in [0, 1]."""
        embedded = ACTIVATIONS["relu"](self.embedding(cosine_features(levels, self.embedding.weight.shape[0])))
        quantiles = self.streams(features[..., None, :] * embedded).swapaxes(-1, -2)
        return QuantileValues(quantiles, levels, legal_choices(legal, quantiles.shape[:-1]))


@frozen
class ImplicitQuantiles:
    """Returns as quantiles at any level for each choice: IQN (arXiv:1806.06923); gives `QuantileValues`.

    A network that is called has evenly spaced levels; learners ask its `draw`, or its `at` for levels of their own.
    """

    count: int = 32
    """Levels of a network that is called, whose mean is the value; usually 8 to 64."""
    cosines: int = 64
    """Cosines that a level is told by; usually 64."""
    drawn: int = 64
    """Levels that `draw` draws; usually 8 to 64. More is steadier and costs as much more."""

    def init(self, key: Key, layers: Layers, choices: int) -> ImplicitQuantileHead:
        """Fresh weights."""
        key_embedding, key_streams = jax.random.split(key)
        embedding = Dense(key_embedding, self.cosines, layers.inputs, None)
        return ImplicitQuantileHead(embedding, layers.init(key_streams, choices, 0), self.count, self.drawn)
