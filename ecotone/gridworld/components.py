"""The contracts of components, and the registry of their classes by name.

Components are frozen dataclasses of pure functions. Every function gets the world (constants: `rows`, `columns`, `roster`,
`clash`, ranges) and its state; those that draw get random words, uint32, as many as they say in `words`.
"""

from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.state import GridState
from ecotone.mistakes import Mistake, nearest
from ecotone.recording import Look
from ecotone.spec import Space

if TYPE_CHECKING:
    from ecotone.gridworld.world import GridWorld as World
else:
    World = Any

Array = Any
Tree = Any
Events = dict[str, Array]
T = TypeVar("T")


@runtime_checkable
class Part(Protocol):
    """A part of the state at reset: positions, health, or something of your own; parts are set in the order given."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Begin an episode; `word` is one random word."""
        ...


@runtime_checkable
class Channel(Protocol):
    """What agents can do: one channel of the action. It is an `Actor` or a `Crowd`.

    Attributes:
        key: name of the channel.
        words: random words that each agent's action takes.
        events: names of the events that it counts.
    """

    @property
    def key(self) -> str: ...

    @property
    def words(self) -> int: ...

    @property
    def events(self) -> tuple[str, ...]: ...

    def serves(self, kind: Kind) -> bool:
        """Whether agents of a kind have this channel."""
        ...

    def space(self, world: World, kind: Kind) -> Space:
        """What the channel holds; where kinds differ, the shorter are filled up with zeros before they act."""
        ...


@runtime_checkable
class Actor(Channel, Protocol):
    """A channel whose agents act one after another; each finds what those before it did."""

    def act(self, world: World, state: GridState, agent: Array, action: Tree, words: Array) -> tuple[GridState, Events]:
        """One agent (an index into the roster) acts: the state after it, and how often each event happened to it, `[]`.

        It may take for granted that the agent was asked and is active; where that is not so, what it gives is left out.
        """
        ...


@runtime_checkable
class Crowd(Channel, Protocol):
    """A channel for which it makes no difference who acts first: its agents act all at once, which is faster."""

    def act_together(
        self, world: World, state: GridState, members: np.ndarray, acting: Array, action: Tree, words: Array
    ) -> tuple[GridState, Events]:
        """All members (indices into the roster, `[M]`) act where `acting` `[M]`; `words` `[M, words]`; events `[M]`."""
        ...


@runtime_checkable
class Rule(Protocol):
    """Something that happens by itself among the actors, in its place in their order: growth, scripted agents, tunnels."""

    @property
    def words(self) -> int: ...

    @property
    def events(self) -> tuple[str, ...]: ...

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """The state after it, and how often each event happened to each agent, `[N]`; `words` `[words]`."""
        ...


@runtime_checkable
class Observer(Protocol):
    """What an agent sees: one part of the observation.

    Attributes:
        key: name of the part.
    """

    @property
    def key(self) -> str: ...

    def serves(self, kind: Kind) -> bool:
        """Whether agents of a kind have this part."""
        ...

    def space(self, world: World, kind: Kind) -> Space:
        """What the part holds."""
        ...

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Tree:
        """What each agent of a kind (an index) sees, `[A, ...]`; all draw from the step's one word."""
        ...


@runtime_checkable
class Ending(Protocol):
    """When an agent's episode, and the whole episode, end for good."""

    def ended(self, world: World, state: GridState) -> Array:
        """Each agent's, `[N]` bool."""
        ...

    def over(self, world: World, state: GridState) -> Array:
        """Everybody's, `[]` bool."""
        ...


@runtime_checkable
class Reward(Protocol):
    """What a step brings each agent; those of all rewards add up."""

    def pay(self, world: World, before: GridState, state: GridState) -> Array:
        """From the state before the step and the state after it, with its events, `[N]`."""
        ...


@runtime_checkable
class Turns(Protocol):
    """Who is asked for an action, and in which order those who were asked act.

    Attributes:
        simultaneous: every agent that is there acts at every step.
        shuffled: agents act in an order that is drawn at each step, not in the roster's.
    """

    @property
    def simultaneous(self) -> bool: ...

    @property
    def shuffled(self) -> bool: ...

    def next(self, world: World, state: GridState, candidates: Array) -> tuple[Array, Array]:
        """`(asks, turn)`: who of `candidates` `[N]` (learners still there) acts next, and the `turn` to keep."""
        ...


@runtime_checkable
class Looks(Protocol):
    """How agents look whose look is not that of their kind alone: the sick, the laden, the angry."""

    def looks(self, world: World) -> tuple[Look, ...]:
        """Further looks beside those of the kinds, each with a label."""
        ...

    def look(self, world: World, state: GridState) -> Array:
        """Index of each agent's look in `looks`, -1 for that of its kind, `[N]` int."""
        ...


REGISTRY: dict[str, type] = {}
"""Classes of components by name."""


def register(component: type[T]) -> type[T]:
    """Make a class of components known by its name; use it as a decorator.

    Raises:
        Mistake: it is no component: no part, actor, rule, observer, ending, reward or order of turns.
    """
    roles = ("reset", "act", "act_together", "happen", "observe", "ended", "pay", "next")
    if not any(callable(getattr(component, role, None)) for role in roles):
        raise Mistake(f"{component.__name__} is no component: it needs one of the functions {', '.join(roles)}.")
    REGISTRY[component.__name__] = component
    return component


def component(name: str, **options: Any) -> Any:
    """A component by the name of its class; raises `Mistake` if there is none."""
    if name not in REGISTRY:
        raise Mistake(f"no component is named '{name}'.{nearest(name, REGISTRY) or ' Register its class.'}")
    return REGISTRY[name](**options)
