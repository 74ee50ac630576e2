"""Environments of gymnax."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.envs.interop.arrays import action_box, alike, observation_box, one_array, settled, shaped
from ecotone.frozen import frozen
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import Discrete, Space, Spec

Array = Any
Key = Any
Tree = Any
Options = tuple[tuple[str, Any], ...]


@frozen
class Gymnax:
    """An environment of gymnax (1.0 or later) without its automatic reset; `max_steps_in_episode` truncates.

    Observations that choose one of n stay such a choice, all others are float32.

    Raises:
        MissingExtra: gymnax is not installed.
        Mistake: gymnax has no environment of this name, or the environment no such option.
    """

    name: str
    """Its name in gymnax, such as `Breakout-MinAtar`."""
    options: tuple[tuple[str, Any], ...] = ()
    """Options by name: fields of the environment's parameters, and arguments of its constructor."""

    def __post_init__(self) -> None:
        _spec(self.name, self.options)

    @property
    def spec(self) -> Spec:
        """What the environment shows and takes."""
        return _spec(self.name, self.options)

    def reset(self, key: Key) -> tuple[Tree, Array]:
        """Begin an episode."""
        environment, params = _build(self.name, self.options)
        observation, state = environment.reset_env(key, params)
        return settled(state), self._show(observation)

    def step(self, state: Tree, action: Array, key: Key) -> tuple[Tree, Array, Array, Array, Array]:
        """Take an action; terminated is what the environment says, truncated what its time limit says."""
        environment, params = _build(self.name, self.options)
        wanted = environment.action_space(params)
        action = shaped(action, self.spec.action, wanted.shape, wanted.dtype)
        observation, after, reward, terminated, _ = environment.step_env(key, state, action, params)
        truncated = jnp.asarray(environment.is_truncated(after, params), bool)
        reward, terminated = jnp.asarray(reward, jnp.float32), jnp.asarray(terminated, bool)
        return alike(after, state), self._show(observation), reward, terminated, truncated

    def _show(self, observation: Tree) -> Array:
        if isinstance(self.spec.observation, Discrete):
            return jnp.asarray(observation, jnp.int32)
        return one_array(observation)


def names() -> tuple[str, ...]:
    """Every environment that gymnax has registered."""
    return tuple(_gymnax().registered_envs)


def _gymnax() -> Any:
    try:
        import gymnax
    except ModuleNotFoundError as error:
        if error.name != "gymnax":
            raise
        raise MissingExtra("gymnax", "gymnax") from error
    return gymnax


@functools.cache
def _build(name: str, options: Options) -> tuple[Any, Any]:
    """The environment and its parameters."""
    if name not in names():
        known = f" There are {', '.join(sorted(names()))}."
        raise Mistake(f"gymnax has no environment named {name!r}.{nearest(name, names()) or known}")
    fields = {field.name for field in dataclasses.fields(_gymnax().make(name)[1])}
    of_params = {key: value for key, value in options if key in fields}
    of_constructor = {key: value for key, value in options if key not in fields}
    try:
        environment, params = _gymnax().make(name, **of_constructor)
    except TypeError as error:
        raise Mistake(f"gymnax:{name} was not built: {error}. Its parameters are {sorted(fields)}.") from error
    return environment, dataclasses.replace(params, **of_params)


@functools.cache
def _spec(name: str, options: Options) -> Spec:
    environment, params = _build(name, options)
    shown, _ = jax.eval_shape(environment.reset_env, jax.random.key(0), params)
    space = environment.observation_space(params)
    chosen = type(space).__name__ == "Discrete"
    observation = Discrete(int(space.n)) if chosen else observation_box(shown)
    return Spec(observation, _action(name, environment.action_space(params)))


def _action(name: str, space: Any) -> Space:
    kind = type(space).__name__
    if kind == "Discrete":
        return Discrete(int(space.n))
    if kind == "Box":
        return action_box(space.shape, space.low, space.high)
    raise Mistake(f"gymnax:{name} takes actions of a {kind} space; Ecotone takes Discrete and Box.")
