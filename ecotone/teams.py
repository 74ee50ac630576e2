"""Many agents: teams of agents alike, and what environments of many agents show at each step."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ecotone.spec import Space, Spec
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
