"""Connect four, compiled."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import ACTION_MASK, SEEN, Box, Dict, Discrete, Spec
from ecotone.teams import Shown, Team

Array = Any
Key = Any
ROWS, COLUMNS, LINE = 6, 7, 4
TEAM = "player"
PLAYERS = ("player_0", "player_1")
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns from one place of a line to the next."""


class Game(NamedTuple):
    """Whose piece lies where, 1 and 2 for the players `[6, 7]` int8 with the top row first, and who moves, `[]` int32."""

    board: Array
    turn: Array


@frozen
class ConnectFour:
    """Drop pieces into columns in turns; who first has four in a line gets 1, the other -1 (PettingZoo's connect_four_v3).

    An illegal move, which the mask rules out, ends the game and costs its player 1.
    """

    @property
    def teams(self) -> Mapping[str, Team]:
        """Both see where their own pieces lie, then the other's, and choose a column that has room."""
        seen = Box((ROWS, COLUMNS, 2), "int8", low=0.0, high=1.0)
        legal = Box((COLUMNS,), "int8", low=0.0, high=1.0)
        return {TEAM: Team(PLAYERS, Spec(Dict({SEEN: seen, ACTION_MASK: legal}), Discrete(COLUMNS)))}

    @property
    def state_space(self) -> None:
        """Nothing beyond what the players see."""
        return

    @property
    def simultaneous(self) -> bool:
        """False: they take turns."""
        return False

    def reset(self, key: Key) -> tuple[Game, Shown]:
        """An empty board, and the first player's turn."""
        game = Game(jnp.zeros((ROWS, COLUMNS), jnp.int8), jnp.zeros((), jnp.int32))
        return game, _shown(game, jnp.zeros(2), jnp.zeros((), bool))

    def step(self, state: Game, action: dict[str, Array], key: Key) -> tuple[Game, Shown]:
        """Drop a piece of the player whose turn it is; nothing varies with `key`."""
        column = action[TEAM][state.turn]
        room = (state.board[:, column] == 0).sum()
        place = (jnp.arange(ROWS)[:, None] == room - 1) & (jnp.arange(COLUMNS) == column)
        board = jnp.where(place, (state.turn + 1).astype(jnp.int8), state.board)
        illegal, won = room == 0, _has_line(board == state.turn + 1)
        mover = jnp.arange(2) == state.turn
        reward = jnp.where(illegal, -1.0 * mover, jnp.where(won, jnp.where(mover, 1.0, -1.0), 0.0))
        game = Game(board, 1 - state.turn)
        return game, _shown(game, reward, illegal | won | (board != 0).all())


def _has_line(own: Array) -> Array:
    """Whether four of a player's pieces `[6, 7]` bool lie in a line, `[]` bool."""
    padded = jnp.pad(own, LINE - 1)
    lines = []
    for down, right in DIRECTIONS:
        moved = [jnp.roll(padded, (-i * down, -i * right), (0, 1)) for i in range(LINE)]
        lines.append(jnp.stack(moved).all(0).any())
    return jnp.stack(lines).any()


def _shown(game: Game, reward: Array, over: Array) -> Shown:
    piece = jnp.arange(1, 3, dtype=jnp.int8)
    seen = jnp.stack([jnp.stack([game.board == own, game.board == 3 - own], -1) for own in piece]).astype(jnp.int8)
    moves = jnp.arange(2) == game.turn
    legal = ((moves | over)[:, None] & (game.board[0] == 0)).astype(jnp.int8)
    both = jnp.broadcast_to(over, 2)
    return Shown(
        observation={TEAM: {SEEN: seen, ACTION_MASK: legal}},
        asks={TEAM: moves & ~over},
        reward={TEAM: reward.astype(jnp.float32)},
        terminated={TEAM: both},
        truncated={TEAM: jnp.zeros(2, bool)},
        over=over,
    )
