"""How worlds are declared and begin, and what is said where that makes no sense."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.compiled import begin_anew
from ecotone.gridworld import (
    CentredView,
    GridWorld,
    Kind,
    MazePlaced,
    Move,
    Placed,
    TargetPlaced,
    from_array,
    from_file,
    from_picture,
    game,
)
from ecotone.gridworld.mazes import around, maze
from ecotone.mistakes import Mistake

A = Kind("a", 1, view_range=1, move_range=1)
WALL = Kind("wall", 2)


def world(*kinds, size=5, **more):
    return GridWorld(size, size, kinds, (Move(),), (CentredView(),), **more)


def test_layouts_from_arrays_files_and_pictures(tmp_path):
    registry = {"A": A, "W": WALL}
    made = from_array(np.array([["A", "0", "W"], [".", "_", "W"]]), registry, extra=(Kind("late", 3), Kind("a", 9)))
    assert (made["rows"], made["columns"]) == (2, 3)
    assert [(kind.name, kind.count, kind.positions) for kind in made["kinds"]] == [
        ("a", 1, ((0, 0),)), ("wall", 2, ((0, 2), (1, 2))), ("late", 1, ()),
    ]  # fmt: skip
    for text in ("A _ W\n. 0 W\n", "A_W\n.0W"):
        (tmp_path / "layout.txt").write_text(text)
        assert from_file(tmp_path / "layout.txt", registry)["kinds"] == made["kinds"][:2]
    red, black, white = (200, 0, 0), (0, 0, 0), (255, 255, 255)
    pixels = np.array([[red, white, black], [white, white, black]], np.uint8)
    assert from_picture(pixels, {red: A, black: WALL})["kinds"] == made["kinds"][:2]
    with pytest.raises(Mistake, match="'X' in row 0, column 1"):
        from_array(["AX"], registry)
    with pytest.raises(Mistake, match="cannot be read"):
        from_file(tmp_path / "none.txt", registry)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: world(Kind("a", 0)), "encoding is 0"),
        (lambda: world(Kind("a", 1, positions=((5, 0),))), r"\(5, 0\), which is not on a grid of 5 by 5"),
        (lambda: world(Kind("a", 1, 2, ((0, 0), (0, 0)))), "'a0' and 'a1' both begin at"),
        (lambda: world(A, A), "two agents are named 'a'"),
        (lambda: world(A, overlap={1: 7}), "encoding 7, which no agent has"),
        (lambda: world(Kind("a", 1, move_range=1)), "act but see nothing"),
        (lambda: GridWorld(5, 5, (A,), (Move(), Move()), (CentredView(),)), "two actors with the key 'move'"),
        (lambda: world(A, WALL, parts=(MazePlaced("a", free=(1,)),)).reset(jax.random.key(0)), "'wall' has encoding 2"),
        (lambda: world(A, WALL).roster.is_kind("wal"), "no kind of agents is named 'wal'; there are a, wall"),
        (lambda: game("team_batle"), "Did you mean 'team_battle'"),
        (lambda: game("maze", size=3), "has no option 'size'"),
    ],
)
def test_mistakes_say_what_to_do(make, says):
    with pytest.raises(Mistake, match=says):
        make()


def test_mazes_are_trees_of_passages():
    rows, columns = 9, 12
    grow = jax.jit(jax.vmap(lambda word: maze(rows, columns, jnp.int32(4), jnp.int32(5), word)))
    walls = np.asarray(grow(jax.random.bits(jax.random.key(0), (32,))))
    assert not walls[:, 4, 5].any()
    assert len({each.tobytes() for each in walls}) == 32
    for each in walls:
        free, reached = ~each, np.zeros_like(each)
        reached[4, 5] = True
        for _ in range(rows * columns):
            reached |= np.logical_or.reduce([np.asarray(side) for side in around(reached, False)]) & free
        assert (reached == free).all()  # every passage can be reached
        edges = (free[1:] & free[:-1]).sum() + (free[:, 1:] & free[:, :-1]).sum()
        assert edges == free.sum() - 1  # and in one way only


def test_barriers_take_the_nearest_cells_and_the_free_the_farthest():
    kinds = (Kind("goal", 1), Kind("wall", 2, 8), Kind("a", 3, 3, view_range=1, move_range=1))
    placed = TargetPlaced("goal", (2,), (1, 3), cluster_barriers=True, scatter_free=True, random_order=True)
    made = world(*kinds, size=7, parts=(placed,), overlap={3: 3})
    state = jax.jit(jax.vmap(made.reset))(jax.random.split(jax.random.key(2), 50))[0]
    away = np.asarray((state.row - state.row[:, :1]) ** 2 + (state.column - state.column[:, :1]) ** 2)
    cells = np.stack(np.meshgrid(np.arange(7), np.arange(7), indexing="ij"), -1).reshape(-1, 2)
    for distances, goal in zip(away, np.asarray(state.position[:, 0]), strict=True):
        every = np.sort(((cells - goal) ** 2).sum(1))
        np.testing.assert_array_equal(np.sort(distances[1:9]), every[1:9])
        assert (distances[9:] == every[-1]).all()
    assert len({tuple(each) for each in np.asarray(state.position[:, 0])}) > 20


def test_agents_are_placed_anywhere_they_may_be_and_left_out_where_there_is_no_room():
    full = world(Kind("wall", 2, 3), A, size=2, parts=(Placed(),))
    state = jax.jit(jax.vmap(full.reset))(jax.random.split(jax.random.key(0), 400))[0]
    own = np.asarray(state.row[:, 3] * 2 + state.column[:, 3])
    assert (np.abs(np.bincount(own, minlength=4) / 400 - 0.25) < 0.08).all()
    crowded = world(Kind("wall", 2, 4), A, size=2)
    state, shown = jax.jit(crowded.reset)(jax.random.key(0))
    assert state.active.tolist() == [True] * 4 + [False]
    assert not shown.asks["a"].any()


@pytest.mark.parametrize("over", [[], [3], [0, 5], list(range(8))])
def test_to_begin_few_copies_anew_is_the_same_as_all(over):
    flags = jnp.zeros(8, bool).at[jnp.asarray(over, int)].set(True)
    keys = lambda: jax.random.split(jax.random.key(1), 8)
    reset = lambda key: (jax.random.uniform(key, (2,)), jnp.ones((), bool))
    stepped = (jnp.zeros((8, 2)), jnp.zeros(8, bool))
    expected = begin_anew(reset, keys, flags, stepped)
    found = begin_anew(reset, keys, flags, stepped, few=2)
    jax.tree.map(np.testing.assert_array_equal, found, expected)
    assert found[1].tolist() == flags.tolist()
