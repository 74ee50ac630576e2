"""Ensembles of critics by recipe: values or quantiles of continuous actions, values of choices."""

from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.heads import flat_actions, one_choice
from ecotone.networks.layers import MLP, Dense
from ecotone.networks.reading import EncoderRecipe
from ecotone.ops.arrays import namespace
from ecotone.ops.losses import squared
from ecotone.ops.quantiles import midpoints, quantile_regression
from ecotone.spec import Spec, seen_space, split_mask

Array = Any
Key = Any
Tree = Any


class CriticsNetwork(eqx.Module):
    """`count` critics in one, whose layers stay apart, or are stacked: one batched product a layer.

    Called with actions `[..., D]`, or without where they are choices: `[count, ..., outputs]`, or `[count, ...]` where each
    says but one number.
    """

    encoder: eqx.Module
    body: Any
    head: Any
    single: bool = eqx.field(static=True)
    stacked: bool = eqx.field(static=True)

    def __call__(self, observation: Tree, action: Array | None = None) -> Array:
        rows = self.encoder(split_mask(observation)[0])  # type: ignore[operator]
        if action is not None:
            rows = namespace(action).concatenate([rows, action], -1)
        leading = rows.shape[:-1]
        read = lambda body, head: head(body(rows.reshape(-1, rows.shape[-1])))
        if self.stacked:
            said = jax.vmap(read)(self.body, self.head)
        else:
            said = jnp.stack([read(*critic) for critic in zip(self.body, self.head, strict=True)])
        said = said[..., 0] if self.single else said
        return said.reshape(said.shape[0], *leading, *said.shape[2:])

    def first(self) -> "CriticsNetwork":
        """The first critic alone, an ensemble of one."""
        if self.stacked:
            body, head = jax.tree.map(lambda x: x[:1], (self.body, self.head))
        else:
            body, head = self.body[:1], self.head[:1]
        return CriticsNetwork(self.encoder, body, head, self.single, self.stacked)


@runtime_checkable
class CriticRecipe(Protocol):
    """A recipe for an ensemble of critics of continuous actions, and how it is read and learned.

    What the network says of actions `[batch, D]` is called `said`: `[count, batch]`, or more.
    """

    def init(self, key: Key, spec: Spec) -> CriticsNetwork:
        """A network of observation and action, `network(observation, action)`."""
        ...

    def goal(self, said: Array, reward: Array, discount: Array, cost: Array) -> Array:
        """What critics shall say at t, `[batch]` or more, from what their targets `said` at t + 1, less `cost` `[batch]`."""
        ...

    def loss(self, said: Array, goal: Array) -> Array:
        """The critics' loss, summed over them, `[batch]`; no gradient goes through the goal."""
        ...

    def error(self, said: Array, goal: Array) -> Array:
        """How far off the critics are, in the values' unit, `[batch]`; no gradient goes through it."""
        ...

    def gain(self, said: Array) -> Array:
        """The value `[batch]` that an actor climbs."""
        ...


@frozen
class Critics:
    """An ensemble of action values, `[count, ...]`, of which the least counts."""

    hidden: tuple[int, ...] = (256, 256)
    """Widths of the dense layers; usually (256, 256)."""
    activation: str = "relu"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    count: int = 2
    """How many; their least value counters overestimation (arXiv:1802.09477)."""
    encoder: EncoderRecipe = Encoder(())
    """From observations to what stands beside the actions, shared by all; without layers, numbers stay as they are."""
    stacked: bool = False
    """One batched product a layer. Apart, cores read critics side by side: SAC is a fifth faster so, TD3 a tenth slower."""

    def init(self, key: Key, spec: Spec) -> CriticsNetwork:
        """Fresh weights, each critic its own."""
        return _critics(key, self, spec, flat_actions(spec.action), 0, self.stacked)

    def goal(self, said: Array, reward: Array, discount: Array, cost: Array) -> Array:
        """From the least value (arXiv:1802.09477, eq. 10), `[batch]`."""
        return reward + discount * (said.min(0) - cost)

    def loss(self, said: Array, goal: Array) -> Array:
        """½ error², summed over the critics."""
        return squared(said - jax.lax.stop_gradient(goal)).sum(0)

    def error(self, said: Array, goal: Array) -> Array:
        """Mean size of the critics' errors."""
        return jax.lax.stop_gradient(jnp.abs(said - goal).mean(0))

    def gain(self, said: Array) -> Array:
        """The least value."""
        return said.min(0)


