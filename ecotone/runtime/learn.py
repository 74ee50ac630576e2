"""The one `learn`: what every runtime does with a fragment of rows."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.feed import Replay, Rollout
from ecotone.protocols import Algorithm, Key, Params, State
from ecotone.replay import experience
from ecotone.replay.experience import Experience
from ecotone.trajectory import Array, Trajectory


class Learner(NamedTuple):
    """All that learning carries from one fragment to the next."""

    state: State
    store: Any
    key: Key


class Learned(NamedTuple):
    """What a fragment left: the learner, what actors need of it, and metrics of the `updates` just made (means)."""

    learner: Learner
    params: Params
    metrics: dict[str, Array]
    updates: Array


def begin(algorithm: Algorithm, key: Key, spec: Any, example: Trajectory) -> Learner:
    """A fresh learner for fragments shaped as `example` `[T + 1, B, ...]`."""
    key_state, key_learn = jax.random.split(key)
    state = algorithm.init(key_state, spec)
    if isinstance(feed := algorithm.feed, Replay):
        return Learner(state, experience.empty(feed, example, spec.observation), key_learn)
    return Learner(state, (), key_learn)


def fragment_length(algorithm: Algorithm, lanes: int) -> int:
    """Decisions per lane between two calls of `learn`."""
    feed = algorithm.feed
    if isinstance(feed, Rollout):
        return feed.length
    if isinstance(feed, Replay):
        return feed.fragment(lanes)
    raise ValueError(f"{type(algorithm).__name__} learns from a dataset and collects nothing.")


def learn(algorithm: Algorithm, learner: Learner, rows: Trajectory) -> Learned:
    """Take note of a fragment and learn from it, or from what the replay draws. Pure; every runtime jits it."""
    key, key_update = jax.random.split(learner.key)
    state = algorithm.observe(learner.state, rows)
    if isinstance(algorithm.feed, Replay):
        state, store, metrics, updates = _learn_from_replay(algorithm, state, learner.store, rows, key_update)
    else:
        state, report = algorithm.update(state, rows, key_update)
        store, metrics, updates = (), report.metrics, jnp.ones((), jnp.int32)
    return Learned(Learner(state, store, key), algorithm.policy(state), metrics, updates)


def _learn_from_replay(algorithm: Any, state: State, held: Experience, rows: Trajectory, key: Key) -> tuple:
    feed = algorithm.feed
    held, due = experience.add(feed, held, rows), feed.updates(rows.acted.shape[1])

    def once(both: tuple, keys: Key) -> tuple[tuple, dict[str, Array]]:
        state, priorities = both
        now = held._replace(priorities=priorities)
        windows, at = experience.draw(feed, now, keys[0])
        state, report = algorithm.update(state, windows, keys[1])
        return (state, experience.learned(feed, now, at, report).priorities), report.metrics

    def some(both: tuple) -> tuple[tuple, dict[str, Array]]:
        if due == 1:
            return once(both, keys_of(key, due)[0])
        both, metrics = jax.lax.scan(once, both, keys_of(key, due))
        return both, jax.tree.map(lambda x: x.mean(0), metrics)

    def none(both: tuple) -> tuple[tuple, dict[str, Array]]:
        shapes = jax.eval_shape(some, both)[1]
        return both, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)

    ready = experience.ready(feed, held.ring.layout, held.ring.filled)
    (state, priorities), metrics = jax.lax.cond(ready, some, none, (state, held.priorities))
    return state, held._replace(priorities=priorities), metrics, jnp.where(ready, due, 0)


def keys_of(key: Key, due: int) -> Key:
    """For each update that is due a key to draw windows with and one to learn with, `[due, 2]`."""
    return jax.random.split(key, (due, 2))
