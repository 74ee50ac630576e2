"""Episodes as one looks at them: entities on a grid or pictures, and what every agent saw, did and got."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ecotone.frozen import frozen, static
from ecotone.mistakes import Mistake, nearest
from ecotone.trajectory import Array, Tree

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#5B4B8A", "#7A7A7A")
"""Okabe and Ito's, which colour-blind people tell apart, the strong ones first."""
NAMED = {
    "blue": COLOURS[0], "red": COLOURS[1], "green": COLOURS[2], "pink": COLOURS[3], "orange": COLOURS[4],
    "sky": COLOURS[5], "purple": COLOURS[6], "grey": COLOURS[7], "gray": COLOURS[7], "black": "#222222",
    "white": "#FFFFFF", "brown": "#8C5A2B", "yellow": "#F0E442", "cyan": "#56B4E9", "magenta": "#CC79A7",
}  # fmt: skip
"""Names of colours, which stand for those of the palette where it has one so called."""
NAMED |= {"b": NAMED["blue"], "r": NAMED["red"], "g": NAMED["green"], "c": NAMED["cyan"], "m": NAMED["magenta"]}
NAMED |= {"y": NAMED["yellow"], "k": NAMED["black"], "w": NAMED["white"]}
MARKERS = {
    "circle": "o", "square": "s", "triangle": "^", "diamond": "D", "pentagon": "p", "cross": "X", "star": "*",
    "hexagon": "h", "plus": "P", "down": "v", "left": "<", "right": ">", "wall": "full",
}  # fmt: skip
"""Shapes, and the marker by which matplotlib (and Abmarl) knows each; a wall fills its cell."""
OTHER_MARKERS = {"d": "diamond", "x": "cross", "+": "plus", "H": "hexagon", ".": "circle"}
TEAM_SHAPES = tuple(MARKERS)[:8]
UP, RIGHT, DOWN, LEFT = range(4)
NOWHERE = -1
"""Stands for no look (the entity is not there) and for no direction."""


@frozen
class Look:
    """How an entity is drawn; what is left out is chosen for its team. Raises `Mistake` for an unknown shape or colour."""

    shape: str = ""
    """One of `MARKERS`, by its name or marker."""
    colour: str = ""
    """A name of `NAMED`, or `#rrggbb`."""
    size: float = static(default=0.7)
    """Of its cell, 0 to 1; a wall fills its cell whatever this is."""
    label: str = ""
    """What the legend says."""

    def __post_init__(self) -> None:
        by_marker = {marker: name for name, marker in MARKERS.items()} | OTHER_MARKERS
        shape = by_marker.get(self.shape, self.shape)
        if shape not in ("", *MARKERS):
            raise Mistake(f"'{self.shape}' is no shape: take one of {', '.join(MARKERS)}.{nearest(shape, MARKERS)}")
        if not 0 < self.size <= 1:
            raise Mistake(f"the size of a look is {self.size}, but it is a share of a cell: above 0, at most 1.")
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "colour", _hexadecimal(self.colour) if self.colour else "")


def _hexadecimal(colour: str) -> str:
    """`#rrggbb` of a colour."""
    found = NAMED.get(colour.lower(), colour)
    digits = found.removeprefix("#")
    if not found.startswith("#") or len(digits) != 6 or not set(digits.lower()) <= set("0123456789abcdef"):
        raise Mistake(f"'{colour}' is no colour: write '#rrggbb', or one of {', '.join(NAMED)}.{nearest(colour, NAMED)}")
    return found


def team_looks(looks: Mapping[str, Look]) -> dict[str, Look]:
    """Looks by team, completed: a colour of the palette and a shape of its own for each team that says none.

    A team that is named for a colour gets that one.
    """
    words = {team: [word for word in re.split("[_ -]", team.lower()) if word in NAMED] for team in looks}
    said = {team: look.colour or (NAMED[words[team][0]] if words[team] else "") for team, look in looks.items()}
    free = itertools.cycle([colour for colour in COLOURS if colour not in said.values()] or COLOURS)
    shapes = itertools.cycle(TEAM_SHAPES)
    return {
        team: Look(look.shape or next(shapes), said[team] or next(free), look.size, look.label or team)
        for team, look in looks.items()
    }


@dataclass(frozen=True)
class Scene:
    """What stays the same throughout a recording on a grid.

    Arguments:
        rows, columns: size of the grid in cells.
        entities: names of all that may be drawn, in the order of the frames' axis; agents go by their names.
        looks: the legend.
        cells: looks, by their index in `looks`, of the numbers that agents see in views of the grid.
        choices: what the choices of a team with one `Discrete` action are called, by team.
    """

    rows: int
    columns: int
    entities: tuple[str, ...]
    looks: tuple[Look, ...]
    cells: Mapping[int, int] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Frame(NamedTuple):
    """The entities of a scene at one step; in a recording, with steps on axis 0.

    Attributes:
        place: row and column of each, counted from the upper left corner, `[N, 2]` int.
        look: index of its look, `NOWHERE` while it isn't there, `[N]` int.
        facing: `UP`, `RIGHT`, `DOWN`, `LEFT`, or `NOWHERE` for what has no front, `[N]` int; `()` where nothing has.
        health: 0 to 1, NaN for what has none, `[N]` float32; `()` where nothing has.
    """

    place: Array
    look: Array
    facing: Array = ()
    health: Array = ()


@runtime_checkable
class Drawable(Protocol):
    """A compiled environment whose states can be drawn."""

    @property
    def scene(self) -> Scene: ...

    def frame(self, state: Any) -> Frame:
        """The state's entities; pure, so that it runs within a program and for many states at once."""
        ...


class Track(NamedTuple):
    """What the agents of one team saw, did and got, `[T, A, ...]`; an episode's last row is only looked at.

    Attributes:
        observation: what each saw.
        asks: it chose an action on this row, bool.
        action: the choice, in the environment's units; meaningless where it was not asked.
        reward: what it got since the row before, float32.
        ends: its episode ended here, bool.
    """

    observation: Tree
    asks: Array
    action: Tree
    reward: Array
    ends: Array


@dataclass(frozen=True)
class Episode:
    """One episode of T rows.

    Arguments:
        tracks: by team.
        frames: of the recording's scene, steps on axis 0; none where it is told by pictures, or by nothing but tracks.
        pictures: T of them as PNG files, or none.
    """

    tracks: dict[str, Track]
    frames: Frame | None = None
    pictures: tuple[bytes, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of it: one more than environment steps."""
        return len(next(iter(self.tracks.values())).reward)


@dataclass(frozen=True)
class Recording:
    """Episodes of one environment.

    Arguments:
        title: what it shows.
        teams: names of agents by team, in the order of the tracks' axis.
        episodes: one or more.
        scene: of the frames; none without.
        rate: environment steps per second at the natural speed.
    """

    title: str
    teams: dict[str, tuple[str, ...]]
    episodes: tuple[Episode, ...]
    scene: Scene | None = None
    rate: float = 8.0
