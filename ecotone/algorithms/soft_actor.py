"""What soft actor-critics share (arXiv:1812.05905): one optimiser for actor, critics and temperature, their gradients apart.

The functions take an algorithm first, so that a class takes them as its methods; it has the fields of `SAC`, and `loss`.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.networks.reading import forgets, kind_of, output_of
from ecotone.ops.descent import polyak
from ecotone.ops.losses import added
from ecotone.ops.minibatches import importance, transition
from ecotone.protocols import Report
from ecotone.spec import Spec
from ecotone.trajectory import Trajectory

Array = Any
Key = Any
Tree = Any


class SACNetworks(NamedTuple):
    """All that is learned: actor, critics, logarithm of the temperature."""

    actor: Tree
    critics: Tree
    log_temperature: Array


class SACState(NamedTuple):
    """Networks, the critics' lagging copy, the optimiser's state, environment steps seen."""

    networks: SACNetworks
    target: Tree
    optimizer: Tree
    steps: Array


class SACPolicy(NamedTuple):
    """The actor, and whether actions are still drawn evenly at random."""

    actor: Tree
    warming: Array


@property
def feed(algorithm: Any) -> Replay:
    """Windows of n + 1 rows."""
    return replace(algorithm.replay, window=algorithm.n + 1)


def initial_memory(algorithm: Any, lanes: int) -> Tree:
    """The noise's memory before the first row; `()` without one."""
    return () if algorithm.noise is None else algorithm.noise.initial_memory(lanes)


def fresh_state(algorithm: Any, key: Key, spec: Spec) -> tuple[SACState, Any]:
    """Fresh weights, and the abstract policy of the actor; raises `Mistake` for an actor with a memory."""
    if not forgets(algorithm.actor.initial_memory(1)):
        name = type(algorithm).__name__
        raise Mistake(f"{name}'s critics read single rows: give it an actor without a memory, or take PPO or DQN.")
    key_actor, key_critics = jax.random.split(key)
    actor, critics = algorithm.actor.init(key_actor, spec), algorithm.critics.init(key_critics, spec)
    networks = SACNetworks(actor, critics, jnp.log(jnp.asarray(algorithm.temperature, jnp.float32)))
    target, zero = jax.tree.map(jnp.copy, critics), jnp.zeros((), jnp.int32)
    return SACState(networks, target, algorithm.optimizer.init(networks), zero), output_of(algorithm.actor, actor, spec)


def unfit(algorithm: Any, wanted: str, told: Any, recipe: str) -> Mistake:
    """What to say of an actor whose policy is not what is `wanted`."""
    return Mistake(f"{type(algorithm).__name__} needs {wanted} of its actor, not {kind_of(told)}: use {recipe}.")


def policy(algorithm: Any, state: SACState) -> SACPolicy:
    """The actor, and whether the replay still warms up."""
    return SACPolicy(state.networks.actor, state.steps < algorithm.replay.warmup)


def update(algorithm: Any, state: SACState, rows: Trajectory, key: Key) -> tuple[SACState, Report]:
    """One step down the three losses together; none sends a gradient into another's weights."""
    batch, weight = transition(rows, algorithm.gamma), importance(rows)

    def loss(networks: SACNetworks) -> tuple[Array, tuple[dict[str, Array], Array]]:
        cost, told = algorithm.loss(networks, state.target, batch, weight, key)
        return cost + added(algorithm.extra_loss, networks, rows), told

    gradient, (metrics, priority) = jax.grad(loss, has_aux=True)(state.networks)
    rates = SACNetworks(algorithm.actor_rate, 1.0, algorithm.temperature_rate)
    networks, optimizer = algorithm.optimizer.descend(state.networks, state.optimizer, gradient, state.steps, rates)
    target = polyak(state.target, networks.critics, algorithm.target_rate)
    return SACState(networks, target, optimizer, state.steps), Report(metrics, priority)
