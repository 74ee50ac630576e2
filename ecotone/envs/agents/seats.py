"""Where the agents of a group lie in an environment's arrays, and what its algorithm sees of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np

from ecotone.envs.agents.padding import pad, padded
from ecotone.groups import Group, World, divide
from ecotone.ops.arrays import namespace
from ecotone.ops.features import flat_size, flatten
from ecotone.spec import ACTION_MASK, SEEN, Box, Dict, Space, Spec, seen_space, split_mask
from ecotone.teams import AGENTS, PRESENT, REWARDS, STATE, joint_spec
from ecotone.trajectory import Array, Tree

ID = "agent"
"""Name of the part of observations that says which agent sees it."""


@dataclass(frozen=True)
class Seats:
    """The agents of a group, on an axis of their own or folded into lanes, and the space of what is seen of them.

    Arguments:
        name: of the group.
        agents: in the order of their axis.
        places: of each team with members in the group: name, spec, where they lie on its axis, and how long that is.
        own: what one of them sees and does; where they differ, padded to one size.
        state: space of the environment's global state, where it has one.
        joint, central, ids: as of `Group`.
    """

    name: str
    agents: tuple[str, ...]
    places: tuple[tuple[str, Spec, tuple[int, ...], int], ...]
    own: Spec
    state: Space | None
    joint: bool
    central: bool
    ids: bool

    @cached_property
    def spec(self) -> Spec:
        """What the group's algorithm sees and does in a lane."""
        own, count = self.own, len(self.agents)
        if self.joint:
            return joint_spec(own, count, Box((self.state_size,)))
        if not (self.central or self.ids):
            return own
        parts: dict[str, Space] = {SEEN: seen_space(own.observation)}
        if has_mask(own.observation):
            parts[ACTION_MASK] = own.observation[ACTION_MASK]  # type: ignore[index]
        if self.central:
            parts[STATE] = Box((self.state_size,))
        if self.ids:
            parts[ID] = Box((count,), low=0.0, high=1.0)
        return Spec(Dict(parts), own.action)

    @property
    def state_size(self) -> int:
        """Numbers in the state: the environment's, or all agents' observations in a row."""
        if self.state is not None:
            return flat_size(self.state)
        return len(self.agents) * flat_size(seen_space(self.own.observation))

    def gather(self, by_team: Mapping[str, Array]) -> Array:
        """What is told by team `[B, A_team, ...]`, of the group's agents `[B, A, ...]`."""
        pieces = [_take(by_team[team], index, size) for team, _, index, size in self.places]
        return pieces[0] if len(pieces) == 1 else namespace(pieces[0]).concatenate(pieces, 1)

    def observations(self, by_team: Mapping[str, Tree]) -> Tree:
        """Observations `[B, A, ...]` of the group's agents, of one shape for all."""
        pieces = []
        for team, spec, index, size in self.places:
            seen = jax.tree.map(lambda x, index=index, size=size: _take(x, index, size), by_team[team])
            pieces.append(pad(spec, self.own, seen))
        if len(pieces) == 1:
            return pieces[0]
        return jax.tree.map(lambda *each: namespace(each[0]).concatenate(each, 1), *pieces)

    def states(self, state: Tree, own: Tree, there: Array | None) -> Array:
        """The global state `[B, S]`; without one, observations side by side, zeros for agents that are not `there`."""
        if self.state is not None:
            return flatten(self.state, state)
        seen = flatten(seen_space(self.own.observation), split_mask(own)[0])
        if there is not None:
            seen = namespace(seen).where(there[..., None], seen, 0.0)
        return seen.reshape(len(seen), -1)

    def folded(self, own: Tree, state: Array | None) -> Tree:
        """What each agent's lane is shown `[B · A, ...]`, agents fastest, of observations `[B, A, ...]`."""
        if self.central or self.ids:
            seen, legal = split_mask(own)
            own = {SEEN: seen} if legal is None else {SEEN: seen, ACTION_MASK: legal}
            copies, count = jax.tree.leaves(seen)[0].shape[:2]
            xp = namespace(jax.tree.leaves(seen)[0])
            if state is not None:
                own[STATE] = xp.broadcast_to(state[:, None], (copies, count, state.shape[-1]))
            if self.ids:
                own[ID] = xp.broadcast_to(xp.eye(count, dtype="float32"), (copies, count, count))
        return jax.tree.map(fold, own)

    def beside(self, own: Tree, present: Array, rewards: Array, state: Array) -> Tree:
        """What a joint lane is shown `[B, ...]`, of observations `[B, A, ...]`."""
        return {AGENTS: own, PRESENT: present.astype("int8"), REWARDS: rewards, STATE: state}


def has_mask(space: Space) -> bool:
    """Whether observations say which choices are legal."""
    return isinstance(space, Dict) and ACTION_MASK in space


def fold(x: Array) -> Array:
    """`[B, A, ...]` as `[B · A, ...]`."""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _take(x: Array, index: tuple[int, ...], size: int) -> Array:
    return x if index == tuple(range(size)) else x[:, np.array(index)]


def seats(groups: Mapping[str, Group], world: World) -> tuple[Seats, ...]:
    """Where the agents of every group sit.

    Raises `Mistake` for agents in no group or in two, and those too unlike for theirs.
    """
    return tuple(_seats(name, groups[name], agents, world) for name, agents in divide(groups, world).items())


def _seats(name: str, group: Group, agents: tuple[str, ...], world: World) -> Seats:
    places = []
    for team_name, team in world.teams:
        index = tuple(i for i, agent in enumerate(team.agents) if agent in agents)
        if index:
            places.append((team_name, team.spec, index, len(team.agents)))
    own = padded(name, {team: spec for team, spec, _, _ in places})
    return Seats(name, agents, tuple(places), own, world.state, bool(group.joint), bool(group.central), group.ids)
