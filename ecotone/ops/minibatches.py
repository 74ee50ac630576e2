"""Rows cut into minibatches, and windows into transitions."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.trajectory import Trajectory

Array = Any
Tree = Any
Key = Any


def permutations(key: Key, count: int, size: int) -> Array:
    """`count` shuffles of 0 … size - 1, int32 `[count, size]`, for at most 2²⁴ entries.

    Random high bits with the index in the low bits, sorted: one cheap sort of integers. Entries whose high bits agree
    (rare below 2¹⁶ entries) keep their order, which does not matter to minibatches.

    >>> jnp.sort(permutations(jax.random.key(0), 2, 3)).tolist()
    [[0, 1, 2], [0, 1, 2]]
    """
    low_bits = max(size - 1, 1).bit_length()
    low = jnp.uint32((1 << low_bits) - 1)
    random = jax.random.bits(key, (count, size), jnp.uint32)
    packed = (random & ~low) | jnp.arange(size, dtype=jnp.uint32)
    return (jnp.sort(packed, axis=-1) & low).astype(jnp.int32)


def decisions(rows: Trajectory, n: int) -> Trajectory:
    """Windows `[n + 1, S · batch, ...]` that begin at each of the first S rows of sequences `[S + n, batch, ...]`.

    So that n-step targets (Sutton & Barto 2018, eq. 7.1) are one thing for transitions and sequences. What belongs to
    whole windows (memory, importance) stays with those.

    >>> rows = Trajectory(jnp.arange(4)[:, None], *[jnp.zeros((4, 1))] * 5, (), ())
    >>> decisions(rows, 1).observation.tolist()
    [[0, 1, 2], [1, 2, 3]]
    """
    count = rows.acted.shape[0] - n
    rows = rows._replace(extras=(), memory=())
    if count == 1:
        return rows
    cut = lambda x: jnp.stack([x[i : i + count] for i in range(n + 1)]).reshape(n + 1, -1, *x.shape[2:])
    return jax.tree.map(cut, rows)


class Transition(NamedTuple):
    """A decision and what it led to, one per window `[batch, ...]` (Sutton & Barto 2018, section 7.1).

    Attributes:
        observation, action: of the decision.
        reward: discounted sum over the decisions up to `following`.
        discount: γ per decision, 0 behind a termination; it multiplies the value of `following`.
        following: the observation to bootstrap from.
        weight: 1, or 0 where the window's first row holds no decision.

    >>> one = jnp.ones(1)
    >>> Transition(one, one, one, one, following=5.0 * one, weight=one).following.tolist()
    [5.0]
    """

    observation: Tree
    action: Array
    reward: Array
    discount: Array
    following: Tree
    weight: Array


def transition(rows: Trajectory, gamma: Array) -> Transition:
    """Windows `[n + 1, batch, ...]` as n-step transitions; one that meets an episode's end stops there.

    The target is `reward + discount · value(following)` (Sutton & Barto 2018, eq. 7.1); `gamma` is the discount per step.

    >>> acted, one = jnp.asarray([[True], [True], [False]]), jnp.ones((3, 1))
    >>> rows = Trajectory(jnp.arange(3.0)[:, None], ~acted, acted, one, one, one, (), ())
    >>> [each.item() for each in transition(rows, 0.5)]
    [0.0, 1.0, 1.5, 0.25, 2.0, 1.0]
    """
    steps = rows.acted.shape[0] - 1
    alive = jnp.cumprod(rows.acted[:-1].astype(jnp.float32), axis=0)
    onward = jnp.cumprod(jnp.where(alive > 0, gamma * rows.discount[:-1], 1.0), axis=0)
    before = jnp.concatenate([jnp.ones_like(onward[:1]), onward[:-1]])
    reward = (alive * before * rows.reward[:-1]).sum(0)
    last = alive.sum(0).astype(jnp.int32)
    lane = jnp.arange(last.shape[0])
    following = jax.tree.map(lambda x: x[1] if steps == 1 else x[last, lane], rows.observation)
    first = lambda tree: jax.tree.map(lambda x: x[0], tree)
    return Transition(first(rows.observation), first(rows.action), reward, onward[-1], following, alive[0])


def importance(rows: Trajectory) -> Array:
    """Weights of windows drawn by priority, `[batch]` at most 1, by which to multiply their losses; 1.0 for other rows.

    Schaul et al. 2015, arXiv:1511.05952, section 3.4: `(N · P(i)) ** -β`, divided by the greatest of the batch.

    >>> rows = Trajectory(*[jnp.zeros((2, 3))] * 6, extras={"importance": jnp.asarray([1.0, 0.5, 0.25])}, memory=())
    >>> importance(rows).tolist(), importance(rows._replace(extras=()))
    ([1.0, 0.5, 0.25], 1.0)
    """
    return rows.extras.get("importance", 1.0) if isinstance(rows.extras, dict) else 1.0
