"""Who learns together: groups of agents, and the world whose agents they divide among them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ecotone.frozen import frozen
from ecotone.mistakes import Mistake, nearest
from ecotone.protocols import Algorithm
from ecotone.spec import Space, Spec
from ecotone.teams import Team

ALL = "__all__"
"""Beside the groups' names: what concerns the copies of an environment as a whole."""


@frozen
class Past:
    """What a group learned at earlier times, for its opponents to play."""

    of: str
    """Name of the group, which learns by the same algorithm."""
    size: int = 10
    """Policies kept, the newest ones; usually 5 to 50. More keep old weaknesses in play."""
    every: int = 20
    """Fragments between policies kept; usually 5 to 100. More lets opponents lag further behind."""

    def __post_init__(self) -> None:
        if self.size < 1 or self.every < 1:
            raise Mistake("the past keeps at least one policy (`size`), and one at least every fragment (`every`).")


@frozen
class Group:
    """Agents that learn together, by one algorithm."""

    algorithm: Algorithm
    """What they learn with."""
    agents: tuple[str, ...] | Callable[[str], bool] = ()
    """Names of agents or teams, or a function of an agent's name; none means all that no other group has."""
    joint: bool | None = None
    """Centralised training: one lane per copy, with the agents' axis behind it; none means as the algorithm needs it."""
    central: bool | None = None
    """Show each agent the whole `state` beside its own observation, for critics; none means as the algorithm needs it."""
    shared: bool = True
    """One policy for all; off, each agent has and trains a policy of its own, all of them in one program."""
    ids: bool = False
    """Show each agent which one it is, as an indicator beside its observation."""
    train: bool = True
    """Learn; off, the weights stay as they are."""
    past: Past | None = None
    """Learn nothing, but play what another group learned at earlier times, drawn anew for every fragment."""
    source: str = ""
    """Folder of a run to begin with the weights of, `FOLDER` or `FOLDER:GROUP`; none begins afresh."""

    def __post_init__(self) -> None:
        agents = self.agents
        object.__setattr__(
            self, "agents", agents if callable(agents) else (agents,) if isinstance(agents, str) else tuple(agents)
        )
        for what in ("joint", "central"):
            needed, asked = needs(self.algorithm, what), getattr(self, what)
            name = type(self.algorithm).__name__
            if needed and asked is False:
                raise Mistake(f"{name} learns from {what} rows: leave the group's `{what}` out.")
            if asked and what == "joint" and not needed:
                raise Mistake(f"{name} reads each agent's rows by themselves: leave the group's `joint` out.")
            object.__setattr__(self, what, needed if asked is None else asked)
        if self.joint and not self.shared:
            raise Mistake("a joint group is one learner: leave its `shared` out.")
        if self.joint and self.central:
            raise Mistake("a joint group sees the state anyway: leave its `central` out.")

    @property
    def learns(self) -> bool:
        """Whether its weights change."""
        return self.train and self.past is None


def needs(algorithm: Any, what: str) -> bool:
    """Whether an algorithm, or what it is wrapped around, says of itself that it needs rows `joint` or `central`."""
    told = getattr(algorithm, what, None)
    inner = getattr(algorithm, "algorithm", None)
    return bool(told) if told is not None or inner is None else needs(inner, what)


@dataclass(frozen=True)
class World:
    """Everybody in an environment of many agents.

    Arguments:
        teams: by name, agents with the same spaces.
        state: space of the global state; none without one.
        simultaneous: see `MultiAgentEnvironment`.
    """

    teams: tuple[tuple[str, Team], ...]
    state: Space | None = None
    simultaneous: bool = True

    @classmethod
    def of(cls, source: Any) -> "World":
        """That of a `MultiAgentEnvironment` or `MultiAgentStream`."""
        return cls(tuple(source.teams.items()), source.state_space, source.simultaneous)

    @property
    def agents(self) -> tuple[str, ...]:
        """Names of all, team after team."""
        return tuple(agent for _, team in self.teams for agent in team.agents)

    def spec(self, agent: str) -> Spec:
        """What an agent sees and does."""
        return next(team.spec for _, team in self.teams if agent in team.agents)


def only_group(algorithm: Algorithm, world: World) -> dict[str, Group]:
    """The groups of an experiment that names an algorithm alone: all agents in one, or a group per team of agents alike."""
    together = Group(algorithm)
    if len(world.teams) == 1 or together.joint or together.central:
        return {"agents": together}
    names = [re.sub(r"\W", "_", name) for name, _ in world.teams]
    named = len(set(names)) == len(names) and all(name.isidentifier() for name in names)
    groups = names if named else [f"group_{i}" for i in range(len(names))]
    return {group: Group(algorithm, (name,)) for group, (name, _) in zip(groups, world.teams, strict=True)}


def divide(groups: Mapping[str, Group], world: World) -> dict[str, tuple[str, ...]]:
    """Agents of each group, in the world's order; raises `Mistake` for agents in no group or in two, and empty groups."""
    teams = dict(world.teams)
    named = {name: _named(name, group, world, teams) for name, group in groups.items()}
    rest = [name for name, agents in named.items() if agents is None]
    if len(rest) > 1:
        raise Mistake(f"groups {' and '.join(rest)} both take the agents that are left: say which `agents` are whose.")
    taken = {agent for agents in named.values() for agent in agents or ()}
    divided = {
        name: tuple(a for a in world.agents if (a in of if of is not None else a not in taken)) for name, of in named.items()
    }
    _check_divided(divided, world)
    return divided


def _named(name: str, group: Group, world: World, teams: Mapping[str, Team]) -> set[str] | None:
    """The agents that a group names; none where it takes the rest."""
    if callable(group.agents):
        return {agent for agent in world.agents if group.agents(agent)}
    found: set[str] = set()
    for each in group.agents:
        if each not in world.agents and each not in teams:
            known = [*world.agents, *teams]
            hint = nearest(each, known) or f" There are {', '.join(dict.fromkeys(known))}."
            raise Mistake(f"group {name} names '{each}', which is no agent.{hint}")
        found |= {each} if each in world.agents else set(teams[each].agents)
    return found if group.agents else None


def _check_divided(divided: Mapping[str, tuple[str, ...]], world: World) -> None:
    for name, agents in divided.items():
        if not name.isidentifier() or name == ALL:
            raise Mistake(f"'{name}' cannot be a group's name: use letters, digits and underscores.")
        if not agents:
            raise Mistake(
                f"group {name} has no agents: every one of {', '.join(world.agents)} is in another, or it names none."
            )
    for agent in world.agents:
        owners = [name for name, agents in divided.items() if agent in agents]
        if len(owners) != 1:
            where = f"is in the groups {' and '.join(owners)}" if owners else "is in no group"
            raise Mistake(f"agent {agent} {where}, but each needs exactly one.")
