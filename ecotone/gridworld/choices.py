"""Channels of several choices as a single one, for algorithms that want just that."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.channels import side_by_side
from ecotone.gridworld.components import Actor, Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState
from ecotone.mistakes import Mistake
from ecotone.spec import Dict, Discrete, MultiDiscrete, Space, zeros

Array = Any
Tree = Any
MOST = 1 << 16
"""So many choices a channel may have when all its combinations are listed."""


def _actors(name: str) -> Any:
    """A property that is the inner actor's."""
    return property(lambda self: getattr(self.actor, name), doc="The actor's.")


@register
@frozen
class OneChoice:
    """Another actor whose channel is one `Discrete` of all combinations of its choices, the last part varying fastest."""

    actor: Actor
    """What acts."""

    key = _actors("key")
    words = _actors("words")
    events = _actors("events")

    def serves(self, kind: Kind) -> bool:
        """Those whom the actor serves."""
        return self.actor.serves(kind)

    def space(self, world: World, kind: Kind) -> Discrete:
        """All combinations."""
        return Discrete(combinations(self.actor.space(world, kind)))

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Act as the combination says."""
        return self.actor.act(world, state, agent, _meant(world, self.actor, every, agent, action), words)


@register
@frozen
class ExclusiveChoice:
    """Another actor whose channel is a `Dict`, as one `Discrete`: each choice uses one part and leaves the others at 0.

    0 uses none; then come all others of the first part, of the second, and so on: with parts of n_i choices, Σn_i - k + 1.
    """

    actor: Actor
    """What acts."""

    key = _actors("key")
    words = _actors("words")
    events = _actors("events")

    def serves(self, kind: Kind) -> bool:
        """Those whom the actor serves."""
        return self.actor.serves(kind)

    def space(self, world: World, kind: Kind) -> Discrete:
        """None, or one part's choice."""
        space = self.actor.space(world, kind)
        if not isinstance(space, Dict):
            raise Mistake(f"ExclusiveChoice needs parts to choose from, but '{self.key}' is {space}; use OneChoice.")
        return Discrete(sum(combinations(part) - 1 for _, part in space.parts) + 1)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Act as the one part says."""
        return self.actor.act(world, state, agent, _meant(world, self.actor, one_part, agent, action), words)


def combinations(space: Space) -> int:
    """How many elements a space of choices has; raises `Mistake` for other spaces and for more than `MOST`."""
    if isinstance(space, Dict):
        count = math.prod(combinations(part) for _, part in space.parts)
    elif isinstance(space, Discrete):
        count = space.n
    elif isinstance(space, MultiDiscrete):
        count = math.prod(space.sizes)
    else:
        raise Mistake(f"{space} is not made of choices and cannot become one.")
    if count > MOST:
        raise Mistake(f"{count} combinations are too many to list as one choice; use the channel as it is.")
    return count


def every(space: Space) -> Tree:
    """All elements of a space of choices, in the environment's units, `[combinations, ...]`."""
    if isinstance(space, Discrete):
        return np.arange(space.n) + space.start
    if isinstance(space, MultiDiscrete):
        index = np.arange(combinations(space))
        return np.stack(np.unravel_index(index, space.sizes), -1) + np.asarray(space.start or 0)
    assert isinstance(space, Dict)
    sizes = [combinations(part) for _, part in space.parts]
    index = np.unravel_index(np.arange(math.prod(sizes)), sizes)
    parts = zip(space.parts, index, strict=True)
    return {name: jax.tree.map(lambda leaf, i=i: leaf[i], every(part)) for (name, part), i in parts}


def one_part(space: Space) -> Tree:
    """The elements of a `Dict` of choices that use one part at most, `[choices, ...]`."""
    assert isinstance(space, Dict)
    nothing = zeros(space, (1,))
    elements = [nothing]
    for name, part in space.parts:
        used = jax.tree.map(lambda leaf: leaf[1:], every(part))
        rest = {n: zeros(p, (combinations(part) - 1,)) for n, p in space.parts}
        elements.append({**rest, name: used})
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *elements)


def _meant(world: World, actor: Actor, listed: Any, agent: Array, action: Array) -> Tree:
    """The actor's own action that an agent's choice stands for."""
    kinds = [kind for kind in world.kinds if actor.serves(kind)]
    tables = [listed(actor.space(world, kind)) for kind in kinds]
    begin = np.cumsum([0, *(len(jax.tree.leaves(table)[0]) for table in tables)])
    of_kind = np.zeros(len(world.kinds), int)
    of_kind[[world.kinds.index(kind) for kind in kinds]] = begin[:-1]
    row = jnp.asarray(of_kind[world.roster.kind])[agent] + action
    return jax.tree.map(lambda table: jnp.asarray(table)[row], side_by_side(tables))


@register
@frozen
class Only:
    """Another actor for some kinds alone, so that they can act before or after others, or otherwise."""

    actor: Actor
    """What acts."""
    kinds: tuple[str, ...]
    """Names of the kinds that do."""

    key = _actors("key")
    words = _actors("words")
    events = _actors("events")

    def serves(self, kind: Kind) -> bool:
        """Those named whom the actor serves."""
        return kind.name in self.kinds and self.actor.serves(kind)

    def space(self, world: World, kind: Kind) -> Space:
        """The actor's."""
        return self.actor.space(world, kind)

    def act(self, world: World, state: GridState, agent: Array, action: Tree, words: Array) -> tuple[GridState, Events]:
        """As the actor does."""
        return self.actor.act(world, state, agent, action, words)
