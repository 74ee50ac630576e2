"""Training in one program, for tests: a compiled environment, a fixed number of fragments, no files and no events."""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.agents.grouped import Grouped
from ecotone.envs.agents.seats import seats
from ecotone.envs.compiled import CompiledStream
from ecotone.groups import Group, World
from ecotone.protocols import Algorithm, Environment, Key, State, Stream
from ecotone.runtime.collect import collect, example_rows
from ecotone.runtime.learn import begin, fragment_length, learn
from ecotone.spec import Spec
from ecotone.teams import MultiAgentEnvironment
from ecotone.trajectory import Array, TimeStep, Tree


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


@dataclass(frozen=True)
class OneGroup:
    """All agents of an environment as the lanes of one algorithm: each a lane, or a team that is one lane."""

    grouped: Grouped

    @property
    def name(self) -> str:
        """The group's."""
        return self.grouped.seats[0].name

    @property
    def spec(self) -> Spec:
        """What the algorithm sees and does in a lane."""
        return self.grouped.spec[self.name]

    @property
    def lanes(self) -> int:
        """Of the algorithm."""
        seating = self.grouped.seats[0]
        return self.grouped.lanes * (1 if seating.joint else len(seating.agents))

    def start(self, key: Key) -> tuple[Any, TimeStep]:
        """Begin an episode in every copy."""
        return self._told(self.grouped.start(key))

    def step(self, state: Any, action: Tree) -> tuple[Any, TimeStep]:
        """Take an action in every lane."""
        return self._told(self.grouped.step(state, {self.name: action}))

    def _told(self, both: tuple[Any, TimeStep]) -> tuple[Any, TimeStep]:
        state, step = both
        return state, TimeStep(*(field[self.name] for field in step))


def stream_of(algorithm: Any, environment: Any, copies: int) -> Stream:
    """Copies of an environment as the algorithm's lanes; raises `ValueError` where agents wait their turn."""
    if not isinstance(environment, MultiAgentEnvironment):
        return CompiledStream(environment, copies)
    world = World.of(environment)
    if not world.simultaneous:
        raise ValueError("`fit` serves agents that act at once: train those that wait their turn with an Experiment.")
    return OneGroup(Grouped(CompiledAgents(environment, copies), world, seats({"agents": Group(algorithm)}, world)))


@partial(jax.jit, static_argnums=(2, 3))
def _fit(algorithm: Any, environment: Any, copies: int, fragments: int, key: Key) -> Fitted:
    stream = stream_of(algorithm, environment, copies)
    lanes = stream.lanes
    length = fragment_length(algorithm, lanes)
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


def fit(
    algorithm: Algorithm, environment: Environment | MultiAgentEnvironment, lanes: int, fragments: int, seed: int = 0
) -> Fitted:
    """Train on a compiled environment in one jitted scan.

    Arguments:
        algorithm: one that learns from fresh rows or a replay.
        environment: a compiled environment, of one agent or of many that all act at once and learn together.
        lanes: copies of the environment.
        fragments: how often rows are collected and learned from; each is as long as the algorithm's feed asks.
        seed: decides weights, episodes and noise.

    Raises:
        ValueError: the algorithm learns from a dataset, or cannot serve the environment's spec, or agents take turns.
    """
    return _fit(algorithm, environment, lanes, fragments, jax.random.key(seed))
