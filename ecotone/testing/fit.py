"""Training in one program, for tests: a compiled environment, a fixed number of fragments, no files and no events."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.envs.compiled import CompiledStream
from ecotone.protocols import Algorithm, Environment, Key, Params, State
from ecotone.runtime.learn import Learner, begin, fragment_length, learn
from ecotone.trajectory import Array, TimeStep, Trajectory, Tree


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


class Acting(NamedTuple):
    """Where collection stands: the stream's state, what it last showed, the policy's memory, the key."""

    stream: State
    now: TimeStep
    memory: Tree
    key: Key


def collect(
    algorithm: Algorithm, stream: CompiledStream, params: Params, acting: Acting, length: int
) -> tuple[Acting, Trajectory]:
    """`length` decisions in every lane: where collection then stands, and `length` + 1 rows, the last only looked at."""
    keys = jax.random.split(acting.key, length + 1)

    def step(acting: Acting, key: Key) -> tuple[Acting, tuple[Any, ...]]:
        now = acting.now
        action, extras, memory = algorithm.act(params, now.observation, now.is_first, acting.memory, key, True)
        state, following = stream.step(acting.stream, action)
        row = (now.observation, now.is_first, now.asks, action, following.reward, following.discount, extras)
        return Acting(state, following, memory, acting.key), row

    ended, rows = jax.lax.scan(step, acting, keys[1:])
    _, last = jax.eval_shape(step, acting, keys[0])
    blank = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), last)
    blank = (ended.now.observation, ended.now.is_first, *blank[2:5], jnp.ones_like(ended.now.discount), blank[6])
    rows = jax.tree.map(lambda x, y: jnp.concatenate([x, y[None]]), rows, blank)
    return ended._replace(key=keys[0]), Trajectory(*rows, memory=acting.memory)


@partial(jax.jit, static_argnums=(2, 3))
def _fit(algorithm: Any, environment: Any, lanes: int, fragments: int, key: Key) -> Fitted:
    stream, length = CompiledStream(environment, lanes), fragment_length(algorithm, lanes)
    key_stream, key_act, key_learn = jax.random.split(key, 3)
    acting = Acting(*stream.start(key_stream), algorithm.initial_memory(lanes), key_act)

    def example(key: Key) -> Trajectory:
        params = algorithm.policy(algorithm.init(key, stream.spec))
        return collect(algorithm, stream, params, acting, length)[1]

    learner = begin(algorithm, key_learn, stream.spec, jax.eval_shape(example, key_learn))

    def once(carry: tuple[Acting, Learner], _: None) -> tuple[tuple[Acting, Learner], Any]:
        acting, learner = carry
        acting, rows = collect(algorithm, stream, algorithm.policy(learner.state), acting, length)
        learned = learn(algorithm, learner, rows)
        reward = rows.reward[:-1].sum() / jnp.maximum(rows.acted[:-1].sum(), 1)
        return (acting, learned.learner), (learned.metrics, reward)

    (_, learner), (metrics, reward) = jax.lax.scan(once, (acting, learner), None, fragments)
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
