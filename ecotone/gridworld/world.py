"""A grid world: agents by kind, and components for their state, actions, observations, endings and rewards."""

from functools import cached_property
from typing import Any

import jax
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.cells import Rules, clashes, pairs, reach
from ecotone.gridworld.channels import acting_kinds, action_space, learning_members, member_actions
from ecotone.gridworld.components import Channel, Ending, Looks, Observer, Part, Reward, Rule, Turns
from ecotone.gridworld.drawing import frame_of, scene_of
from ecotone.gridworld.kinds import Kind, Roster, roster
from ecotone.gridworld.placement import Placed, check_positions
from ecotone.gridworld.playing import begun, play, shown_now
from ecotone.gridworld.state import GridState
from ecotone.gridworld.turns import AllAct
from ecotone.mistakes import Mistake
from ecotone.recording import Frame, Scene
from ecotone.spec import Box, Dict, Space, Spec
from ecotone.teams import Shown, Team

Array = Any
Key = Any
Tree = Any


@frozen
class GridWorld:
    """A grid of agents that act by `actors`, in their order, and see by `observers`; a `MultiAgentEnvironment`.

    Kinds that both an actor and an observer serve are its teams. An agent's observation has a part per observer, its action
    a channel per actor, each by the component's key; where there is but one, that is the observation or action itself.

    Raises:
        Mistake: components and agents do not fit each other: it says which, and what to do.
    """

    rows: int
    columns: int
    kinds: tuple[Kind, ...]
    """Agents, kind after kind; of agents that act in the same step, those before act first."""
    actors: tuple[Channel | Rule, ...] = ()
    """What agents do, and what happens by itself: one after the other, each for all agents."""
    observers: tuple[Observer, ...] = ()
    """What agents see."""
    endings: tuple[Ending, ...] = ()
    """When agents, and all, are done; one is enough. None: nobody ever is."""
    rewards: tuple[Reward, ...] = ()
    """What agents are paid; they add up."""
    parts: tuple[Part, ...] = (Placed(),)
    """What is set at reset, in this order."""
    turns: Turns = AllAct()
    """Who acts when."""
    overlap: Rules = ()
    """Which encodings may be on one cell: from an encoding to others; what one side allows, both do."""
    horizon: int | None = None
    """Steps after which the episode is cut short for all who are left; none: never."""
    looks: Looks | None = None
    """How agents look; none: by their kinds."""
    reveals: bool = False
    """Whether it shows the true state, for centralised training: every agent's presence, row, column and health."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "overlap", pairs(self.overlap))
        if self.rows < 1 or self.columns < 1:
            raise Mistake(f"a grid of {self.rows} rows and {self.columns} columns has no cells.")
        check_positions(self)
        _check_keys(self)

    @cached_property
    def roster(self) -> Roster:
        """All agents side by side."""
        return roster(self.kinds)

    @property
    def size(self) -> int:
        """The number of agents."""
        return len(self.roster.names)

    @property
    def clash(self) -> np.ndarray:
        """`[i, j]`: agents i and j cannot be on the same cell, `[N, N]` bool."""
        return clashes(self.kinds, pairs(self.overlap))

    @property
    def mixed(self) -> bool:
        """Whether agents of different encodings can be on one cell."""
        apart = self.roster.encoding[:, None] != self.roster.encoding
        return bool((apart & ~self.clash).any())

    @property
    def most_encoding(self) -> int:
        """The greatest encoding."""
        return int(self.roster.encoding.max())

    @property
    def code(self) -> str:
        """The type of observed encodings."""
        return "int8" if self.most_encoding < 128 else "int16"

    def view(self, kind: int) -> int:
        """How many cells away agents of a kind (an index) see."""
        return reach(self.kinds[kind].view_range, self.rows, self.columns)

    @cached_property
    def events(self) -> tuple[str, ...]:
        """Names of what is counted in each step; `acted`, `killed` and `ended` always are."""
        return tuple(sorted({"acted", "killed", "ended", *(event for actor in self.actors for event in actor.events)}))

    @cached_property
    def learners(self) -> tuple[int, ...]:
        """Indices of the kinds that learn."""
        acting = acting_kinds(self)
        sees = lambda kind: any(observer.serves(kind) for observer in self.observers)
        return tuple(k for k, kind in enumerate(self.kinds) if k in acting and sees(kind))

    @cached_property
    def learns(self) -> np.ndarray:
        """Who learns, `[N]` bool."""
        return np.isin(self.roster.kind, self.learners)

    @property
    def teams(self) -> dict[str, Team]:
        """A team for each kind that learns."""
        return self._teams

    @cached_property
    def _teams(self) -> dict[str, Team]:
        kinds = [self.kinds[k] for k in self.learners]
        return {kind.name: Team(kind.names, Spec(self._seen(kind), action_space(self, kind))) for kind in kinds}

    @property
    def state_space(self) -> Space | None:
        """`[N, 4]`, if the world `reveals` it."""
        return Box((self.size, 4), low=-1.0, high=1.0) if self.reveals else None

    @property
    def simultaneous(self) -> bool:
        """Whether all who are there act at every step."""
        return self.turns.simultaneous and not any(self.kinds[k].reserve for k in self.learners)

    def reset(self, key: Key) -> tuple[GridState, Shown]:
        """Begin an episode."""
        words = jax.random.bits(key, (len(self.parts) + 1,))
        state = begun(self, words)
        return state, shown_now(self, state, state, words[-1])

    def step(self, state: GridState, action: dict[str, Tree], key: Key) -> tuple[GridState, Shown]:
        """All who were asked act."""
        return self.advance(state, action, jax.random.bits(key, (self.draws,)))

    @cached_property
    def draws(self) -> int:
        """Random words that a step takes: for each actor's agents, for what is seen, and for their order if it is drawn."""
        times = lambda actor: len(learning_members(self, actor)) if isinstance(actor, Channel) else 1
        return sum(actor.words * times(actor) for actor in self.actors) + 2

    def advance(self, state: GridState, action: dict[str, Tree], words: Array) -> tuple[GridState, Shown]:
        """`step` with given random words `[draws]` uint32."""
        before, state = state, play(self, state, member_actions(self, action), words)
        return state, shown_now(self, before, state, words[-2])

    def resumed(self, state: GridState, key: Key) -> Shown:
        """What a state of your own making shows, as if an episode began with it."""
        return shown_now(self, state, state, jax.random.bits(key, ()))

    def counts(self, state: GridState) -> dict[str, Array]:
        """How often each event happened to each team's agents in the step that led to a state, by `team/event`."""
        where = {self.kinds[k].name: self.roster.of(k) for k in self.learners}
        return {f"{team}/{event}": state.events[event][at].sum() for team, at in where.items() for event in self.events}

    @cached_property
    def scene(self) -> Scene:
        """What stays the same in all pictures of it."""
        return scene_of(self)

    def frame(self, state: GridState) -> Frame:
        """Who is to be drawn where."""
        return frame_of(self, state)

    def _seen(self, kind: Kind) -> Space:
        parts = {observer.key: observer.space(self, kind) for observer in self.observers if observer.serves(kind)}
        return next(iter(parts.values())) if len(parts) == 1 else Dict(parts)


def _check_keys(world: GridWorld) -> None:
    for kind in world.kinds:
        channels = [actor.key for actor in world.actors if isinstance(actor, Channel) and actor.serves(kind)]
        seen = [observer.key for observer in world.observers if observer.serves(kind)]
        for keys, what in ((channels, "actors"), (seen, "observers")):
            if twice := {key for key in keys if keys.count(key) > 1}:
                raise Mistake(f"agents '{kind.name}' have two {what} with the key '{min(twice)}'; leave one out.")
        if channels and not seen:
            raise Mistake(
                f"agents '{kind.name}' act but see nothing: give them a view_range, or the world an observer for them."
            )
    clashes(world.kinds, pairs(world.overlap))