@frozen
class QuantileCritics:
    """An ensemble of distributions of returns, `[count, ..., atoms]`, whose highest atoms are left out of targets.

    Truncated quantile critics (arXiv:2005.04269): what is left out counters overestimation, finer than a minimum does.
    """

    hidden: tuple[int, ...] = (256, 256)
    """Widths of the dense layers; usually (256, 256), in the paper (512, 512, 512)."""
    activation: str = "relu"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    count: int = 2
    """How many; usually 2 to 5. More is steadier and slower."""
    atoms: int = 25
    """Quantiles of each; usually 25."""
    drop: int = 2
    """Highest atoms left out, per critic; usually 0 to 5. More values actions lower; too few overestimates."""
    encoder: EncoderRecipe = Encoder(())
    """From observations to what stands beside the actions, shared by all; without layers, numbers stay as they are."""

    def init(self, key: Key, spec: Spec) -> CriticsNetwork:
        """Fresh weights, each critic its own; raises `ValueError` where no atom would be left."""
        if not 0 <= self.drop < self.atoms:
            raise ValueError(f"{self.drop} of {self.atoms} atoms cannot be dropped: `drop` must be 0 to {self.atoms - 1}.")
        return _critics(key, self, spec, flat_actions(spec.action), self.atoms)

    def goal(self, said: Array, reward: Array, discount: Array, cost: Array) -> Array:
        """The lowest atoms of all critics together, moved (arXiv:2005.04269, section 3), `[batch, kept]`."""
        pooled = jnp.sort(jnp.moveaxis(said, 0, -2).reshape(*said.shape[1:-1], -1), -1)
        kept = pooled[..., : self.count * (self.atoms - self.drop)]
        return reward[..., None] + discount[..., None] * (kept - jnp.asarray(cost)[..., None])

    def loss(self, said: Array, goal: Array) -> Array:
        """Quantile Huber loss, summed over the critics (arXiv:2005.04269, section 3)."""
        return jax.vmap(lambda each: quantile_regression(each, midpoints(self.atoms), goal))(said).sum(0)

    def error(self, said: Array, goal: Array) -> Array:
        """Mean size of the errors of the critics' means."""
        return jax.lax.stop_gradient(jnp.abs(said.mean(-1) - goal.mean(-1)).mean(0))

    def gain(self, said: Array) -> Array:
        """The mean of all atoms, none left out (arXiv:2005.04269, section 3)."""
        return said.mean((0, -1))


@frozen
class ChoiceCritics:
    """An ensemble of values of each choice, `[count, ..., K]`."""

    hidden: tuple[int, ...] = (64, 64)
    """Widths of the dense layers; usually (64, 64) to (256, 256)."""
    activation: str = "relu"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    count: int = 2
    """How many; their least value counters overestimation (arXiv:1802.09477)."""
    encoder: EncoderRecipe = Encoder(())
    """From observations to what the dense layers read, shared by all; without layers, numbers stay as they are."""

    def init(self, key: Key, spec: Spec) -> CriticsNetwork:
        """Fresh weights, each critic its own; raises `ValueError` unless actions are one discrete choice."""
        return _critics(key, self, spec, 0, one_choice(spec.action))


def _critics(key: Key, recipe: Any, spec: Spec, actions: int, outputs: int, stacked: bool = False) -> CriticsNetwork:
    """A recipe's network: each critic reads that many numbers of an action, and says `outputs` numbers, or one where 0."""
    key_encoder, key_critics = jax.random.split(key)
    space = seen_space(spec.observation)
    inputs = recipe.encoder.width(space) + actions

    def one(key: Key) -> tuple[MLP, Dense]:
        key_body, key_head = jax.random.split(key)
        body = MLP(key_body, inputs, recipe.hidden, recipe.activation, None)
        return body, Dense(key_head, recipe.hidden[-1], max(outputs, 1), None)

    keys = jax.random.split(key_critics, recipe.count)
    body, head = jax.vmap(one)(keys) if stacked else zip(*map(one, keys), strict=True)
    return CriticsNetwork(recipe.encoder.init(key_encoder, space), body, head, outputs == 0, stacked)
