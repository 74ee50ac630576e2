"""Many copies of a pure environment as one stream, inside the program."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.protocols import Environment
from ecotone.spec import Spec, to_environment
from ecotone.trajectory import Array, TimeStep

Key = Any
Tree = Any


class CompiledState(NamedTuple):
    """States of all copies, whose episodes are over, the key, and the steps taken since it (keys follow from both)."""

    inner: Tree
    over: Array
    key: Key
    steps: Array


@frozen
class CompiledStream:
    """`lanes` copies of a compiled environment; a copy whose episode is over begins the next one at the following step.

    A pytree like its environment: handed to a jitted function as an argument, another `environment` of the same class
    (another task) does not recompile.
    """

    environment: Environment
    lanes: int

    @property
    def spec(self) -> Spec:
        """The environment's spec."""
        return self.environment.spec

    def start(self, key: Key) -> tuple[CompiledState, TimeStep]:
        """Begin an episode in every lane."""
        key, key_reset = jax.random.split(key)
        inner, observation = jax.vmap(self.environment.reset)(jax.random.split(key_reset, self.lanes))
        yes, one = jnp.ones(self.lanes, bool), jnp.ones(self.lanes, jnp.float32)
        now = TimeStep(observation, yes, yes, jnp.zeros_like(one), one)
        return CompiledState(inner, ~yes, key, jnp.zeros((), jnp.uint32)), now

    def step(self, state: CompiledState, action: Tree) -> tuple[CompiledState, TimeStep]:
        """Step lanes that live, begin anew in lanes that are over."""
        action = to_environment(self.spec.action, action)
        keys = lambda: keys_of(state.key, state.steps, self.lanes)
        stepped = jax.vmap(self.environment.step)(state.inner, action, keys())
        inner, observation, reward, terminated, truncated = stepped
        inner, observation = begin_anew(self.environment.reset, keys, state.over, (inner, observation))
        terminated, truncated = terminated & ~state.over, truncated & ~state.over
        over = terminated | truncated
        reward = jnp.where(state.over, 0.0, reward).astype(jnp.float32)
        now = TimeStep(observation, state.over, ~over, reward, 1.0 - terminated.astype(jnp.float32))
        return CompiledState(inner, over, state.key, state.steps + 1), now

    def with_task(self, task: Environment) -> "CompiledStream":
        """As many copies of another environment."""
        return replace(self, environment=task)


def keys_of(key: Key, steps: Array, lanes: int) -> Array:
    """One key per lane for this step, be it to step with or to begin anew with: no lane does both.

    They follow from a fixed key and a count, so that an environment without chance hashes nothing unless it begins
    anew: what nobody reads, XLA leaves out.
    """
    return jax.random.split(jax.random.fold_in(key, steps), lanes)


def begin_anew(reset: Callable[[Key], Tree], keys: Callable[[], Array], over: Array, stepped: Tree, few: int = 0) -> Tree:
    """What a step left `[B, ...]`, with what `reset` gives in its place in lanes that are over `[B]`.

    `keys` is called where they are needed: hashing them costs as much as a step of a small environment. Where no
    more than `few` lanes are over, only as many are begun anew: for environments whose reset costs more than a step.
    """

    def renew(stepped: Tree) -> Tree:
        fresh = jax.vmap(reset)(keys())
        choose = lambda new, old: jnp.where(over.reshape(-1, *(1,) * (new.ndim - 1)), new, old)
        return jax.tree.map(choose, fresh, stepped)

    def renew_few(stepped: Tree) -> Tree:
        which = jnp.nonzero(over, size=few, fill_value=lanes)[0]
        fresh = jax.vmap(reset)(keys()[which])
        return jax.tree.map(lambda new, old: old.at[which].set(new, mode="drop"), fresh, stepped)

    lanes = len(over)
    if few == 0:
        return jax.lax.cond(over.any(), renew, lambda stepped: stepped, stepped)
    count = over.sum()
    how_many = (count > 0).astype(jnp.int32) + (count > few)
    return jax.lax.switch(how_many, (lambda stepped: stepped, renew_few, renew), stepped)
