"""Critics that see what all agents of a team see and do, one for each agent."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.networks.encoders import Encoder
from ecotone.networks.heads import flat_actions, one_choice
from ecotone.networks.layers import MLP, Dense
from ecotone.networks.models import ActorNetwork, ChoiceActor, DeterministicActor, DeterministicNetwork
from ecotone.networks.parts import Only
from ecotone.networks.reading import EncoderRecipe
from ecotone.spec import Discrete, Space, Spec
from ecotone.teams import STATE, member_spec, members

Array = Any
Key = Any
Tree = Any


@frozen
class AnyActor:
    """One action for what is seen: numbers as of `DeterministicActor`, a choice as of `ChoiceActor`."""

    encoder: EncoderRecipe = Encoder((64, 64), "relu", orthogonal=False)
    """From observations to features."""

    def init(self, key: Key, spec: Spec) -> ActorNetwork | DeterministicNetwork:
        """Fresh weights; raises `ValueError` for actions that are neither one choice nor a bounded vector."""
        kind = ChoiceActor if isinstance(spec.action, Discrete) else DeterministicActor
        return kind(self.encoder).init(key, spec)

    def initial_memory(self, lanes: int) -> Tree:
        """`()`: feed-forward."""
        return ()


def action_numbers(space: Space) -> int:
    """Numbers by which critics are told of one agent's action; raises `ValueError` as `AnyActor` does."""
    return one_choice(space) if isinstance(space, Discrete) else flat_actions(space)


class TeamCriticsNetwork(eqx.Module):
    """`count` critics for each of A agents in one network, whose layers are stacked, one batched product a layer.

    Where they are shared, a network says the values of all agents, `[count, ...]`; else each has its own, `[count, A, ...]`.
    """

    encoder: eqx.Module
    body: MLP
    head: Dense
    shared: bool = eqx.field(static=True)

    def __call__(self, observation: Tree, action: Array) -> Array:
        """The value of the actions `[..., A, D]` of all agents to each of them, `[count, ..., A]`."""
        seen = self.encoder(observation)  # type: ignore[operator]
        rows = jnp.concatenate([seen, action.reshape(*action.shape[:-2], -1)], -1)
        if self.shared:
            return jax.vmap(_say, (0, 0, None))(self.body, self.head, rows)
        each = jax.vmap(jax.vmap(_say, (0, 0, None)), (0, 0, None))
        return jnp.moveaxis(each(self.body, self.head, rows)[..., 0], 1, -1)

    def of_each(self, observation: Tree, action: Array) -> Array:
        """The value to each agent of actions of its own choice for all, `[..., A, A, D]`: `[count, ..., A]`."""
        seen = self.encoder(observation)[..., None, :]  # type: ignore[operator]
        rows = action.reshape(*action.shape[:-2], -1)
        rows = jnp.concatenate([jnp.broadcast_to(seen, (*rows.shape[:-1], seen.shape[-1])), rows], -1)
        if self.shared:
            said = jax.vmap(_say, (0, 0, None))(self.body, self.head, rows)
            return jnp.diagonal(said, axis1=-2, axis2=-1)
        each = jax.vmap(jax.vmap(_say), (0, 0, None))
        return jnp.moveaxis(each(self.body, self.head, jnp.moveaxis(rows, -2, 0))[..., 0], 1, -1)

    def first(self) -> "TeamCriticsNetwork":
        """The first critic of each agent alone."""
        body, head = jax.tree.map(lambda x: x[:1], (self.body, self.head))
        return TeamCriticsNetwork(self.encoder, body, head, self.shared)


def _say(body: MLP, head: Dense, rows: Array) -> Array:
    return head(body(rows))


@frozen
class TeamCritics:
    """Values of what a team sees and does, to each of its agents (arXiv:1706.02275, section 4.1)."""

    hidden: tuple[int, ...] = (64, 64)
    """Widths of the dense layers; usually (64, 64) to (256, 256)."""
    activation: str = "relu"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    count: int = 1
    """How many for each agent; with 2 their least value counters overestimation (arXiv:1910.01465)."""
    shared: bool = False
    """One network that says the values of all agents; off, each agent's critic has weights of its own."""
    encoder: EncoderRecipe = Only((STATE,), Encoder(()))
    """From what the team sees to what stands beside the actions; the global state as it is, or all that agents see."""

    def init(self, key: Key, spec: Spec) -> TeamCriticsNetwork:
        """Fresh weights; raises `ValueError` unless the spec is that of a team that is one lane."""
        member, agents = member_spec(spec), members(spec.observation)
        key_encoder, key_critics = jax.random.split(key)
        inputs = self.encoder.width(spec.observation) + agents * action_numbers(member.action)

        def one(key: Key) -> tuple[MLP, Dense]:
            key_body, key_head = jax.random.split(key)
            body = MLP(key_body, inputs, self.hidden, self.activation, None)
            return body, Dense(key_head, self.hidden[-1], agents if self.shared else 1, None)

        keys = jax.random.split(key_critics, (self.count,) if self.shared else (self.count, agents))
        body, head = (jax.vmap(one) if self.shared else jax.vmap(jax.vmap(one)))(keys)
        return TeamCriticsNetwork(self.encoder.init(key_encoder, spec.observation), body, head, self.shared)
