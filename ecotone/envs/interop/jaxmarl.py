"""Environments of many agents of JaxMARL (arXiv:2311.10090)."""

import contextlib
import functools
import io
import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.interop.arrays import action_box, alike, observation_box, one_array, settled, shaped
from ecotone.frozen import frozen
from ecotone.mistakes import MissingExtra, Mistake, nearest
from ecotone.spec import ACTION_MASK, SEEN, Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Spec
from ecotone.teams import Shown, Team, teams_of

Array = Any
Key = Any
Tree = Any
Options = tuple[tuple[str, Any], ...]
WORLD = "world_state"
"""Where some environments put the global state among the agents' observations."""


@frozen
class JaxMarl:
    """An environment of JaxMARL without its automatic reset, which it would compute at every step.

    An episode that ends at the environment's `max_steps` is truncated, every other end terminates. Where the environment
    says which choices are legal, observations have a part `action_mask`.

    Raises:
        MissingExtra: JaxMARL is not installed.
        Mistake: JaxMARL has no environment of this name, or the environment no such option.
    """

    name: str
    """Its name in JaxMARL, such as `MPE_simple_spread_v3` or `HeuristicEnemySMAX`."""
    options: tuple[tuple[str, Any], ...] = ()
    """Arguments of its constructor by name; `scenario` of SMAX is the name of a map, such as `3m`."""

    def __post_init__(self) -> None:
        _described(self.name, self.options)

    @property
    def teams(self) -> Mapping[str, Team]:
        """Agents of equal spaces."""
        return _described(self.name, self.options).teams

    @property
    def state_space(self) -> Space | None:
        """Numbers without bounds, where the environment has a global state."""
        return _described(self.name, self.options).state_space

    @property
    def simultaneous(self) -> bool:
        """Every agent acts until it ends; games in turns have the others choose to do nothing."""
        return True

    def reset(self, key: Key) -> tuple[Tree, Shown]:
        """Begin an episode."""
        observations, state = _build(self.name, self.options).reset(key)
        none = {agent: jnp.zeros((), bool) for agent in self._agents}
        rewards = {agent: jnp.zeros((), jnp.float32) for agent in self._agents}
        return settled(state), self._shown(observations, state, rewards, none, jnp.zeros((), bool))

    def step(self, state: Tree, action: dict[str, Tree], key: Key) -> tuple[Tree, Shown]:
        """Take actions by team `[A, ...]`."""
        environment = _build(self.name, self.options)
        actions = {}
        for name, team in self.teams.items():
            for i, agent in enumerate(team.agents):
                wanted = environment.action_space(agent)
                actions[agent] = shaped(action[name][i], team.spec.action, wanted.shape, wanted.dtype)
        observations, after, rewards, dones, _ = environment.step_env(key, state, actions)
        over = jnp.asarray(dones["__all__"], bool)
        return alike(after, state), self._shown(observations, after, rewards, dones, over)

    @property
    def _agents(self) -> list[str]:
        return [agent for team in self.teams.values() for agent in team.agents]

    def _shown(self, observations: Tree, state: Tree, rewards: Tree, dones: Tree, over: Array) -> Shown:
        environment = _build(self.name, self.options)
        cut = over & _at_limit(environment, state)
        seen = _seen(environment, observations, state)
        by_team = lambda values, dtype: {
            name: jnp.stack([jnp.asarray(values[agent], dtype).reshape(()) for agent in team.agents])
            for name, team in self.teams.items()
        }
        stack = lambda team: jax.tree.map(lambda *each: jnp.stack(each), *(seen[agent] for agent in team.agents))
        done = by_team(dones, bool)
        return Shown(
            observation={name: stack(team) for name, team in self.teams.items()},
            asks={name: ~values & ~over for name, values in done.items()},
            reward=by_team(rewards, jnp.float32),
            terminated={name: (values | over) & ~cut for name, values in done.items()},
            truncated={name: jnp.full_like(values, cut) for name, values in done.items()},
            over=over,
            state=_world(environment, observations, state),
        )


class Described(NamedTuple):
    """What an environment shows and takes."""

    teams: dict[str, Team]
    state_space: Box | None


def names() -> tuple[str, ...]:
    """Every environment that JaxMARL has registered."""
    return tuple(_jaxmarl().registered_envs)


