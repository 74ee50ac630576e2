"""Those who play episodes: at random, by a script, or by a trained policy."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ecotone.episodes import Alone, Play, beside
from ecotone.mistakes import Mistake
from ecotone.parties import join
from ecotone.playing.alone import AGENT
from ecotone.playing.tape import Tape
from ecotone.policy import Policy, load
from ecotone.protocols import Stream
from ecotone.runs import Run
from ecotone.spec import (
    ACTION_MASK,
    Box,
    Dict,
    Discrete,
    Leaf,
    MultiBinary,
    MultiDiscrete,
    Place,
    Space,
    Tuple,
    over_parts,
    zeros,
)  # fmt: skip
from ecotone.teams import AgentSteps, MultiAgentStream, Team
from ecotone.trajectory import Tree


def by_choice(stream: MultiAgentStream, choose: Callable[[str, int, Any], Any], key: Any) -> Play:
    """Play on and on; `choose(team, index of the agent, observation)` gives the action, as rows have it, of who is asked."""
    state, now = stream.start(key)
    yield state, None, now
    while True:
        action = {name: _chosen(name, team, now, choose) for name, team in stream.teams.items()}
        state, now = stream.step(state, action)
        yield state, action, now


def _chosen(name: str, team: Team, now: AgentSteps, choose: Callable[[str, int, Any], Any]) -> Tree:
    chosen = []
    for i, asks in enumerate(np.asarray(now.asks[name])[0]):
        seen = jax.tree.map(lambda x, i=i: np.asarray(x)[0, i], now.observation[name])
        action = choose(name, i, seen) if asks else zeros(team.spec.action, ())
        chosen.append(jax.tree.map(np.asarray, action))
    return jax.tree.map(lambda *each: np.stack(each)[None], *chosen)


def by_policy(stream: MultiAgentStream, folder: Path, key: Any) -> Play:
    """Play with the greedy policy of a run; raises `Mistake` where it was trained for another environment."""
    run, policy = Run.open(folder), load(folder)
    if isinstance(stream, Alone):
        if stream.stream.spec != policy.spec:
            raise Mistake(f"the policy of {folder} was trained for other observations or actions than these.")
        return _alone(stream.stream, policy, key)
    return _together(stream, run, policy, key)


def _alone(stream: Stream, policy: Policy, key: Any) -> Play:
    state, now = stream.start(key)
    memory = policy.initial_memory(1)
    yield state, None, beside(now)
    while True:
        action, memory = policy.act(now, memory)
        state, now = stream.step(state, action)
        yield state, {AGENT: jax.tree.map(lambda x: np.asarray(x)[:, None], action)}, beside(now)


def _together(stream: MultiAgentStream, run: Run, policy: Policy, key: Any) -> Play:
    grouped = join(run.experiment, Tape(stream))[1]
    if grouped.world != policy.spec:
        raise Mistake(f"the policy of {run.folder} was trained for other agents, observations or actions than these.")
    state, now = grouped.start(key)
    memory = policy.initial_memory(1)
    while True:
        taped = state.inner
        yield taped.inner, taped.action, taped.steps
        action, memory = policy.act(now, memory)
        state, now = grouped.step(state, action)


def random_action(space: Space, legal: Any, generator: np.random.Generator) -> Any:
    """A random legal action as rows have it: even between bounds, standard normal where there are none.

    Arguments:
        space: of the action.
        legal: what the observation's action mask says, none where it has none.
        generator: what is drawn from.
    """
    if isinstance(space, Dict):
        return {name: random_action(part, _part(legal, name), generator) for name, part in space.parts}
    if isinstance(space, Tuple):
        return tuple(random_action(part, _part(legal, i), generator) for i, part in enumerate(space.parts))
    if isinstance(space, Box):
        drawn = generator.uniform(-1.0, 1.0, space.shape) if space.bounded else generator.standard_normal(space.shape)
        return drawn.astype(space.dtype)
    if isinstance(space, Discrete):
        return np.asarray(_one_of(space.n, legal, generator), space.dtype)
    if isinstance(space, MultiDiscrete):
        edges = np.cumsum([0, *space.sizes])
        masks = [None if legal is None else legal[a:b] for a, b in pairwise(edges)]
        return np.array([_one_of(n, m, generator) for n, m in zip(space.sizes, masks, strict=True)], space.dtype)
    if isinstance(space, MultiBinary):
        drawn = generator.integers(0, 2, space.shape)
        return (drawn if legal is None else drawn * (np.asarray(legal) != 0)).astype(space.dtype)
    raise Mistake(f"nobody can draw an action from {space}.")


def _part(legal: Any, name: Any) -> Any:
    if isinstance(legal, dict):
        return legal.get(name)
    return legal[name] if isinstance(legal, tuple) else None


def _one_of(count: int, legal: Any, generator: np.random.Generator) -> int:
    return int(generator.integers(count) if legal is None else generator.choice(np.flatnonzero(legal)))


def randomly(stream: MultiAgentStream, seed: int) -> Callable[[str, int, Any], Any]:
    """Chooses anything legal."""
    generator = np.random.default_rng(seed)

    def choose(team: str, index: int, seen: Any) -> Any:
        legal = seen.get(ACTION_MASK) if isinstance(seen, dict) else None
        return random_action(stream.teams[team].spec.action, legal, generator)

    return choose


def by_script(stream: MultiAgentStream, act: Callable[[str, Any], Any]) -> Callable[[str, int, Any], Any]:
    """Chooses what `act(agent, observation)` says, in the environment's units.

    Raises `Mistake` where that does not fit the agent's actions.
    """

    def choose(team: str, index: int, seen: Any) -> Any:
        agent, space = stream.teams[team].agents[index], stream.teams[team].spec.action
        action = act(agent, seen)
        try:
            return over_parts(_as_row, space, action)
        except (TypeError, ValueError, KeyError) as error:
            raise Mistake(f"`act('{agent}', ...)` gave {action!r}, which is no action of {space}: {error}") from error

    return choose


def _as_row(space: Leaf, action: Any, place: Place) -> np.ndarray:
    """The inverse of `to_environment`; raises `ValueError` for what lies outside the space."""
    found = np.asarray(action)
    if found.shape != space.shape:
        raise ValueError(f"the shape should be {space.shape}, not {found.shape}.")
    if isinstance(space, Box):
        if not space.bounded:
            return found.astype(space.dtype)
        low, high = space.bounds()
        return (2.0 * (found - low) / (high - low) - 1.0).astype(space.dtype)
    start = np.asarray(space.start) if isinstance(space, Discrete | MultiDiscrete) and np.any(space.start) else 0
    most = np.asarray(space.sizes if isinstance(space, MultiDiscrete) else space.n if isinstance(space, Discrete) else 2)
    if ((found - start < 0) | (found - start >= most)).any():
        raise ValueError(f"choices go from {np.min(start)} to {np.max(most + start) - 1}.")
    return (found - start).astype(space.dtype)
