"""Agents in a corridor want to its end, and bump into each other."""

import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.gridworld.chance import shuffled
from ecotone.gridworld.components import Array, Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.placement import fixed, seated
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.state import GridState
from ecotone.gridworld.turns import AllAct, TurnBased
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look
from ecotone.spec import Box, Discrete, MultiBinary


@register
@frozen
class BeforeTheEnd:
    """On cells of their own, drawn among all but the last of the corridor."""

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Place all."""
        cells = np.arange(world.columns)
        allowed = jnp.broadcast_to(cells < world.columns - 1, (world.size, world.columns))
        draws = shuffled(word, np.arange(world.size * world.columns)).reshape(world.size, world.columns)
        return seated(world, fixed(world, state), allowed, draws, alone=True)


@register
@frozen
class Walk:
    """Go left (0), stay (1), or go right (2); who reaches the end leaves the corridor.

    `bad_move`: into somebody or the wall; `bumped`: somebody walked into it; `walked`: neither a bad move nor an arrival.
    """

    key = "move"
    words = 0
    events = ("bad_move", "walked", "arrived")

    def serves(self, kind: Kind) -> bool:
        """Those with a move range."""
        return kind.move_range is not None

    def space(self, world: World, kind: Kind) -> Discrete:
        """Three choices."""
        return Discrete(3)

    def act(self, world: World, state: GridState, agent: Array, action: Array, words: Array) -> tuple[GridState, Events]:
        """Walk."""
        me = np.arange(world.size) == agent
        goal = state.column[agent] + action - 1
        there = state.active & (state.column == goal) & ~me
        bad = (goal < 0) | there.any()
        arrives = ~bad & (goal == world.columns - 1)
        bumped = state.parts["bumped"] + there
        state = state._replace(
            column=jnp.where(me & ~bad, goal, state.column), active=state.active & ~(me & arrives),
            parts=state.parts | {"bumped": bumped},
        )  # fmt: skip
        return state, {"bad_move": bad, "walked": ~bad & ~arrives, "arrived": arrives}


@register
@frozen
class Bumps:
    """Counts, for each agent, those who walked into it in the step: the event `bumped`; it begins each step at 0."""

    words = 0
    events = ("bumped",)

    def reset(self, world: World, state: GridState, word: Array) -> GridState:
        """Nobody was."""
        return state._replace(parts=state.parts | {"bumped": jnp.zeros(world.size, jnp.int32)})

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Tell, and begin anew."""
        return self.reset(world, state, words), {"bumped": state.parts["bumped"]}


@register
@frozen
class Beside:
    """Whether somebody is on the next cell to the left (`step` -1) or to the right (1), one bit."""

    step: int = 1
    """Which side."""

    @property
    def key(self) -> str:
        """`left` or `right`."""
        return "right" if self.step > 0 else "left"

    def serves(self, kind: Kind) -> bool:
        """Everybody."""
        return True

    def space(self, world: World, kind: Kind) -> MultiBinary:
        """One bit."""
        return MultiBinary((1,))

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Bits, `[A, 1]`."""
        own = state.column[world.roster.of(kind), None]
        return ((state.column == own + self.step) & state.active).any(-1, keepdims=True).astype(jnp.int32)


@register
@frozen
class Along:
    """The agent's place in the corridor, `[1]`."""

    key = "position"

    def serves(self, kind: Kind) -> bool:
        """Everybody."""
        return True

    def space(self, world: World, kind: Kind) -> Box:
        """A whole number."""
        return Box((1,), "int32", low=0, high=world.columns - 1)

    def observe(self, world: World, state: GridState, kind: int, word: Array) -> Array:
        """Columns, `[A, 1]`."""
        return state.column[world.roster.of(kind), None]


@register
@frozen
class Arrived:
    """An agent is done when it left the grid; all are when everyone has."""

    def ended(self, world: World, state: GridState) -> Array:
        """Those off the grid."""
        return ~state.active

    def over(self, world: World, state: GridState) -> Array:
        """Everyone is."""
        return ~state.active.any()


def multi_corridor(length: int = 10, agents: int = 5, in_turn: bool = True, horizon: int | None = None) -> GridWorld:
    """Agents from anywhere in a corridor to its right end, one after another.

    A step costs 1, to walk into somebody or the wall 5 instead, to be walked into 2; the end brings length².

    Arguments:
        length: cells.
        agents: how many.
        in_turn: one acts after another; else all at every step.
        horizon: steps after which those who are left have failed.
    """
    return GridWorld(
        1, length, (Kind("agent", 1, agents, move_range=1, look=Look("s", "g")),),
        actors=(Walk(), Bumps()),
        observers=(Along(), Beside(-1), Beside(1)),
        endings=(Arrived(),),
        rewards=(Pay("walked", -1.0), Pay("bad_move", -5.0), Pay("bumped", -2.0), Pay("arrived", float(length**2))),
        parts=(BeforeTheEnd(), Bumps()),
        turns=TurnBased() if in_turn else AllAct(),
        horizon=horizon,
    )  # fmt: skip
