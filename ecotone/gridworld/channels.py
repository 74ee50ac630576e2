"""Channels of actions: which kinds have which, and how actions of teams become those of an actor's members."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.components import Channel
from ecotone.gridworld.kinds import Kind
from ecotone.spec import Dict, Space

if TYPE_CHECKING:
    from ecotone.gridworld.world import GridWorld as World

Array = Any
Tree = Any


def channels(world: "World", kind: Kind) -> dict[str, Space]:
    """The channels of a kind and what each holds."""
    return {
        actor.key: actor.space(world, kind) for actor in world.actors if isinstance(actor, Channel) and actor.serves(kind)
    }


def acting_kinds(world: "World") -> set[int]:
    """Indices of the kinds that have a channel."""
    return {k for k, kind in enumerate(world.kinds) if any(isinstance(a, Channel) and a.serves(kind) for a in world.actors)}


def action_space(world: "World", kind: Kind) -> Space:
    """What an agent of a kind does: its only channel, or a `Dict` of them."""
    spaces = channels(world, kind)
    return next(iter(spaces.values())) if len(spaces) == 1 else Dict(spaces)


def member_actions(world: "World", action: dict[str, Tree]) -> list[Tree]:
    """For each of the world's actors, what its members that learn do, side by side, `[M, ...]`; none for rules."""
    return [_of_actor(world, actor, action) if isinstance(actor, Channel) else None for actor in world.actors]


def learning_members(world: "World", actor: Channel) -> np.ndarray:
    """Agents whom an actor serves and who learn, as indices into the roster, `[M]`."""
    return world.roster.members(tuple(k for k in world.learners if actor.serves(world.kinds[k])))


def _of_actor(world: "World", actor: Channel, action: dict[str, Tree]) -> Tree:
    kinds = [kind for k, kind in enumerate(world.kinds) if k in world.learners and actor.serves(kind)]
    parts = []
    for kind in kinds:
        several = len(channels(world, kind)) > 1
        parts.append(action[kind.name][actor.key] if several else action[kind.name])
    return side_by_side(parts)


def side_by_side(parts: list[Tree]) -> Tree:
    """Arrays of several kinds behind each other; shorter ones filled up with zeros, and missing parts of dicts too."""
    if not parts:
        return None
    if isinstance(parts[0], dict):
        names = sorted({name for part in parts for name in part})
        filled = [_with_missing(part, parts, names) for part in parts]
        return {name: side_by_side([part[name] for part in filled]) for name in names}
    if isinstance(parts[0], tuple):
        return tuple(side_by_side(list(each)) for each in zip(*parts, strict=True))
    shape = np.max([part.shape[1:] for part in parts], 0).astype(int)
    fill = lambda part: jnp.pad(part, [(0, 0), *((0, int(w) - h) for w, h in zip(shape, part.shape[1:], strict=True))])
    return jnp.concatenate([fill(jnp.asarray(part)) for part in parts])


def _with_missing(part: dict[str, Tree], parts: list[dict[str, Tree]], names: list[str]) -> dict[str, Tree]:
    agents = len(jax.tree.leaves(part)[0])
    nothing = lambda name: next(p[name] for p in parts if name in p)
    zeros = lambda leaf: jnp.zeros((agents, *leaf.shape[1:]), leaf.dtype)
    return {name: part[name] if name in part else jax.tree.map(zeros, nothing(name)) for name in names}