def _jaxmarl() -> Any:
    try:
        with _silence():
            import jaxmarl
    except ModuleNotFoundError as error:
        if error.name != "jaxmarl":
            raise
        raise MissingExtra("jaxmarl", "jaxmarl") from error
    return jaxmarl


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep what is printed on import from among results; an import within gives `sys.stdout` its first value back."""
    first, now = sys.__stdout__, sys.stdout
    sys.__stdout__ = sys.stdout = io.StringIO()  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        sys.__stdout__, sys.stdout = first, now  # type: ignore[misc]


@functools.cache
def _build(name: str, options: Options) -> Any:
    if name not in names():
        known = f" There are {', '.join(sorted(names()))}."
        raise Mistake(f"jaxmarl has no environment named {name!r}.{nearest(name, names()) or known}")
    arguments = dict(options)
    if isinstance(arguments.get("scenario"), str):
        arguments["scenario"] = _scenario(arguments["scenario"])
    try:
        return _jaxmarl().make(name, **arguments)
    except (TypeError, ImportError) as error:
        raise Mistake(f"jaxmarl:{name} was not built: {error}.") from error


def _scenario(name: str) -> Any:
    from jaxmarl.environments.smax import smax_env

    known = smax_env.MAP_NAME_TO_SCENARIO
    if name not in known:
        raise Mistake(f"SMAX has no map named {name!r}.{nearest(name, known) or f' There are {sorted(known)}.'}")
    return smax_env.map_name_to_scenario(name)


@functools.cache
def _described(name: str, options: Options) -> Described:
    environment = _build(name, options)

    def first(key: Key) -> tuple[Tree, Tree]:
        observations, state = environment.reset(key)
        return _seen(environment, observations, state), _world(environment, observations, state)

    try:
        seen, world = jax.eval_shape(first, jax.random.key(0))
    except KeyError as error:
        raise Mistake(f"jaxmarl:{name} shows nothing by the name of its agent {error}, as JaxMARL's others do.") from error
    agents = {agent: Spec(_space(seen[agent]), _action(name, environment, agent)) for agent in environment.agents}
    return Described(teams_of(agents), None if isinstance(world, tuple) else Box(world.shape))


def _space(seen: Tree) -> Space:
    if isinstance(seen, dict):
        return Dict({SEEN: observation_box(seen[SEEN]), ACTION_MASK: MultiBinary(seen[ACTION_MASK].shape, "int8")})
    return observation_box(seen)


def _action(name: str, environment: Any, agent: str) -> Space:
    space = environment.action_space(agent)
    kind = type(space).__name__
    if kind == "Discrete":
        return Discrete(int(space.n))
    if kind == "MultiDiscrete":
        return MultiDiscrete(tuple(np.asarray(space.num_categories).tolist()))
    if kind == "Box":
        return action_box(tuple(space.shape), space.low, space.high)
    raise Mistake(f"jaxmarl:{name} takes actions of a {kind} space; Ecotone takes Discrete, MultiDiscrete and Box.")


def _seen(environment: Any, observations: Tree, state: Tree) -> dict[str, Tree]:
    """What every agent sees, with its legal choices where the environment tells them."""
    seen = {agent: one_array(observations[agent]) for agent in environment.agents}
    legal = _legal(environment, state)
    if legal is None:
        return seen
    mask = {agent: jnp.asarray(legal[agent]).reshape(-1).astype(jnp.int8) for agent in environment.agents}
    return {agent: {SEEN: seen[agent], ACTION_MASK: mask[agent]} for agent in environment.agents}


def _legal(environment: Any, state: Tree) -> Tree | None:
    if any(type(environment.action_space(agent)).__name__ != "Discrete" for agent in environment.agents):
        return None
    if hasattr(environment, "get_legal_moves"):
        return environment.get_legal_moves(state)
    try:
        return environment.get_avail_actions(state)
    except NotImplementedError:
        return None


def _world(environment: Any, observations: Tree, state: Tree) -> Tree:
    """The global state as one vector; `()` where the environment has none."""
    if WORLD in observations:
        return one_array(observations[WORLD]).reshape(-1)
    if hasattr(environment, "get_world_state"):
        return one_array(environment.get_world_state(state)).reshape(-1)
    return ()


def _at_limit(environment: Any, state: Tree) -> Array:
    """Whether the environment's own limit of steps is reached."""
    while not hasattr(state, "step") and hasattr(state, "state"):
        state = state.state
    if not (hasattr(state, "step") and hasattr(environment, "max_steps")):
        return jnp.zeros((), bool)
    return jnp.asarray(state.step).reshape(()) >= environment.max_steps
