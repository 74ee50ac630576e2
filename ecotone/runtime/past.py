"""Self-play against the past: what a group learned at earlier times, one of which its opponents play at a time."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp

from ecotone.groups import Group, Past
from ecotone.mistakes import Mistake
from ecotone.protocols import Key, Params
from ecotone.trajectory import Array


class Pool(NamedTuple):
    """Policies kept `[size, ...]`, which one plays now, and fragments seen."""

    kept: Params
    plays: Array
    fragments: Array


def begin(past: Past, params: Params) -> Pool:
    """A pool that holds a group's first policy."""
    zero = jnp.zeros((), jnp.int32)
    return Pool(jax.tree.map(lambda x: jnp.broadcast_to(x, (past.size, *jnp.shape(x))), params), zero, zero)


def policy(pool: Pool) -> Params:
    """The policy that plays now."""
    return jax.tree.map(lambda kept: kept[pool.plays], pool.kept)


def onward(past: Past, pool: Pool, params: Params, key: Key) -> Pool:
    """Keep the group's present policy if it is time, and draw who plays until the next fragment."""
    fragments = pool.fragments + 1
    place = (fragments // past.every) % past.size
    due = fragments % past.every == 0
    keep = lambda kept, new: jnp.where(due, kept.at[place].set(new), kept)
    count = jnp.minimum(fragments // past.every + 1, past.size)
    return Pool(jax.tree.map(keep, pool.kept, params), jax.random.randint(key, (), 0, count), fragments)


def check(groups: Mapping[str, Group]) -> None:
    """Raise `Mistake` for groups that play a past which is not there, or not theirs to play."""
    for name, group in groups.items():
        if group.past is None:
            continue
        of = groups.get(group.past.of)
        if of is None or of.past is not None or not of.train:
            learning = ", ".join(other for other, each in groups.items() if each.train and each.past is None)
            raise Mistake(f"group {name} plays the past of '{group.past.of}', which does not learn: say one of {learning}.")
        if type(of.algorithm) is not type(group.algorithm) or not (of.shared and group.shared) or of.joint or group.joint:
            raise Mistake(
                f"group {name} plays the past of {group.past.of}: both need the same algorithm and a shared policy."
            )
