"""Episodes of streams: of compiled environments, and of many agents."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.envs.agents.grouped import Grouped
from ecotone.envs.compiled import CompiledStream
from ecotone.envs.stepwise import Stepwise
from ecotone.envs.streams import agents_maker
from ecotone.experiment import Experiment
from ecotone.parties import join, sees_state
from ecotone.pictures.files import encoded
from ecotone.playing.alone import AGENT, FRAMES_PER_SECOND, magnified, quiet, title_of
from ecotone.policy import Policy
from ecotone.recording import Drawable, Episode, Frame, Recording, Track
from ecotone.spec import Space, Spec, to_environment
from ecotone.teams import AgentSteps, MultiAgentStream, Team
from ecotone.trajectory import Array, TimeStep, Tree

Look = Callable[[Any], Frame | None]


class Taped(NamedTuple):
    """The inner stream's state, what it showed last, and the actions by team that led there (none at the start)."""

    inner: Any
    steps: AgentSteps
    action: dict[str, Tree] | None


class Tape:
    """A stream of many agents that keeps in its state what it shows, before groups make of it what they see.

    Arguments:
        stream: of many agents.
        start: begins its episodes; none means as the stream does.
    """

    def __init__(self, stream: MultiAgentStream, start: Callable[[Any], tuple[Any, AgentSteps]] | None = None) -> None:
        self.stream, self.lanes, self._start = stream, stream.lanes, start or stream.start
        self.teams: Mapping[str, Team] = stream.teams
        self.state_space: Space | None = stream.state_space
        self.simultaneous: bool = stream.simultaneous

    def start(self, key: Any) -> tuple[Taped, AgentSteps]:
        """Begin an episode in every copy."""
        inner, steps = self._start(key)
        return Taped(inner, steps, None), steps

    def step(self, state: Taped, action: dict[str, Tree]) -> tuple[Taped, AgentSteps]:
        """Take actions by team."""
        inner, steps = self.stream.step(state.inner, action)
        return Taped(inner, steps, action), steps


def play_copies(experiment: Experiment, policy: Policy, stream: CompiledStream | CompiledAgents, seed: int) -> Recording:
    """An episode in each lane of a compiled stream, side by side; with frames where its environment has a scene."""
    env = stream.environment
    drawable = isinstance(env, Drawable)
    frames = jax.jit(jax.vmap(env.frame)) if drawable else lambda state: None
    look = lambda state: jax.tree.map(np.asarray, frames(state.inner))
    if isinstance(stream, CompiledAgents):
        teams = {name: team.agents for name, team in stream.teams.items()}
        seen = join(experiment, Tape(stream))[1]
        rows = _rows_of_many(policy, seen, look, jax.random.key(seed), True)
    else:
        teams, rows = {AGENT: (AGENT,)}, _rows_of_one(policy, stream, look, jax.random.key(seed))
    return Recording(title_of(experiment), teams, rows.episodes(1), env.scene if isinstance(env, Drawable) else None)


def play_together(experiment: Experiment, policy: Policy, episodes: int, seed: int, mode: str | None) -> Recording:
    """Episodes of many agents on the host, one after another.

    Arguments:
        experiment: whose environment is meant.
        policy: of its groups.
        episodes: how many.
        seed: of the environment.
        mode: in which it draws itself: `rgb_array` for pictures, `human` for a window, none for nothing.
    """
    quiet(mode)
    stream = DictionaryStream(agents_maker(experiment.env, experiment.env_kwargs, mode), 1, seed, sees_state(experiment))
    env = stream.environments[0]
    drawn: list[bytes] = []

    def look(state: None) -> None:
        picture = env.render() if mode is not None and hasattr(env, "render") else None
        if mode == "rgb_array" and isinstance(picture, np.ndarray):
            drawn.append(encoded(magnified(picture)))

    try:
        teams = {name: team.agents for name, team in stream.teams.items()}
        seen = join(experiment, Tape(stream))[1]
        rows = _rows_of_many(policy, seen, look, None, False, episodes)
    finally:
        stream.close()
    rate = float(getattr(env, "metadata", {}).get("render_fps") or FRAMES_PER_SECOND) if drawn else 8.0
    return Recording(title_of(experiment), teams, rows.episodes(episodes, drawn), rate=rate)


class _Rows:
    """What was seen step by step, `[B, ...]` each."""

    def __init__(self) -> None:
        self.tracks: list[dict[str, Track]] = []
        self.over: list[np.ndarray] = []
        self.frames: list[Frame | None] = []

    def add(self, tracks: dict[str, Track], over: Array, frames: Frame | None) -> None:
        """Take note of a step."""
        self.tracks.append(jax.tree.map(np.array, tracks))
        self.over.append(np.array(over))
        self.frames.append(frames)

    def complete(self, episodes: int) -> bool:
        """Whether every lane has ended that many."""
        return bool(self.over) and bool((np.sum(self.over, 0) >= episodes).all())

    def episodes(self, each: int, pictures: list[bytes] | None = None) -> tuple[Episode, ...]:
        """The first episodes of every lane; pictures are those of a single lane."""
        tracks, frames = (jax.tree.map(lambda *x: np.stack(x), *rows) for rows in (self.tracks, self.frames))
        found = []
        for lane, over in enumerate(np.stack(self.over, 1)):
            begin = 0
            for end in np.flatnonzero(over)[:each] + 1:
                cut = lambda x, lane=lane, rows=slice(begin, end): x[rows, lane]
                shown = tuple((pictures or [])[begin:end])
                found.append(Episode(jax.tree.map(cut, tracks), jax.tree.map(cut, frames), shown))
                begin = end
        return tuple(found)


def _rows_of_one(policy: Policy, stream: CompiledStream, look: Look, key: Any) -> _Rows:
    rows, stepped = _Rows(), Stepwise(stream)
    state, now = stepped.start(key)
    memory = policy.initial_memory(stream.lanes)
    while not rows.complete(1):
        action, memory = policy.act(now, memory)
        rows.add({AGENT: _alone(stream.spec, now, action)}, ~np.asarray(now.asks), look(state))
        state, now = stepped.step(state, action)
    return rows


def _alone(spec: Spec, now: TimeStep, action: Tree) -> Track:
    chosen = to_environment(spec.action, action)
    track = Track(now.observation, now.asks, chosen, now.reward, ~np.asarray(now.asks))
    return jax.tree.map(lambda x: np.asarray(x)[:, None], track)


def _rows_of_many(policy: Policy, seen: Grouped, look: Look, key: Any, jitted: bool, episodes: int = 1) -> _Rows:
    """Rows of a taped stream; a row's action is known once the step after it was taken."""
    rows, compiled = _Rows(), jax.jit if jitted else (lambda function: function)
    step, specs = compiled(seen.step), {name: team.spec for name, team in seen.stream.teams.items()}
    state, now = compiled(seen.start)(key)
    memory = policy.initial_memory(seen.lanes)
    while not rows.complete(episodes):
        taped: Taped = state.inner
        steps, frames = jax.tree.map(np.array, taped.steps), look(taped.inner)
        action, memory = policy.act(now, memory)
        state, now = step(state, action)
        chosen = state.inner.action
        tracks = {
            team: Track(
                steps.observation[team], steps.asks[team], to_environment(spec.action, chosen[team]), steps.reward[team],
                steps.ends[team],
            )
            for team, spec in specs.items()
        }  # fmt: skip
        rows.add(tracks, steps.over, frames)
    return rows
