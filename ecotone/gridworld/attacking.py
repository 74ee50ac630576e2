"""Attacks: what all have in common, and whom they choose among.

An agent hits others that are within its attack range, active, of an encoding that it may attack, not hidden from it, and
that its accuracy does not miss. Each hit takes its strength from the other's health; who has none left is off the grid.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.blocking import in_sight
from ecotone.gridworld.cells import Rules, pairs, reach, table
from ecotone.gridworld.chance import choose, shuffled, sub, uniform
from ecotone.gridworld.components import Events, World
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState

Array = Any
EVENTS = ("attack", "missed", "kill")
WORDS = 3
"""For whom the accuracy misses, for whom is chosen, and for which hits ammunition is left."""


def attacks(kind: Kind) -> bool:
    """Whether agents of a kind attack."""
    return kind.attack_range is not None


def longest(world: World) -> int:
    """The greatest attack range of the world, in cells."""
    return max(reach(kind.attack_range, world.rows, world.columns) for kind in world.kinds)


def most(world: World) -> int:
    """The most attacks that anyone has in one action."""
    return max(kind.simultaneous_attacks for kind in world.kinds if attacks(kind))


def targets(world: World, state: GridState, agent: Array, mapping: Rules, words: Array) -> Array:
    """Whom an agent could hit now, `[N]` bool."""
    roster, everybody = world.roster, np.arange(world.size)
    far = jnp.asarray(roster.each(lambda kind: reach(kind.attack_range, world.rows, world.columns), "int32"))[agent]
    down, right = state.row - state.row[agent], state.column - state.column[agent]
    near = (abs(down) <= far) & (abs(right) <= far)
    able = (
        jnp.asarray(table(world.kinds, pairs(mapping), "the attack mapping"))[agent]
        & state.active
        & (everybody != agent)
        & near
    )
    accuracy = roster.each(lambda kind: kind.attack_accuracy, "float32")
    if (accuracy < 1).any():
        able &= uniform(words[0], everybody) <= jnp.asarray(accuracy)[agent]
    if any(kind.blocking for kind in world.kinds):
        able &= _sighted(world, state, agent, down, right, near)
    return able


def _sighted(world: World, state: GridState, agent: Array, down: Array, right: Array, near: Array) -> Array:
    far = longest(world)
    sight = in_sight(world, state, state.row[agent][None], state.column[agent][None], far)[0]
    return sight[jnp.where(near, (down + far) * (2 * far + 1) + right + far, 0)]


def one_of(able: Array, quota: Array, words: Array) -> Array:
    """At most one of those who can be hit, if the quota `[]` is above 0, `[N]` int32."""
    return (choose(able, words[1]) & (quota > 0)).astype(jnp.int32)


def some_of(able: Array, group: Array, quota: Array, times: int, stacked: bool, words: Array) -> Array:
    """How often each is hit, `[N]` int32.

    Arguments:
        able: who can be hit, `[N]`.
        group: number of the group each belongs to, `[N]`.
        quota: hits that its group gets, `[N]`, at most `times`.
        stacked: each hit is drawn from all of the group anew; else from those not hit yet, and what is left over is lost.
    """
    alike = (group[:, None] == group) & able
    index = np.arange(len(able))
    if not stacked:
        order = shuffled(words[1], index)
        before = (alike & (order > order[:, None])).sum(-1)
        return (able & (before < quota)).astype(jnp.int32)
    hits = jnp.zeros(len(able), jnp.int32)
    for hit in range(times):
        order = shuffled(sub(words[1], hit), index)
        hits += able & ~(alike & (order > order[:, None])).any(-1) & (hit < quota)
    return hits


def landed(
    world: World, state: GridState, agent: Array, hits: Array, wanted: Array, words: Array
) -> tuple[GridState, Events]:
    """The state after an agent's hits `[N]`, and its events; `wanted`: it did attack."""
    limited = world.roster.each(lambda kind: kind.ammunition is not None, "bool")
    if (limited & world.roster.each(attacks, "bool")).any():
        left = jnp.where(jnp.asarray(limited)[agent], state.ammunition[agent], np.int32(2**30))
        hits = _affordable(hits, left, most(world), words)
        spent = jnp.where(limited & (np.arange(world.size) == agent), hits.sum(), 0)
        state = state._replace(ammunition=state.ammunition - spent)
    strength = jnp.asarray(world.roster.each(lambda kind: kind.attack_strength, "float32"))[agent]
    after = state.hurt(jnp.where(hits > 0, hits * strength, 0.0))
    killed = state.active & ~after.active
    return after, {"attack": wanted, "missed": wanted & ~(hits > 0).any(), "kill": killed.sum()}


def _affordable(hits: Array, left: Array, times: int, words: Array) -> Array:
    """The hits that ammunition is left for; which of too many, chance decides."""
    each = np.arange(times)[:, None] < hits
    order = jnp.where(each, shuffled(words[2], np.arange(each.size).reshape(each.shape)), np.uint32(0))
    ranked = jnp.sort(order.ravel())[::-1]
    least = jnp.where(left > 0, ranked[jnp.clip(left, 1, order.size) - 1], np.uint32(0))
    return jnp.where(left > 0, (each & (order >= least)).sum(0), 0).astype(jnp.int32)
