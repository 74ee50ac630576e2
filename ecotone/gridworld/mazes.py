"""Mazes, by a randomised Prim's algorithm."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.chance import choose, sub

Array = Any
UNSEEN, WALL, PASSAGE = 2, 1, 0


def maze(rows: int, columns: int, row: Array, column: Array, word: Array) -> Array:
    """A maze whose passages grow from one cell: where its walls are, `[rows, columns]` bool.

    A wall beside the passages, drawn at random, becomes a passage if there are cells not yet seen on exactly one of two
    opposite sides of it, and fewer than two passages beside it; its unseen neighbours become walls. It goes on until every
    wall was tried. What was never seen is wall, and so is, for that purpose, all beyond the grid.
    """
    start = (np.arange(rows)[:, None] == row) & (np.arange(columns) == column)
    grid = jnp.where(start, PASSAGE, UNSEEN)
    front = beside(start)
    grid = jnp.where(front, WALL, grid)

    def grow(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        grid, front, word = state
        word = sub(word, 0)
        cell = choose(front.ravel(), word).reshape(front.shape)
        up, down, left, right = around(grid == UNSEEN, True)
        splits = (up ^ down) | (left ^ right)
        narrow = sum(each.astype(jnp.int32) for each in around(grid == PASSAGE, False)) < 2
        opens = cell & splits & narrow
        fresh = beside(opens) & (grid == UNSEEN)
        grid = jnp.where(opens, PASSAGE, jnp.where(fresh, WALL, grid))
        return grid, (front & ~cell) | fresh, word

    grid, _, _ = jax.lax.while_loop(lambda state: state[1].any(), grow, (grid, front, word))
    return grid != PASSAGE


def around(grid: Array, beyond: bool) -> tuple[Array, Array, Array, Array]:
    """What is above, below, left and right of each cell, and `beyond` at the edges."""
    padded = jnp.pad(grid, 1, constant_values=beyond)
    return padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]


def beside(cells: Array) -> Array:
    """The neighbours of some cells in the four directions."""
    up, down, left, right = around(cells, False)
    return up | down | left | right
