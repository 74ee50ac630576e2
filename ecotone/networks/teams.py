"""Networks of a team that is one lane: each agent reads its own observation, and what they say lies side by side.

Rows of such a team have the parts that `ecotone.teams` names: observations of the agents `[T, B, A, ...]`, who is present,
what each got, and the global state.
"""

from typing import Any, ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.mixers import MixerRecipe, Monotonic
from ecotone.networks.models import QNetwork
from ecotone.networks.reading import forgets, kind_of, output_of
from ecotone.ops.arrays import namespace, pick
from ecotone.protocols import Model
from ecotone.spec import ACTION_MASK, SEEN, Box, Dict, Space, Spec, seen_space, split_mask
from ecotone.teams import AGENTS, PRESENT, STATE, member_spec, members

Array = Any
Key = Any
Tree = Any
WHO = "agent"
"""Name of the part of an observation that says whose it is, one of A as an indicator `[A]`."""


def with_indicator(observation: Tree, agents: int, leading: tuple[int, ...]) -> dict[str, Tree]:
    """Observations `[..., A, ...]` with a part that tells the agents apart; `leading` is `[..., A]`."""
    seen, legal = split_mask(observation)
    xp = namespace(jax.tree.leaves(seen)[0])
    parts = {SEEN: seen, WHO: xp.broadcast_to(xp.eye(agents, dtype="float32"), (*leading, agents))}
    return parts if legal is None else parts | {ACTION_MASK: legal}


def indicated_space(space: Space, agents: int) -> Dict:
    """The space of what `with_indicator` gives."""
    parts = {SEEN: seen_space(space), WHO: Box((agents,), low=0.0, high=1.0)}
    masked = isinstance(space, Dict) and ACTION_MASK in space
    return Dict(parts | {ACTION_MASK: space[ACTION_MASK]} if masked else parts)  # type: ignore[index]


class AgentsNetwork(eqx.Module):
    """A network that reads the observations of all agents of a team; its weights are stacked where each has its own."""

    network: eqx.Module
    agents: int = eqx.field(static=True)
    indicator: bool = eqx.field(static=True)
    shared: bool = eqx.field(static=True)

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Any, Tree]:
        """What the network says of each agent, `[..., A, ...]`, of a team's rows; the memory is `[B, most, ...]`."""
        seen, leading = observation[AGENTS], observation[PRESENT].shape
        if self.indicator:
            seen = with_indicator(seen, self.agents, leading)
        ours = jax.tree.map(lambda x: x[:, : self.agents], memory)
        if not self.shared:
            axis = len(leading) - 1
            read = jax.vmap(lambda network, seen, memory: network(seen, is_first, memory), (0, axis, 1), (axis, 1))
            said, after = read(self.network, seen, ours)
        elif forgets(memory):
            return self.network(seen, is_first, memory)  # type: ignore[operator]
        else:
            said, after = self._read_in_sequence(seen, is_first, ours, leading)
        return said, jax.tree.map(_with_rest, after, memory)

    def _read_in_sequence(self, seen: Tree, is_first: Array, memory: Tree, leading: tuple[int, ...]) -> tuple[Any, Tree]:
        """Agents folded into lanes, read, and unfolded again."""
        is_first = namespace(is_first).repeat(is_first, self.agents, 1)
        seen = jax.tree.map(lambda x: x.reshape(x.shape[0], -1, *x.shape[3:]), seen)
        memory = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), memory)
        said, memory = self.network(seen, is_first, memory)  # type: ignore[operator]
        said = jax.tree.map(lambda x: x.reshape(*leading, *x.shape[2:]), said)
        return said, jax.tree.map(lambda x: x.reshape(-1, self.agents, *x.shape[1:]), memory)


def _with_rest(new: Array, old: Array) -> Array:
    """The memory of the agents that there are, beside the room for others."""
    return namespace(new).concatenate([new, old[:, new.shape[1] :]], 1) if new.shape != old.shape else new


