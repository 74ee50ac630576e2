"""Environments of Brax."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.envs.interop.arrays import action_box, alike, observation_box, one_array, settled
from ecotone.frozen import frozen
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import Spec

Array = Any
Key = Any
Tree = Any
Options = tuple[tuple[str, Any], ...]


class BraxState(NamedTuple):
    """Brax's own state, decisions taken."""

    inner: Tree
    steps: Array


@frozen
class Brax:
    """An environment of Brax without its wrappers: `done` terminates, `limit` truncates.

    Actions lie in [-1, 1] as Brax's own trainers send them; the environment scales them to its actuators.

    Raises:
        MissingExtra: Brax is not installed.
        Mistake: Brax has no environment of this name, or the environment no such option.
    """

    name: str
    """Its name in Brax, such as `halfcheetah`."""
    options: tuple[tuple[str, Any], ...] = ()
    """Arguments of its constructor by name, such as `backend` (`generalized`, `positional`, `spring` or `mjx`)."""
    limit: int = 1000
    """Decisions per episode; 0 for no limit."""

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise Mistake(f"brax:{self.name}: limit is {self.limit}; give decisions per episode, or 0 for no limit.")
        _spec(self.name, self.options)

    @property
    def spec(self) -> Spec:
        """A vector of numbers in (several, flattened and joined), a vector in [-1, 1] out."""
        return _spec(self.name, self.options)

    def reset(self, key: Key) -> tuple[BraxState, Array]:
        """Begin an episode."""
        inner = settled(_build(self.name, self.options).reset(key))
        return BraxState(inner, jnp.zeros((), jnp.int32)), one_array(inner.obs)

    def step(self, state: BraxState, action: Array, key: Key) -> tuple[BraxState, Array, Array, Array, Array]:
        """Take an action `[K]`."""
        inner = alike(_build(self.name, self.options).step(state.inner, action), state.inner)
        steps = state.steps + 1
        truncated = (steps >= self.limit) & (self.limit > 0)
        return BraxState(inner, steps), one_array(inner.obs), inner.reward, inner.done > 0.5, truncated


def names() -> tuple[str, ...]:
    """Every environment that Brax has registered."""
    return tuple(_envs()._envs)


def _envs() -> Any:
    try:
        from brax import envs
    except ModuleNotFoundError as error:
        if error.name != "brax":
            raise
        raise MissingExtra("brax", "brax") from error
    return envs


@functools.cache
def _build(name: str, options: Options) -> Any:
    if name not in names():
        known = f" There are {', '.join(sorted(names()))}."
        raise Mistake(f"brax has no environment named {name!r}.{nearest(name, names()) or known}")
    try:
        return _envs().get_environment(name, **dict(options))
    except TypeError as error:
        raise Mistake(f"brax:{name} was not built: {error}.") from error


@functools.cache
def _spec(name: str, options: Options) -> Spec:
    environment = _build(name, options)
    first = jax.eval_shape(environment.reset, jax.random.key(0))
    return Spec(observation_box(first.obs), action_box((int(environment.action_size),), -1.0, 1.0))
