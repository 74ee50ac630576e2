"""From the values of a team's agents to the value of the team, for training that is centralised and acting that is not.

What each agent thinks best must be best for the team too, so that the value of the team may only rise with that of an agent.
"""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.layers import ACTIVATIONS, Dense
from ecotone.networks.reading import EncoderRecipe
from ecotone.spec import Space

Array = Any
Key = Any
Tree = Any


@runtime_checkable
class MixerRecipe(Protocol):
    """A recipe for how a team's value is made."""

    def init(self, key: Key, agents: int, state: Space) -> Any:
        """A module `mixer(state [..., S])` whose result, called with values `[..., A]`, gives that of the team `[...]`."""
        ...


class Added(NamedTuple):
    """The sum of the agents' values (arXiv:1706.05296, eq. 1)."""

    def __call__(self, values: Array) -> Array:
        """Values `[..., A]` to `[...]`."""
        return values.sum(-1)


class Mixed(NamedTuple):
    """Two layers whose weights are not negative, and other ones in each state (arXiv:1803.11485, section 4.1).

    Attributes:
        inner, inner_bias: of A agents and E units, `[..., A, E]` and `[..., E]`.
        outer, outer_bias: `[..., E]` and `[...]`.
    """

    inner: Array
    inner_bias: Array
    outer: Array
    outer_bias: Array

    def __call__(self, values: Array) -> Array:
        """Values `[..., A]` to `[...]`."""
        units = jax.nn.elu((values[..., None] * self.inner).sum(-2) + self.inner_bias)
        return (units * self.outer).sum(-1) + self.outer_bias


class Adder(eqx.Module):
    """Reads no state."""

    def __call__(self, state: Tree) -> Added:
        return Added()


@frozen
class Additive:
    """A team's value is the sum of its agents': VDN (arXiv:1706.05296)."""

    def init(self, key: Key, agents: int, state: Space) -> Adder:
        """Nothing to learn."""
        return Adder()


class HyperNetwork(eqx.Module):
    """From the global state to the weights of a mixer, whose signs are dropped; biases may have any sign."""

    encoder: eqx.Module
    inner: tuple[Dense, ...]
    inner_bias: Dense
    outer: tuple[Dense, ...]
    outer_bias: tuple[Dense, Dense]

    def __call__(self, state: Tree) -> Mixed:
        seen = self.encoder(state)  # type: ignore[operator]
        bias, outer = self.inner_bias(seen), jnp.abs(_through(self.outer, seen))
        inner = jnp.abs(_through(self.inner, seen)).reshape(*bias.shape[:-1], -1, bias.shape[-1])
        return Mixed(inner, bias, outer, _through(self.outer_bias, seen)[..., 0])


def _through(layers: tuple[Dense, ...], x: Array) -> Array:
    *hidden, last = layers
    for layer in hidden:
        x = ACTIVATIONS["relu"](layer(x))
    return last(x)


@frozen
class Monotonic:
    """A team's value rises with each agent's, by how much depends on the global state: QMIX (arXiv:1803.11485).

    The weights of the mixer are the outputs of networks that read the state (hypernetworks, arXiv:1609.09106), made
    positive; the last bias comes from two layers (section 4.1 and appendix C).
    """

    units: int = 32
    """Units of the mixer's hidden layer; usually 32. More tells more kinds of interplay, but needs more data."""
    hidden: int = 64
    """Width of the hidden layer of the networks that make the weights, usually 64; 0 is without, as in the paper."""
    encoder: EncoderRecipe = Encoder(())
    """From the global state to what those read; without layers, numbers stay as they are."""

    def init(self, key: Key, agents: int, state: Space) -> HyperNetwork:
        """Fresh weights."""
        keys = jax.random.split(key, 7)
        seen = self.encoder.width(state)

        def layers(keys: Key, outputs: int) -> tuple[Dense, ...]:
            if not self.hidden:
                return (Dense(keys[0], seen, outputs, None),)
            return Dense(keys[0], seen, self.hidden, None), Dense(keys[1], self.hidden, outputs, None)

        bias = Dense(keys[4], seen, self.units, None), Dense(keys[5], self.units, 1, None)
        key_encoder, key_bias = jax.random.split(keys[6])
        return HyperNetwork(
            self.encoder.init(key_encoder, state),
            layers(keys[0:2], agents * self.units),
            Dense(key_bias, seen, self.units, None),
            layers(keys[2:4], self.units),
            bias,
        )
