"""Training in one program, for tests: a compiled environment, a fixed number of fragments, no files and no events."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.envs.compiled import CompiledStream
from ecotone.protocols import Algorithm, Environment, Key, State
from ecotone.runtime.collect import collect, example_rows
from ecotone.runtime.learn import begin, fragment_length, learn
from ecotone.trajectory import Array


class Fitted(NamedTuple):
    """What training left.

    Attributes:
        state: the algorithm's state.
        metrics: of the updates, by name, `[fragments]`; 0 where a replay still warmed up.
        reward: mean reward per decision while each fragment was collected, `[fragments]`.
    """

    state: State
    metrics: dict[str, Array]
    reward: Array


@partial(jax.jit, static_argnums=(2, 3))
def _fit(algorithm: Any, environment: Any, lanes: int, fragments: int, key: Key) -> Fitted:
    stream, length = CompiledStream(environment, lanes), fragment_length(algorithm, lanes)
    key_stream, key_act, key_learn = jax.random.split(key, 3)
    state, now = stream.start(key_stream)
    memory = algorithm.initial_memory(lanes)
    learner = begin(algorithm, key_learn, stream.spec, example_rows(algorithm, stream.spec, now, memory, length))

    def once(carry: tuple, key: Key) -> tuple[tuple, Any]:
        state, now, memory, learner = carry
        params = algorithm.policy(learner.state)
        state, now, memory, rows = collect(algorithm, params, stream, state, now, memory, key, length)
        learned = learn(algorithm, learner, rows)
        reward = rows.reward[:-1].sum() / jnp.maximum(rows.acted[:-1].sum(), 1)
        return (state, now, memory, learned.learner), (learned.metrics, reward)

    carry = (state, now, memory, learner)
    (*_, learner), (metrics, reward) = jax.lax.scan(once, carry, jax.random.split(key_act, fragments))
    return Fitted(learner.state, metrics, reward)


def fit(algorithm: Algorithm, environment: Environment, lanes: int, fragments: int, seed: int = 0) -> Fitted:
    """Train on a compiled environment in one jitted scan.

    Arguments:
        algorithm: one that learns from fresh rows or a replay.
        environment: a compiled environment.
        lanes: copies of the environment.
        fragments: how often rows are collected and learned from; each is as long as the algorithm's feed asks.
        seed: decides weights, episodes and noise.

    Raises:
        ValueError: the algorithm learns from a dataset, or cannot serve the environment's spec.
    """
    return _fit(algorithm, environment, lanes, fragments, jax.random.key(seed))