@frozen
class Agents:
    """The same model for each agent of a team that is one lane."""

    model: Model = QNetwork()
    """What reads the observation of one agent."""
    indicator: bool = True
    """Show each agent which one it is, so that agents with the same weights can play different parts."""
    shared: bool = True
    """One set of weights for all agents; off, each has its own, which learns from its own rows alone."""
    most: int = 8
    """Agents that a model with a memory has room for in each lane; more than there are only costs room."""

    def init(self, key: Key, spec: Spec) -> AgentsNetwork:
        """Fresh weights; raises `ValueError` unless the spec is that of a team that is one lane."""
        member, agents = member_spec(spec), members(spec.observation)
        if agents > self.most and not forgets(self.model.initial_memory(1)):
            raise Mistake(f"there is room for the memories of {self.most} agents, but there are {agents}: set `most`.")
        if self.indicator:
            member = Spec(indicated_space(member.observation, agents), member.action)
        make = lambda key: self.model.init(key, member)
        network = make(key) if self.shared else jax.vmap(make)(jax.random.split(key, agents))
        return AgentsNetwork(network, agents, self.indicator, self.shared)  # type: ignore[arg-type]

    def initial_memory(self, lanes: int) -> Tree:
        """The model's for `most` agents in each lane, `[lanes, most, ...]`; `()` without one."""
        memory = self.model.initial_memory(lanes * self.most)
        return jax.tree.map(lambda x: x.reshape(lanes, self.most, *x.shape[1:]), memory)


class TeamValues(NamedTuple):
    """What is said of a team's choices: `values` of each agent's `[..., A, K]`, and how they make the value of the team.

    Attributes:
        values: -1e30 where a choice is illegal.
        there: which agents count, `[..., A]` bool.
        mixing: from values `[..., A]` to the team's `[...]`, see `networks.mixers`.
    """

    values: Array
    there: Array
    mixing: Any

    def total(self, action: Array) -> Array:
        """The team's value of its choices `[..., A]`, `[...]`; those of agents that are not there change nothing."""
        return self.mixing(jnp.where(self.there, pick(self.values, action), 0.0))

    def greedy(self) -> Array:
        """Each agent's choice of highest value, `[..., A]`: together the team's best (arXiv:1803.11485, eq. 4)."""
        return self.values.argmax(-1)


class TeamQNetworkModule(eqx.Module):
    """The agents' network, and the mixer of their values."""

    agents: AgentsNetwork
    mixer: eqx.Module

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[TeamValues, Tree]:
        values, memory = self.agents(observation, is_first, memory)
        return TeamValues(values, counted(observation), self.mixer(observation[STATE])), memory  # type: ignore[operator]

    def choices(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        """The agents' values alone `[..., A, K]`, for acting."""
        return self.agents(observation, is_first, memory)


def counted(observation: Tree) -> Array:
    """Agents that count in a team's value, `[..., A]` bool: those present, or all where nobody is (a final observation)."""
    there = observation[PRESENT] != 0
    return there | ~there.any(-1, keepdims=True)


@frozen
class TeamQNetwork:
    """A value for each choice of each agent of a team that is one lane, and a mixer that makes the team's value of them."""

    joint: ClassVar[bool] = True
    agents: Agents = Agents()
    """The agents' network, with one value for each choice."""
    mixer: MixerRecipe = Monotonic()
    """How values are mixed: `Monotonic` (QMIX) or `Additive` (VDN)."""

    @property
    def noisy(self) -> Any:
        """Initial noise in the weights of the agents' network, none without."""
        return getattr(self.agents.model, "noisy", None)

    def init(self, key: Key, spec: Spec) -> TeamQNetworkModule:
        """Fresh weights; raises `ValueError` unless a team that is one lane makes discrete choices."""
        key_agents, key_mixer = jax.random.split(key)
        network = self.agents.init(key_agents, spec)
        told = output_of(self.agents, network, spec)
        if not isinstance(told, jax.ShapeDtypeStruct):
            raise Mistake(
                f"values of agents are mixed, one per choice, but the model tells {kind_of(told)}: use `Expected()`."
            )
        mixer = self.mixer.init(key_mixer, members(spec.observation), spec.observation[STATE])  # type: ignore[index]
        return TeamQNetworkModule(network, mixer)

    def initial_memory(self, lanes: int) -> Tree:
        """The agents'."""
        return self.agents.initial_memory(lanes)
