"""Single episodes, told step by step: who saw, did and got what, in any environment."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from ecotone.playing.alone import AGENT
from ecotone.protocols import Stream
from ecotone.spec import to_environment
from ecotone.teams import AgentSteps, MultiAgentStream, Team
from ecotone.trajectory import TimeStep, Tree

Play = Iterator[tuple[Any, dict[str, Tree] | None, AgentSteps]]
"""Without end: the stream's state, what was chosen by team `[1, A, ...]` as rows have it, and what was shown.

Nothing was chosen at the beginning.
"""


@dataclass(frozen=True)
class Happened:
    """One step of an episode, each field by agent.

    Arguments:
        step: how many were taken, 0 for the beginning.
        actions: of those who were asked, in the environment's units.
        observations: of those who act next, and of those who ended.
        rewards: of those who got some, and of all who are shown.
        ends: `terminated` or `truncated` for those who ended here.
        over: the whole episode ended.
        state: of the stream, none where it holds its state itself.
    """

    step: int
    actions: dict[str, Any] = field(default_factory=dict)
    observations: dict[str, Any] = field(default_factory=dict)
    rewards: dict[str, float] = field(default_factory=dict)
    ends: dict[str, str] = field(default_factory=dict)
    over: bool = False
    state: Any = None


class Alone:
    """A stream of one agent as one of many: the agent's axis behind that of the lanes."""

    state_space, simultaneous = None, True

    def __init__(self, stream: Stream) -> None:
        self.stream, self.lanes = stream, stream.lanes
        self.teams = {AGENT: Team((AGENT,), stream.spec)}

    def start(self, key: Any = None) -> tuple[Any, AgentSteps]:
        """Begin an episode in every lane."""
        state, now = self.stream.start(key)
        return state, beside(now)

    def step(self, state: Any, action: dict[str, Tree]) -> tuple[Any, AgentSteps]:
        """Take actions by team."""
        state, now = self.stream.step(state, jax.tree.map(lambda x: x[:, 0], action[AGENT]))
        return state, beside(now)


def beside(now: TimeStep) -> AgentSteps:
    """A time step of one agent as a step of many."""
    alone = lambda tree: {AGENT: jax.tree.map(lambda x: x[:, None], tree)}
    ends = ~np.asarray(now.asks)
    fields = (now.observation, now.is_first, now.asks, ends, now.reward, now.discount)
    return AgentSteps(*map(alone, fields), over=ends)


def happenings(stream: MultiAgentStream, play: Play, steps: int) -> Iterator[Happened]:
    """One episode of a stream of one copy, until it is over or so many steps were taken."""
    asked: dict[str, np.ndarray] = {}
    for step, (state, action, now) in enumerate(play):
        now = jax.tree.map(np.asarray, now)
        told = Happened(step, over=bool(now.over[0]), state=state)
        for name, team in stream.teams.items():
            for i, agent in enumerate(team.agents):
                if action is not None and asked[name][i]:
                    chosen = jax.tree.map(lambda x, i=i: np.asarray(x)[0, i], action[name])
                    told.actions[agent] = to_environment(team.spec.action, chosen)
                _tell(told, agent, jax.tree.map(lambda x, i=i: x[0, i], [field[name] for field in now[:6]]))
        yield told
        if told.over or step >= steps:
            return
        asked = {name: asks[0] for name, asks in now.asks.items()}


def _tell(told: Happened, agent: str, shown: list[Any]) -> None:
    """Add what is shown of an agent: the fields of `AgentSteps` that are by team, of it alone."""
    observation, _, asks, ends, reward, discount = shown
    if asks or ends:
        told.observations[agent] = observation
    if told.step and (reward or asks or ends):
        told.rewards[agent] = float(reward)
    if ends:
        told.ends[agent] = "terminated" if discount == 0 else "truncated"
