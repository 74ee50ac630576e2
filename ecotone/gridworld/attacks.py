"""The four attacks, which differ in what an agent says of whom it wants to hit.

Each takes `mapping`, from encodings to those (one or several) that agents of it may attack; and `stacked`, whether several
hits of one action may be on the same agent. With `stacked` a killed agent counts once, however often it was hit.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.attacking import EVENTS, WORDS, attacks, landed, most, one_of, some_of, targets
from ecotone.gridworld.cells import Rules, pairs, reach
from ecotone.gridworld.components import Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState
from ecotone.spec import Dict, Discrete, MultiDiscrete

Array = Any


def _side(world: World, kind: Kind) -> int:
    """Cells along a side of the window that a kind's attacks reach."""
    return 2 * reach(kind.attack_range, world.rows, world.columns) + 1


def _mapped(attack: Any) -> None:
    object.__setattr__(attack, "mapping", pairs(attack.mapping))


@register
@frozen
class Attack:
    """Say how many to hit, 0 to `simultaneous_attacks`; who of those within reach it is, chance decides."""

    mapping: Rules
    stacked: bool = False
    key = "attack"
    words = WORDS
    events = EVENTS

    def __post_init__(self) -> None:
        _mapped(self)

    def serves(self, kind: Kind) -> bool:
        """Those with an attack range."""
        return attacks(kind)

    def space(self, world: World, kind: Kind) -> Discrete:
        """How many to hit."""
        return Discrete(kind.simultaneous_attacks + 1)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Hit."""
        able = targets(world, state, agent, self.mapping, words)
        if most(world) == 1:
            hits = one_of(able, action, words)
        else:
            all_alike = np.zeros(world.size, int)
            hits = some_of(able, all_alike, jnp.full(world.size, action), most(world), self.stacked, words)
        return landed(world, state, agent, hits, action > 0, words)


@register
@frozen
class AttackByEncoding:
    """Say for each encoding it may attack how many to hit, 0 to `simultaneous_attacks` each."""

    mapping: Rules
    stacked: bool = False
    key = "attack"
    words = WORDS
    events = EVENTS

    def __post_init__(self) -> None:
        _mapped(self)

    def serves(self, kind: Kind) -> bool:
        """Those with an attack range."""
        return attacks(kind)

    def space(self, world: World, kind: Kind) -> Dict:
        """One number for each encoding."""
        others = dict(pairs(self.mapping)).get(kind.encoding, ())
        return Dict({str(encoding): Discrete(kind.simultaneous_attacks + 1) for encoding in others})

    def act(
        self, world: World, state: GridState, agent: Array, action: dict[str, Array], words: Array
    ) -> tuple[GridState, Events]:
        """Hit."""
        encoding = world.roster.encoding
        quota, wanted = jnp.zeros(world.size, jnp.int32), jnp.zeros((), bool)
        for name, count in action.items():
            quota, wanted = jnp.where(encoding == int(name), count, quota), wanted | (count > 0)
        able = targets(world, state, agent, self.mapping, words)
        hits = some_of(able, encoding, quota, most(world), self.stacked, words)
        return landed(world, state, agent, hits, wanted, words)


@register
@frozen
class SelectiveAttack:
    """Say for each cell within the attack range how many to hit there, 0 to `simultaneous_attacks` each, cells in rows."""

    mapping: Rules
    stacked: bool = False
    key = "attack"
    words = WORDS
    events = EVENTS

    def __post_init__(self) -> None:
        _mapped(self)

    def serves(self, kind: Kind) -> bool:
        """Those with an attack range."""
        return attacks(kind)

    def space(self, world: World, kind: Kind) -> MultiDiscrete:
        """One number for each cell."""
        return MultiDiscrete((kind.simultaneous_attacks + 1,) * _side(world, kind) ** 2)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Hit."""
        return _by_cell(world, state, agent, action, self, most(world), words)


@register
@frozen
class RestrictedSelectiveAttack:
    """Say for each of `simultaneous_attacks` attacks which cell to hit: 0 none, else 1 + the cell's number, cells in rows.

    Whom the accuracy misses, it misses in all attacks of the action.
    """

    mapping: Rules
    stacked: bool = False
    column_first: bool = False
    """Number cells by columns instead, as Abmarl's code does (its documentation says rows)."""
    key = "attack"
    words = WORDS
    events = EVENTS

    def __post_init__(self) -> None:
        _mapped(self)

    def serves(self, kind: Kind) -> bool:
        """Those with an attack range."""
        return attacks(kind)

    def space(self, world: World, kind: Kind) -> MultiDiscrete:
        """One cell for each attack."""
        return MultiDiscrete((_side(world, kind) ** 2 + 1,) * kind.simultaneous_attacks)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Hit."""
        side = max(_side(world, kind) for kind in world.kinds if attacks(kind))
        cell = action - 1
        if self.column_first:
            width = jnp.asarray(world.roster.each(lambda kind: _side(world, kind), "int32"))[agent]
            cell = jnp.where(action > 0, cell % width * width + cell // width, -1)
        counts = (cell == np.arange(side * side)[:, None]).sum(-1)
        return _by_cell(world, state, agent, counts, self, most(world), words)


def _by_cell(
    world: World, state: GridState, agent: Array, counts: Array, attack: Any, times: int, words: Array
) -> tuple[GridState, Events]:
    """Hit as many on each cell as `counts` `[K]` says, cells in rows of the agent's own window."""
    able = targets(world, state, agent, attack.mapping, words)
    far = jnp.asarray(world.roster.each(lambda kind: reach(kind.attack_range, world.rows, world.columns), "int32"))[agent]
    down, right = state.row - state.row[agent] + far, state.column - state.column[agent] + far
    cell = jnp.where(able, down * (2 * far + 1) + right, -1)
    quota = jnp.where(able, counts[jnp.maximum(cell, 0)], 0)
    hits = some_of(able, cell, quota, times, attack.stacked, words)
    return landed(world, state, agent, hits, (counts > 0).any(), words)
