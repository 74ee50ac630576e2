"""Those who play episodes: at random, by a script, or by a trained policy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from ecotone.algorithms.scripted import Random
from ecotone.episodes import Alone, Play, beside
from ecotone.mistakes import Mistake
from ecotone.ops.noise import Noise
from ecotone.parties import join
from ecotone.playing.alone import AGENT
from ecotone.playing.tape import Tape
from ecotone.policy import Policy, load
from ecotone.protocols import Stream
from ecotone.runs import Run
from ecotone.spec import Box, Discrete, Leaf, MultiDiscrete, Place, Space, over_parts, zeros
from ecotone.teams import AgentSteps, MultiAgentStream
from ecotone.trajectory import Tree


def by_choice(stream: MultiAgentStream, choose: Callable[[str, AgentSteps], Tree], key: Any) -> Play:
    """Play on and on; `choose(team, now)` gives a team's actions `[1, A, ...]` as rows have them."""
    state, now = stream.start(key)
    yield state, None, now
    while True:
        action = {team: choose(team, now) for team in stream.teams}
        state, now = stream.step(state, action)
        yield state, action, now


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


def randomly(stream: MultiAgentStream, seed: int) -> Callable[[str, AgentSteps], Tree]:
    """Chooses anything legal, each as likely."""
    noise, player = Noise(seed), Random()
    told = {name: player.init(noise, team.spec) for name, team in stream.teams.items()}

    def choose(team: str, now: AgentSteps) -> Tree:
        seen, first = jax.tree.map(lambda x: np.asarray(x)[0], (now.observation[team], now.is_first[team]))
        action, _, _ = player.act(told[team], seen, first, (), noise, True)
        return jax.tree.map(lambda x: np.asarray(x)[None], action)

    return choose


def by_script(stream: MultiAgentStream, act: Callable[[str, Any], Any]) -> Callable[[str, AgentSteps], Tree]:
    """Chooses what `act(agent, observation)` says, in the environment's units.

    Raises `Mistake` where that does not fit the agent's actions.
    """

    def one(agent: str, space: Space, seen: Tree) -> Tree:
        action = act(agent, seen)
        try:
            return over_parts(_as_row, space, action)
        except (TypeError, ValueError, KeyError) as error:
            raise Mistake(f"`act('{agent}', ...)` gave {action!r}, which is no action of {space}: {error}") from error

    def choose(name: str, now: AgentSteps) -> Tree:
        team = stream.teams[name]
        asks, seen = jax.tree.map(lambda x: np.asarray(x)[0], (now.asks[name], now.observation[name]))
        nothing, alone = zeros(team.spec.action, ()), lambda i: jax.tree.map(lambda x: x[i], seen)
        chosen = [one(a, team.spec.action, alone(i)) if asks[i] else nothing for i, a in enumerate(team.agents)]
        return jax.tree.map(lambda *each: np.stack(each)[None], *chosen)

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
