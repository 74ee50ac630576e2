"""Rows of lanes that wait their turn, brought onto each lane's own clock.

Between two of an agent's turns lie rows on which it neither decides nor ends. A learner never sees these: each decision is
followed by the lane's next row that counts, and its reward is all that came until then. (`docs/multi_agent.md` draws it.)
"""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.runtime.party import Turns
from ecotone.trajectory import Array, Trajectory


def nobody_waits(example: Trajectory) -> Trajectory:
    """What waits before the first fragment of rows shaped as `example` `[T + 1, L, ...]`: rows of no past."""
    return jax.tree.map(lambda x: jnp.zeros(x.shape[1:], x.dtype), example._replace(memory=()))


def compact(waiting: Trajectory, rows: Trajectory, counts: Array) -> tuple[Trajectory, Trajectory]:
    """Rows `[T + 1, L, ...]` on each lane's own clock, as many as before, and what waits after them.

    The first row is the last one of the fragment before, now with its decision; after the last row that counts come copies
    of it, which are only looked at.

    Arguments:
        waiting: each lane's newest row that counts, from the fragment before `[L, ...]`, without its memory.
        rows: on the environment's clock; `memory` is of `Turns`.
        counts: rows on which the lane is asked or its episode ends, `[T + 1, L]`.
    """
    memory: Turns = rows.memory
    held = ~counts[0]  # else the row that waited is row 0 itself, which is looked at anew
    counted = jnp.concatenate([held[None], counts])
    line = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), waiting, rows._replace(memory=()))
    reward, discount = _brought(line, counted, held)
    number, length = jnp.arange(len(counts))[:, None], counted.sum(0)
    lane = jnp.arange(len(length))
    source = jnp.argsort(~counted, axis=0, stable=True)
    source = source[jnp.minimum(number, length - 1), lane]
    taken = jax.tree.map(lambda x: x[source, lane], line)
    acted = taken.acted & (number < length - 1)
    told = taken._replace(
        is_first=taken.is_first & (number < length),
        acted=acted,
        reward=jnp.where(acted, reward, 0.0),
        discount=jnp.where(acted, discount, 1.0),
    )
    newest = jax.tree.map(lambda x: x[-1], taken)
    newest = newest._replace(reward=reward[length - 1, lane], discount=discount[length - 1, lane])
    return newest, told._replace(memory=jax.tree.map(lambda old, now: _choose(held, old, now), memory.before, memory.now))


def _brought(line: Trajectory, counted: Array, held: Array) -> tuple[Array, Array]:
    """What each row that counts brought until the next one: its reward and its discount, `[T + 1, L]`, in their order."""
    rank = jnp.maximum(counted.cumsum(0) - 1, 0)
    closed = jnp.concatenate([held[None], jnp.ones_like(counted[2:]), jnp.zeros_like(counted[:1])])
    zero, lane = jnp.zeros((len(counted) - 1, len(held)), jnp.float32), jnp.arange(len(held))
    reward = zero.at[rank, lane].add(jnp.where(closed, line.reward, 0.0))
    return reward, (zero + 1.0).at[rank, lane].min(jnp.where(closed, line.discount, 1.0))


def _choose(lanes: Array, one: Array, other: Array) -> Any:
    return jnp.where(lanes.reshape(-1, *(1,) * (one.ndim - 1)), one, other)
