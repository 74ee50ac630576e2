"""Random elements of spaces, and rows that an algorithm could have collected."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.feed import NoRows, Rollout
from ecotone.protocols import Algorithm, Key, State
from ecotone.replay import ring
from ecotone.spec import (
    Box,
    Dict,
    Discrete,
    Leaf,
    MultiBinary,
    MultiDiscrete,
    Repeated,
    Space,
    Spec,
    Tuple,
    leaves,
    over_parts,
)  # fmt: skip
from ecotone.trajectory import Array, Trajectory, Tree

REPLAYED_ROWS = 40


def observations(space: Space, key: Key, leading: tuple[int, ...]) -> Tree:
    """Random observations with the given leading axes: even between finite bounds, else standard normal.

    Items behind a list's count are zeros.
    """
    keys = iter(jax.random.split(key, len(leaves(space))))
    drawn = over_parts(lambda leaf, place: _observation(leaf, next(keys), (*leading, *place.axes)), space)
    return _without_absent_items(space, drawn)


def _observation(space: Leaf, key: Key, leading: tuple[int, ...]) -> Array:
    if not isinstance(space, Box):
        return choices(space, key, leading)
    shape = (*leading, *space.shape)
    if not space.bounded:
        return jax.random.normal(key, shape).astype(space.dtype)
    low, high = space.bounds()
    return (low + jax.random.uniform(key, shape) * (high.astype(np.float64) - low)).astype(space.dtype)


def _without_absent_items(space: Space, drawn: Tree) -> Tree:
    if isinstance(space, Dict):
        return {name: _without_absent_items(part, drawn[name]) for name, part in space.parts}
    if isinstance(space, Tuple):
        return tuple(_without_absent_items(part, each) for part, each in zip(space.parts, drawn, strict=True))
    if not isinstance(space, Repeated):
        return drawn
    absent = jnp.arange(space.most) >= drawn["count"][..., None]
    blank = lambda x: jnp.where(absent.reshape(*absent.shape, *(1,) * (x.ndim - absent.ndim)), jnp.zeros((), x.dtype), x)
    return drawn | {"items": jax.tree.map(blank, _without_absent_items(space.space, drawn["items"]))}


def actions(space: Space, key: Key, leading: tuple[int, ...]) -> Tree:
    """Random actions with the given leading axes as rows hold them: entries in [-1, 1], choices from 0."""
    keys = iter(jax.random.split(key, len(leaves(space))))
    return over_parts(lambda leaf, place: _action(leaf, next(keys), (*leading, *place.axes)), space)


def _action(space: Leaf, key: Key, leading: tuple[int, ...]) -> Array:
    if isinstance(space, Box):
        return jax.random.uniform(key, (*leading, *space.shape), minval=-1.0, maxval=1.0).astype(space.dtype)
    return choices(space, key, leading)


def choices(space: Discrete | MultiDiscrete | MultiBinary, key: Key, leading: tuple[int, ...]) -> Array:
    """Random choices `[*leading, *shape]` counted from 0."""
    if isinstance(space, MultiDiscrete):
        return jax.random.randint(key, (*leading, *space.shape), 0, jnp.asarray(space.sizes)).astype(space.dtype)
    count = space.n if isinstance(space, Discrete) else 2
    return jax.random.randint(key, (*leading, *space.shape), 0, count).astype(space.dtype)


def endings(key: Key, steps: int, lanes: int, chance: float = 0.2) -> tuple[Array, Array, Array]:
    """Random `(is_first, acted, discount)` `[steps + 1, lanes]` in the rows' grammar; half the ends are terminations."""
    key_end, key_kind = jax.random.split(key)
    wishes = np.asarray(jax.random.uniform(key_end, (steps, lanes)) < chance)
    terminates = np.asarray(jax.random.bernoulli(key_kind, 0.5, (steps, lanes)))
    is_first, acted = np.zeros((steps + 1, lanes), bool), np.zeros((steps + 1, lanes), bool)
    discount = np.ones((steps + 1, lanes), np.float32)
    over, is_first[0] = np.zeros(lanes, bool), True
    for t in range(steps):
        acted[t] = ~over
        is_first[t + 1] = over
        over = ~over & wishes[t]
        discount[t] = np.where(over & terminates[t], 0.0, 1.0)
    return jnp.asarray(is_first), jnp.asarray(acted), jnp.asarray(discount)


def fragment(algorithm: Algorithm, state: State, spec: Spec, key: Key, steps: int, lanes: int) -> Trajectory:
    """Rows `[steps + 1, lanes]` of random observations, rewards and ends with the algorithm's actions and extras."""
    key_seen, key_reward, key_ends, key_act = jax.random.split(key, 4)
    seen = observations(spec.observation, key_seen, (steps + 1, lanes))
    is_first, acted, discount = endings(key_ends, steps, lanes)
    first_memory, params = algorithm.initial_memory(lanes), algorithm.policy(state)

    def act(memory: Any, row: tuple[Any, Array, Key]) -> tuple[Any, tuple[Any, Any]]:
        action, extras, memory = algorithm.act(params, row[0], row[1], memory, row[2], True)
        return memory, (action, extras)

    keys = jax.random.split(key_act, steps + 1)
    _, (action, extras) = jax.lax.scan(act, first_memory, (seen, is_first, keys))
    reward = jnp.where(acted, jax.random.normal(key_reward, acted.shape), 0.0)
    return Trajectory(seen, is_first, acted, action, reward, discount, extras, first_memory)


def rows_for(algorithm: Algorithm, state: State, spec: Spec, key: Key, lanes: int = 4) -> Trajectory:
    """Rows to update from, as the algorithm's feed delivers them: a fragment, or windows drawn from a replay."""
    feed = algorithm.feed
    if isinstance(feed, Rollout | NoRows):
        length = feed.length if isinstance(feed, Rollout) else REPLAYED_ROWS
        return fragment(algorithm, state, spec, key, length, lanes)
    key_rows, key_draw = jax.random.split(key)
    rows = fragment(algorithm, state, spec, key_rows, REPLAYED_ROWS + feed.window, lanes)
    store = ring.add(ring.empty(rows, rows.acted.size, feed.window), rows)
    return ring.draw(store, key_draw, feed.batch, feed.window)
