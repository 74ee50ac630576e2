"""Several groups as one algorithm, whose every field is a dict by group."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax

from ecotone.feed import Feed
from ecotone.frozen import register
from ecotone.groups import ALL, Group, Past
from ecotone.ops import noise
from ecotone.ops.arrays import namespace
from ecotone.protocols import Algorithm, Key, Params, State
from ecotone.runtime import past
from ecotone.runtime.past import Pool
from ecotone.spec import Spec
from ecotone.trajectory import Array, Tree


class Turns(NamedTuple):
    """The memory of lanes that may wait: now, and before their newest row that counts."""

    now: Tree
    before: Tree


@dataclass(frozen=True)
class Party:
    """Groups that act and learn beside each other in one environment.

    A group's weights, and all else of it, are what its algorithm alone would have; where its policies are not shared, with
    an axis of agents in front.

    Arguments:
        groups: by name.
        sizes: how many agents each has.
        waits: lanes may wait their turn: whoever is not asked keeps its memory.
    """

    groups: Mapping[str, Group]
    sizes: tuple[tuple[str, int], ...]
    waits: bool = False

    def size(self, name: str) -> int:
        """Agents in a group."""
        return dict(self.sizes)[name]

    def lanes(self, name: str, copies: int) -> int:
        """Lanes of a group, over all copies of the environment."""
        return copies if self.groups[name].joint else copies * self.size(name)

    @property
    def feeds(self) -> dict[str, Feed]:
        """What the groups that learn are fed."""
        return {name: group.algorithm.feed for name, group in self.groups.items() if group.learns}

    def init(self, key: Key, spec: Mapping[str, Spec]) -> dict[str, State]:
        """Fresh states."""
        keys = dict(zip(sorted(self.groups), jax.random.split(key, len(self.groups)), strict=True))
        fresh = {name: self.init_group(name, keys[name], spec[name]) for name in self.groups if name not in self.pasts}
        return fresh | {name: self.begin_past(name, fresh[past.of]) for name, past in self.pasts.items()}

    @property
    def pasts(self) -> dict[str, Past]:
        """Whose past the groups that play one do, by name."""
        return {name: group.past for name, group in self.groups.items() if group.past is not None}

    def begin_past(self, name: str, state: State) -> Pool:
        """The pool of a group that plays the past of one in that state."""
        other = self.pasts[name]
        return past.begin(other, self.policy_of(other.of, state))

    def init_group(self, name: str, key: Key, spec: Spec) -> State:
        """A fresh state of one group that plays no past."""
        return self.each(name, lambda key: self.groups[name].algorithm.init(key, spec), self.keys(name, key))

    def keys(self, name: str, key: Key) -> Key:
        """A key, or where policies are not shared, one for each agent `[A]`."""
        return key if self.groups[name].shared else jax.random.split(key, self.size(name))

    def each(self, name: str, function: Any, *trees: Tree) -> Any:
        """`function(*trees)`, or where policies are not shared, of every agent's, which lie on axis 0."""
        return function(*trees) if self.groups[name].shared else jax.vmap(function, axis_size=self.size(name))(*trees)

    def initial_memory(self, lanes: int) -> dict[str, Tree]:
        """Memories before the first row, for so many copies."""
        memory = {name: group.algorithm.initial_memory(self.lanes(name, lanes)) for name, group in self.groups.items()}
        return {name: Turns(m, m) for name, m in memory.items()} if self.waits else memory

    def policy(self, state: Mapping[str, State]) -> dict[str, Params]:
        """What the actors of each group need."""
        return {name: self.policy_of(name, state[name]) for name in self.groups}

    def policy_of(self, name: str, state: State) -> Params:
        """What the actors of one group need."""
        if name in self.pasts:
            return past.policy(state)
        return self.each(name, self.groups[name].algorithm.policy, state)

    def act(
        self, params: Mapping[str, Params], observation: Tree, is_first: Any, memory: Any, key: Key, explore: bool
    ) -> tuple[dict[str, Tree], dict[str, Tree], dict[str, Tree]]:
        """Choose for the lanes of every group."""
        action, extras, after = {}, {}, {}
        keys = noise.split(key, len(self.groups))
        for name, k in zip(sorted(self.groups), keys, strict=True):
            kept = memory[name]
            given = (params[name], observation[name], is_first[name], kept.now if self.waits else kept, k, explore)
            action[name], extras[name], new = self._act(name, *given)
            after[name] = _kept(kept, new, observation[ALL][name]) if self.waits else new
        return action, extras, after

    def _act(
        self, name: str, params: Params, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool
    ) -> Any:
        algorithm = self.groups[name].algorithm
        if self.groups[name].shared:
            return algorithm.act(params, observation, is_first, memory, key, explore)
        if isinstance(key, noise.Noise):
            raise TypeError("policies of several agents act in one program")
        apart = lambda tree: split_agents(tree, self.size(name), 0)
        act = lambda params, seen, first, memory, key: algorithm.act(params, seen, first, memory, key, explore)
        given = params, apart(observation), apart(is_first), apart(memory), self.keys(name, key)
        chosen = self.each(name, act, *given)
        return jax.tree.map(lambda x: x.swapaxes(0, 1).reshape(-1, *x.shape[2:]), chosen)


register(Party, ("groups",), ("sizes", "waits"))


def split_agents(tree: Tree, count: int, axis: int) -> Tree:
    """Trees whose axis `axis` is lanes, agents fastest, with agents on axis 0 and the copies where the lanes were."""

    def one(x: Array) -> Array:
        apart = x.reshape(*x.shape[:axis], x.shape[axis] // count, count, *x.shape[axis + 1 :])
        return jax.numpy.moveaxis(apart, axis + 1, 0)

    return jax.tree.map(one, tree)


def _kept(kept: Turns, new: Tree, counts: Array) -> Turns:
    """The memory after a row, of lanes on whose rows that do not count nothing happens."""
    choose = lambda new, old: namespace(counts).where(counts.reshape(-1, *(1,) * (new.ndim - 1)), new, old)
    return Turns(jax.tree.map(choose, new, kept.now), jax.tree.map(choose, kept.now, kept.before))


def feeds(algorithm: Algorithm | Party) -> list[Feed]:
    """What an algorithm, or every group that learns, is fed."""
    return list(algorithm.feeds.values()) if isinstance(algorithm, Party) else [algorithm.feed]
