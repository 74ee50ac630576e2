"""Many agents: teams of agents alike, what environments of many agents show, and the rows of a team that is one lane."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Spec, Tuple, split_mask
from ecotone.trajectory import Array, Tree

Key = Any
State = Any


@dataclass(frozen=True)
class Team:
    """Agents with the same spaces, whose arrays lie side by side.

    Arguments:
        agents: their names, in the order of their axis.
        spec: what one of them sees and does.
    """

    agents: tuple[str, ...]
    spec: Spec


def teams_of(specs: Mapping[str, Spec]) -> dict[str, Team]:
    """Agents with the same spec as a team, both in the order of `specs`.

    A team is named by what the names of its agents begin with, without the number behind it (`wolf` for `wolf_0` and
    `wolf_1`), or by its first agent where they begin with nothing in common; every team by its first agent where two
    would be named alike.

    Arguments:
        specs: what every agent sees and does, by name.
    """
    alike: dict[Spec, list[str]] = {}
    for agent, spec in specs.items():
        alike.setdefault(spec, []).append(agent)
    begin = [_common(agents) or agents[0] for agents in alike.values()]
    unique = len(set(begin)) == len(begin)
    named = begin if unique else [agents[0] for agents in alike.values()]
    return {name: Team(tuple(agents), spec) for name, (spec, agents) in zip(named, alike.items(), strict=True)}


def _common(agents: list[str]) -> str:
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*agents, strict=False))
    return "".join(letters[0] for letters in same).rstrip("0123456789_-. ")


class Shown(NamedTuple):
    """What an environment of many agents shows, each field a dict by team with agents on axis 0.

    Attributes:
        observation: what each agent sees, `[A, ...]`.
        asks: it wants an action now; not the dead, the absent, and those who wait their turn, `[A]` bool.
        reward: what it got since the step before, `[A]` float32.
        terminated: its episode ended for good with this observation, `[A]` bool.
        truncated: its episode was cut short at this observation, `[A]` bool.
        over: the whole episode ends here, for every agent that is still there, `[]` bool; not by team.
        state: the true state of the whole environment, for centralised training; `()` without one; not by team.
    """

    observation: dict[str, Tree]
    asks: dict[str, Array]
    reward: dict[str, Array]
    terminated: dict[str, Array]
    truncated: dict[str, Array]
    over: Array
    state: Tree = ()


@runtime_checkable
class MultiAgentEnvironment(Protocol):
    """A compiled environment of many agents: pure, unbatched; it knows nothing of automatic resets."""

    @property
    def teams(self) -> Mapping[str, Team]: ...

    @property
    def state_space(self) -> Space | None:
        """Space of the global state; none without one."""
        ...

    @property
    def simultaneous(self) -> bool:
        """Whether every agent that is there acts at every step; false where some wait their turn, join late or return."""
        ...

    def reset(self, key: Key) -> tuple[State, Shown]:
        """Begin an episode."""
        ...

    def step(self, state: State, action: dict[str, Tree], key: Key) -> tuple[State, Shown]:
        """Take actions by team `[A, ...]`, in the environment's units; those of agents that were not asked are ignored."""
        ...


@runtime_checkable
class Counting(Protocol):
    """An environment of many agents, or a stream of copies of it, that counts what happens beside what it pays."""

    def counts(self, state: State) -> dict[str, Array]:
        """How often each thing happened in the step that led to a state, by name, `[]` (of a stream `[B]`) float32; pure."""
        ...


class AgentSteps(NamedTuple):
    """What arrives from many copies, each field a dict by team with copies on axis 0 and agents on axis 1.

    An agent that neither asks nor ends is absent, or waits its turn.

    Attributes:
        observation: `[B, A, ...]`.
        is_first: the agent's episode begins with this observation, `[B, A]` bool.
        asks: it wants an action, `[B, A]` bool.
        ends: its episode ends with this observation, which is only looked at, `[B, A]` bool.
        reward: what it got since the row before, `[B, A]` float32.
        discount: 0 where its episode was terminated by then, else 1 (truncation is not termination), `[B, A]` float32.
        over: the whole episode of the copy ends here; the next row begins another, `[B]` bool; not by team.
        state: global state `[B, ...]`, or `()`; not by team.
    """

    observation: dict[str, Tree]
    is_first: dict[str, Array]
    asks: dict[str, Array]
    ends: dict[str, Array]
    reward: dict[str, Array]
    discount: dict[str, Array]
    over: Array
    state: Tree = ()


