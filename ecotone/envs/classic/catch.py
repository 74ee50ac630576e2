"""Catch as bsuite has it, compiled."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.recording import Frame, Look, Scene
from ecotone.spec import Box, Discrete, Spec

Array = Any
Key = Any


class CatchState(NamedTuple):
    """Column of the ball, row of the ball (counted from the top), column of the paddle."""

    ball: Array
    row: Array
    paddle: Array


@frozen
class Catch:
    """Be under the ball when it arrives (Mnih et al. 2014, arXiv:1406.6247; sizes of bsuite, arXiv:1908.03568).

    The ball falls one row per decision, so an episode is `rows - 1` decisions; it always terminates.
    """

    rows: int = 10
    """Height of the board."""
    columns: int = 5
    """Width of the board."""

    @property
    def spec(self) -> Spec:
        """The board in, 1 at the ball and the paddle; left (0), stay (1) or right (2) out."""
        return Spec(Box((self.rows, self.columns), low=0.0, high=1.0), Discrete(3))

    def reset(self, key: Key) -> tuple[CatchState, Array]:
        """The ball in any column of the top row, the paddle in the middle of the bottom row."""
        ball = jax.random.randint(key, (), 0, self.columns)
        state = CatchState(ball, jnp.zeros((), jnp.int32), jnp.full((), self.columns // 2, jnp.int32))
        return state, self._board(state)

    def step(self, state: CatchState, action: Array, key: Key) -> tuple[CatchState, Array, Array, Array, Array]:
        """Move the paddle, let the ball fall; at the bottom 1 if caught, else -1."""
        paddle = jnp.clip(state.paddle + jnp.asarray(action, jnp.int32) - 1, 0, self.columns - 1)
        state = CatchState(state.ball, state.row + 1, paddle)
        landed = state.row >= self.rows - 1
        reward = jnp.where(landed, jnp.where(paddle == state.ball, 1.0, -1.0), 0.0)
        return state, self._board(state), reward, landed, jnp.zeros((), bool)

    def _board(self, state: CatchState) -> Array:
        row, column = jnp.arange(self.rows)[:, None], jnp.arange(self.columns)
        ball = (row == state.row) & (column == state.ball)
        paddle = (row == self.rows - 1) & (column == state.paddle)
        return (ball | paddle).astype(jnp.float32)

    @property
    def scene(self) -> Scene:
        """The board with the ball and the paddle."""
        looks = (Look("circle", "red", label="ball"), Look("square", "blue", 0.8, "paddle"))
        return Scene(self.rows, self.columns, ("ball", "agent"), looks, choices={"agent": ("left", "stay", "right")})

    def frame(self, state: CatchState) -> Frame:
        """Where both are."""
        place = jnp.array([[state.row, state.ball], [self.rows - 1, state.paddle]])
        return Frame(place, jnp.arange(2))
