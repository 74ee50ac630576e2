"""Runners want to reach a target that shoots at them."""

import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.gridworld.attacks import SelectiveAttack
from ecotone.gridworld.attributes import Health
from ecotone.gridworld.components import Array, Events, World, register
from ecotone.gridworld.kinds import Kind
from ecotone.gridworld.moving import Move
from ecotone.gridworld.observing import CentredView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay
from ecotone.gridworld.state import GridState
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look


@register
@frozen
class Arrive:
    """Agents of a kind who act and stand where the one agent of another kind does leave the grid: `arrived`."""

    kind: str
    """The kind that arrives."""
    target: str
    """The agent where it arrives."""
    words = 0
    events = ("arrived",)

    def happen(self, world: World, state: GridState, words: Array) -> tuple[GridState, Events]:
        """Take those who have arrived off the grid."""
        target, comes = world.roster.place(self.target), world.roster.is_kind(self.kind)
        there = (state.row == state.row[target]) & (state.column == state.column[target])
        arrived = comes & there & state.asks & state.active
        return state._replace(active=state.active & ~arrived), {"arrived": arrived}


@register
@frozen
class LastLearner:
    """Learners who left the grid are done; those of some kinds only when all are: when one learner or none is left."""

    until_last: tuple[str, ...] = ()
    """Names of the kinds that play on until all are done."""

    def ended(self, world: World, state: GridState) -> Array:
        """Those who left the grid."""
        waits = world.roster.is_kind(*self.until_last)
        return jnp.where(waits, self.over(world, state), ~state.active)

    def over(self, world: World, state: GridState) -> Array:
        """One learner is left, or none."""
        return (state.active & world.learns).sum() <= 1


def reach_target(runners: int = 4, barriers: int = 10, size: int = 7, horizon: int | None = None) -> GridWorld:
    """Runners from the corners, who move up to two cells, and a target in the middle that hits cells beside it.

    A runner gets 1 for reaching the target, -1 for being hit, -0.1 for a move that fails and -0.01 a step; the target gets 1
    for each it hits and -0.1 for an attack that hits nobody. Barriers, on other cells in every episode, hide what is behind
    them; runners can pass them.

    Arguments:
        runners: up to 4.
        barriers: how many.
        size: rows, and columns.
        horizon: steps after which the game is cut short.
    """
    last, middle = size - 1, size // 2
    corners = ((0, 0), (last, 0), (0, last), (last, last))[:runners]
    kinds = (
        Kind("barrier", 1, barriers, blocking=True, health=None, look=Look("s")),
        Kind("runner", 3, runners, corners, view_range=size // 2, move_range=2, look=Look(colour="b")),
        Kind(
            "target", 2, positions=((middle, middle),), view_range=size, attack_range=1, health=None, look=Look(colour="g")
        ),
    )
    runner, all_acted = ("runner",), Pay("acted", -0.01, ("runner",))
    return GridWorld(
        size, size, kinds,
        actors=(SelectiveAttack({2: 3}), Move(), Arrive("runner", "target")),
        observers=(CentredView(),),
        endings=(LastLearner(("target",)),),
        rewards=(
            Pay("arrived", 1.0), Pay("killed", -1.0, runner), Pay("kill", 1.0), Pay("missed", -0.1),
            Pay("bad_move", -0.1), all_acted,
        ),
        parts=(Health(), Placed()),
        overlap={2: 3, 3: (1, 2, 3)},
        horizon=horizon,
    )  # fmt: skip