@runtime_checkable
class MultiAgentStream(Protocol):
    """Many copies of an environment of many agents that never stop."""

    @property
    def teams(self) -> Mapping[str, Team]: ...

    @property
    def state_space(self) -> Space | None: ...

    @property
    def simultaneous(self) -> bool: ...

    @property
    def lanes(self) -> int:
        """Copies."""
        ...

    def start(self, key: Key) -> tuple[State, AgentSteps]:
        """Begin an episode in every copy."""
        ...

    def step(self, state: State, action: dict[str, Tree]) -> tuple[State, AgentSteps]:
        """Take actions by team `[B, A, ...]`, as rows have them; those of agents that were not asked are ignored."""
        ...


AGENTS, PRESENT, REWARDS, STATE = "agents", "present", "rewards", "state"
"""Parts of the observation of a team that is one lane, with T rows, B lanes and A agents.

`agents` are their own observations side by side `[T, B, A, ...]`, `present` says who is asked `[T, B, A]`, `rewards` what
each got since the row before `[T, B, A]`, and `state` is the global state, or all observations joined, `[T, B, S]`.
"""


def joint_spec(member: Spec, agents: int, state: Space) -> Spec:
    """The spec of a team that is one lane, from that of one agent; raises `ValueError` for what cannot lie side by side."""
    parts = {AGENTS: beside(member.observation, agents), PRESENT: MultiBinary((agents,), "int8")}
    return Spec(Dict(parts | {REWARDS: Box((agents,)), STATE: state}), beside(member.action, agents))


def is_joint(space: Space) -> bool:
    """Whether observations are those of a team that is one lane."""
    return isinstance(space, Dict) and {name for name, _ in space.parts} == {AGENTS, PRESENT, REWARDS, STATE}


def member_spec(spec: Spec) -> Spec:
    """The spec of one agent of a team that is one lane; raises `ValueError` for other specs."""
    if not is_joint(spec.observation):
        raise ValueError(
            "this algorithm learns for a team that is one lane, but its lanes are single agents: put the agents in a group "
            "with `joint` set."
        )
    agents = members(spec.observation)
    return Spec(one_of(spec.observation[AGENTS], agents), one_of(spec.action, agents))  # type: ignore[index]


def members(space: Space) -> int:
    """How many agents a team that is one lane has."""
    return space[PRESENT].shape[0]  # type: ignore[index]


def mask_of(observation: Tree) -> Array | None:
    """The mask of legal choices, as in `split_mask`; of a team that is one lane that of its agents `[..., A, K]`."""
    return split_mask(observation[AGENTS] if shows_team(observation) else observation)[1]


def shows_team(observation: Tree) -> bool:
    """Whether an observation is that of a team that is one lane."""
    return isinstance(observation, dict) and AGENTS in observation and PRESENT in observation


def beside(space: Space, agents: int) -> Space:
    """The space of `agents` elements side by side on a new first axis; raises `ValueError` for several choices at once."""
    if isinstance(space, Dict):
        return Dict(tuple((name, beside(part, agents)) for name, part in space.parts))
    if isinstance(space, Tuple):
        return Tuple(tuple(beside(part, agents) for part in space.parts))
    if isinstance(space, Discrete):
        return MultiDiscrete((space.n,) * agents, (space.start,) * agents if space.start else (), space.dtype)
    if isinstance(space, MultiBinary):
        return MultiBinary((agents, *space.shape), space.dtype)
    if isinstance(space, Box):
        low, high = (bound * agents if isinstance(bound, tuple) else bound for bound in (space.low, space.high))
        return replace(space, shape=(agents, *space.shape), low=low, high=high)
    raise ValueError(f"a team that is one lane cannot see or do {space}: flatten it, or learn without `joint`.")


def one_of(space: Space, agents: int) -> Space:
    """The space of one of the elements that `beside` put side by side."""
    if isinstance(space, Dict):
        return Dict(tuple((name, one_of(part, agents)) for name, part in space.parts))
    if isinstance(space, Tuple):
        return Tuple(tuple(one_of(part, agents) for part in space.parts))
    if isinstance(space, MultiDiscrete):
        return Discrete(space.sizes[0], space.start[0] if space.start else 0, space.dtype)
    if isinstance(space, MultiBinary):
        return MultiBinary(space.shape[1:], space.dtype)
    if isinstance(space, Box):
        first = lambda bound: bound[: len(bound) // agents] if isinstance(bound, tuple) else bound
        return replace(space, shape=space.shape[1:], low=first(space.low), high=first(space.high))
    raise ValueError(f"{space} is not that of a team.")
