"""The one step of collecting: choose, act, remember the row."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.groups import ALL
from ecotone.protocols import Acting, Key, Params, Stream
from ecotone.trajectory import TimeStep, Trajectory, Tree


def row_of(now: TimeStep, then: TimeStep, action: Tree, extras: Tree) -> Trajectory:
    """The row of a step: what was seen and chosen `now`, what it brought `then`."""
    return Trajectory(now.observation, now.is_first, now.asks, action, then.reward, then.discount, extras, ())


def look_at(now: TimeStep, like: Trajectory, zeros_like: Any) -> Trajectory:
    """The row of a step that is only looked at, with nothing chosen; shaped as the row `like`."""
    blank = jax.tree.map(zeros_like, (like.action, like.reward, like.discount, like.extras))
    action, reward, discount, extras = blank
    return Trajectory(
        now.observation, now.is_first, jax.tree.map(zeros_like, now.asks), action, reward, discount, extras, ()
    )


def collect(
    algorithm: Acting, params: Params, stream: Stream, state: Any, now: TimeStep, memory: Tree, key: Key, length: int
) -> tuple[Any, TimeStep, Tree, Trajectory]:
    """`length` steps of a compiled stream inside a program: `(stream state, time step, memory, rows [length + 1, B])`."""

    def step(carry: tuple, t: Any) -> tuple[tuple, Trajectory]:
        state, now, memory = carry
        chosen = algorithm.act(params, now.observation, now.is_first, memory, jax.random.fold_in(key, t), True)
        action, extras, memory = chosen
        state, then = stream.step(state, action)
        return (state, then, memory), row_of(now, then, action, extras)

    (state, now, after), rows = jax.lax.scan(step, (state, now, memory), jnp.arange(length))
    last = look_at(now, jax.tree.map(lambda x: x[-1], rows), jnp.zeros_like)
    rows = jax.tree.map(lambda x, y: jnp.concatenate([x, y[None]]), rows, last)
    return state, now, after, rows._replace(memory=memory)


def example_rows(algorithm: Acting, spec: Any, now: TimeStep, memory: Tree, length: int) -> Trajectory:
    """Shapes and types of a fragment of `length` decisions; nothing is computed."""

    def rows(key: Key, now: TimeStep, memory: Tree) -> Trajectory:
        params = algorithm.policy(algorithm.init(key, spec))
        action, extras, _ = algorithm.act(params, now.observation, now.is_first, memory, key, True)
        row = row_of(now, now, action, extras)
        return jax.tree.map(lambda x: jnp.broadcast_to(x, (length + 1, *x.shape)), row)._replace(memory=memory)

    return jax.eval_shape(rows, jax.random.key(0), now, memory)


def whole(field: Tree) -> Any:
    """What a field says of environments as a whole, `[..., B]`: itself, or the entry for all of a `Party`'s groups."""
    return field[ALL] if isinstance(field, dict) else field
