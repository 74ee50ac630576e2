"""Kinds of agents, as a person declares them, and all agents of a world side by side."""

from dataclasses import field
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np

from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.recording import Look

FULL: Literal["FULL"] = "FULL"
"""The range that reaches all of the grid from everywhere."""
Range = int | Literal["FULL"]
Cell = tuple[int, int]
EMPTY, OUTSIDE, MASKED = 0, -1, -2
"""What observers show beside encodings: nobody there, beyond the grid, hidden."""


@frozen
class Kind:
    """Agents alike: what they can do is what they have a range for.

    A kind that some actor and some observer of the world serve is a team that learns; others are scenery.
    """

    name: str
    """The team's name; agents are `name`, or `name0`, `name1`, ... where there are several."""
    encoding: int
    """What others see of it, 1 or more; kinds may share one, and rules of overlap and attack go by it."""
    count: int = 1
    """How many agents."""
    positions: tuple[Cell | None, ...] = ()
    """Row and column of each at reset, from 0 at the top left; none (or left out): placed by the world's placement."""
    blocking: bool = False
    """Whether it blocks views, attacks and messages of others (not moves: overlap decides those)."""
    view_range: Range | None = None
    """How many cells away it sees; `"FULL"` is all the grid wherever it stands; none: it does not see the grid."""
    move_range: Range | None = None
    """How many cells it moves at once at most; none: it does not move."""
    attack_range: Range | None = None
    """How many cells away it hits; none: it does not attack."""
    attack_strength: float = 1.0
    """What a hit takes from the target's health, 0 to 1."""
    attack_accuracy: float = 1.0
    """Probability that a target within reach can be hit, 0 to 1."""
    simultaneous_attacks: int = 1
    """Attacks in one action: see the attack in question for what they are counted by."""
    health: float | None = 1.0
    """Health at reset, above 0 and at most 1; none: drawn at each reset. At 0 an agent is dead and off the grid."""
    ammunition: int | None = None
    """Hits it may land in an episode; none: no limit."""
    orientation: int | Literal["random"] | None = None
    """Which way it faces at reset: 1 left, 2 down, 3 right, 4 up, or drawn; none: it has no orientation and cannot drift."""
    broadcast_range: Range | None = None
    """How many cells away its message is heard; none: it sends and hears none."""
    message: float | None = None
    """Its message at reset, -1 to 1; none: drawn uniformly."""
    build_range: Range | None = None
    """How many cells away it can build; none: it does not build."""
    harvest_range: Range | None = None
    """How many cells away it can harvest, 0 being its own cell; none: it does not harvest."""
    reserve: bool = False
    """Whether its agents are off the grid at reset, until something (such as building) brings them in."""
    look: Look = field(default_factory=Look)
    """How it is drawn; what it does not say is chosen from the palette."""

    def __post_init__(self) -> None:
        for holds, problem in self._demands():
            if not holds:
                raise Mistake(f"agents '{self.name}': {problem}")

    def _demands(self) -> list[tuple[bool, str]]:
        ranges = (self.view_range, self.move_range, self.attack_range, self.broadcast_range, self.build_range)
        sound = all(r in (None, "FULL") or (isinstance(r, int) and r >= 0) for r in (*ranges, self.harvest_range))
        return [
            (self.encoding >= 1, f"encoding is {self.encoding}; give 1 or more (0 is an empty cell)."),
            (self.count >= 1, f"count is {self.count}; give 1 or more."),
            (len(self.positions) <= self.count, f"{len(self.positions)} positions for {self.count} agents; raise count."),
            (sound, "a range is neither a whole number of 0 or more, nor 'FULL', nor None."),
            (0 <= self.attack_strength <= 1, "attack_strength is not between 0 and 1."),
            (0 <= self.attack_accuracy <= 1, "attack_accuracy is not between 0 and 1."),
            (self.simultaneous_attacks >= 1, "simultaneous_attacks is less than 1."),
            (self.health is None or 0 < self.health <= 1, "health is not above 0 and at most 1."),
            (self.ammunition is None or self.ammunition >= 0, "ammunition is less than 0."),
            (self.orientation in (None, "random", 1, 2, 3, 4), "orientation is none of 1 to 4, 'random' and None."),
            (self.message is None or -1 <= self.message <= 1, "message is not between -1 and 1."),
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its agents."""
        return (self.name,) if self.count == 1 else tuple(f"{self.name}{i}" for i in range(self.count))

    @property
    def cells(self) -> tuple[Cell | None, ...]:
        """One initial position, or none, for each agent."""
        return (*self.positions, *(None,) * (self.count - len(self.positions)))


class Roster(NamedTuple):
    """All agents of a world side by side, in the order of their kinds: constants, axis N.

    Attributes:
        kinds: one entry a kind.
        names: one entry an agent.
        kind: index of each agent's kind, `[N]`.
        encoding: `[N]`.
        begin: index of each kind's first agent, and their number last.
    """

    kinds: tuple[Kind, ...]
    names: tuple[str, ...]
    kind: np.ndarray
    encoding: np.ndarray
    begin: tuple[int, ...]

    def of(self, kind: int) -> slice:
        """Where the agents of a kind lie."""
        return slice(self.begin[kind], self.begin[kind + 1])

    def members(self, kinds: tuple[int, ...]) -> np.ndarray:
        """Indices of all agents of these kinds, in order."""
        return np.concatenate([np.arange(self.begin[k], self.begin[k + 1]) for k in kinds] or [np.zeros(0, int)])

    def each(self, value: Any, dtype: str) -> np.ndarray:
        """`value(kind)` for each agent, `[N]`."""
        return np.asarray([value(kind) for kind in self.kinds], dtype)[self.kind]

    def is_kind(self, *names: str) -> np.ndarray:
        """Who is of one of these kinds, `[N]` bool; raises `Mistake` for a name that no kind has."""
        known = [kind.name for kind in self.kinds]
        if unknown := [name for name in names if name not in known]:
            raise Mistake(f"no kind of agents is named '{unknown[0]}'; there are {', '.join(known)}.")
        return self.each(lambda kind: kind.name in names, "bool")

    def place(self, name: str) -> int:
        """Where an agent lies; raises `Mistake` if nobody has the name."""
        if name not in self.names:
            raise Mistake(f"no agent is named '{name}'; there are {', '.join(self.names[:8])} and others.")
        return self.names.index(name)


@cache
def roster(kinds: tuple[Kind, ...]) -> Roster:
    """All agents of these kinds; raises `Mistake` if there are none or two have the same name."""
    names = tuple(name for kind in kinds for name in kind.names)
    if not kinds:
        raise Mistake("a grid world needs agents: give `kinds` one Kind or more.")
    if twice := {name for name in names if names.count(name) > 1}:
        raise Mistake(f"two agents are named '{min(twice)}'; give their kinds other names.")
    index = np.repeat(np.arange(len(kinds)), [kind.count for kind in kinds])
    encoding = np.asarray([kind.encoding for kind in kinds], "int32")[index]
    return Roster(kinds, names, index, encoding, tuple(np.cumsum([0, *(kind.count for kind in kinds)]).tolist()))
