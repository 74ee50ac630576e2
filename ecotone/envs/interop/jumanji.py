"""Environments of Jumanji."""

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.interop.arrays import action_box, alike, observation_box, one_array, settled, shaped
from ecotone.frozen import frozen
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import Discrete, MultiDiscrete, Space, Spec

Array = Any
Key = Any
Tree = Any
Options = tuple[tuple[str, Any], ...]


class JumanjiState(NamedTuple):
    """Jumanji's own state, decisions taken."""

    inner: Tree
    steps: Array


@frozen
class Jumanji:
    """An environment of Jumanji: a last step terminates where its discount is 0, else it truncates.

    Most of Jumanji's environments report their own time limit as a termination and show the count of steps; to have a
    limit that truncates, set `limit` below it. Those that reward each agent are played as a team by one policy: rewards
    are summed, and an episode terminates where the discounts of all agents are 0. Observations of several arrays are
    laid flat and joined, action masks and counts included.

    Raises:
        MissingExtra: Jumanji is not installed.
        Mistake: Jumanji has no environment of this name, or the environment no such option.
    """

    name: str
    """Its name in Jumanji, such as `Snake-v1`."""
    options: tuple[tuple[str, Any], ...] = ()
    """Arguments of its constructor by name, such as `time_limit`."""
    limit: int = 0
    """Decisions after which an episode is cut (truncated); 0 leaves it to the environment."""

    def __post_init__(self) -> None:
        if self.limit < 0:
            raise Mistake(f"jumanji:{self.name}: limit is {self.limit}; give decisions per episode, or 0.")
        _spec(self.name, self.options)

    @property
    def spec(self) -> Spec:
        """What the environment shows and takes."""
        return _spec(self.name, self.options)

    def reset(self, key: Key) -> tuple[JumanjiState, Array]:
        """Begin an episode."""
        inner, now = _build(self.name, self.options).reset(key)
        return JumanjiState(settled(inner), jnp.zeros((), jnp.int32)), one_array(now.observation)

    def step(self, state: JumanjiState, action: Array, key: Key) -> tuple[JumanjiState, Array, Array, Array, Array]:
        """Take an action."""
        environment = _build(self.name, self.options)
        wanted = environment.action_spec
        action = shaped(action, self.spec.action, wanted.shape, wanted.dtype)
        inner, now = environment.step(state.inner, action)
        steps = state.steps + 1
        gone = (now.discount == 0).all()
        cut = (steps >= self.limit) & (self.limit > 0)
        after = JumanjiState(alike(inner, state.inner), steps)
        reward = jnp.asarray(now.reward, jnp.float32).sum()
        return after, one_array(now.observation), reward, now.last() & gone, (now.last() & ~gone) | cut


def names() -> tuple[str, ...]:
    """Every environment that Jumanji has registered."""
    return tuple(_jumanji().registered_environments())


def _jumanji() -> Any:
    try:
        import jumanji
    except ModuleNotFoundError as error:
        if error.name != "jumanji":
            raise
        raise MissingExtra("jumanji", "jumanji") from error
    return jumanji


@functools.cache
def _build(name: str, options: Options) -> Any:
    if name not in names():
        known = f" There are {', '.join(sorted(names()))}."
        raise Mistake(f"jumanji has no environment named {name!r}.{nearest(name, names()) or known}")
    try:
        return _jumanji().make(name, **dict(options))
    except TypeError as error:
        raise Mistake(f"jumanji:{name} was not built: {error}.") from error


@functools.cache
def _spec(name: str, options: Options) -> Spec:
    environment = _build(name, options)
    _, first = jax.eval_shape(environment.reset, jax.random.key(0))
    return Spec(observation_box(first.observation), _action(name, environment.action_spec))


def _action(name: str, spec: Any) -> Space:
    if hasattr(spec, "num_values"):
        counts = np.asarray(spec.num_values)
        return MultiDiscrete(tuple(counts.reshape(-1).tolist())) if counts.ndim else Discrete(int(counts))
    if np.issubdtype(spec.dtype, np.floating):
        return action_box(spec.shape, getattr(spec, "minimum", -np.inf), getattr(spec, "maximum", np.inf))
    if not hasattr(spec, "maximum"):
        raise Mistake(f"jumanji:{name} takes whole numbers without bounds; Ecotone needs to know the choices.")
    low, high = (np.broadcast_to(np.asarray(b, np.int64), spec.shape).reshape(-1) for b in (spec.minimum, spec.maximum))
    return MultiDiscrete(tuple((high - low + 1).tolist()), tuple(low.tolist()) if low.any() else ())
