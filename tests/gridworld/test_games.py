"""The games that no recording of Abmarl's covers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.gridworld import GAMES, GridWorld, game
from ecotone.spec import leaves
from ecotone.teams import MultiAgentEnvironment
from ecotone.testing.elements import check_elements

SMALL = {
    "multi_corridor": {"agents": 3, "in_turn": False, "horizon": 9},
    "comms_blocking": {"broadcasters": 2, "blockers": 2, "reach": 2, "horizon": 9},
    "pacman": {"horizon": 9, "scripted": False},
    "hide_and_seek": {"hiders": 2, "seekers": 1, "walls": 4, "bricks": 3, "size": 6, "head_start": 3, "horizon": 9},
    "foraging": {"foragers": 20, "food": 20, "size": 10, "view_range": 2, "horizon": 9},
}


def drawn(space, key, leading):
    """Actions drawn as rows have them, by hashing; any space of choices."""
    (_, leaf), *more = leaves(space)
    if more:
        return {name: drawn(part, jax.random.fold_in(key, i), leading) for i, (name, part) in enumerate(space.parts)}
    sizes = np.asarray(leaf.n if hasattr(leaf, "n") else leaf.sizes, np.uint32)
    return (jax.random.bits(key, (*leading, *leaf.shape)) % sizes).astype(jnp.int32)


@pytest.mark.parametrize("name", SMALL)
def test_what_is_shown_fits_the_spec_and_every_episode_ends(name):
    world = game(name, **SMALL[name])
    assert isinstance(world, MultiAgentEnvironment)
    stream = CompiledAgents(world, 2)

    def once(carry, key):
        actions = {
            n: drawn(t.spec.action, jax.random.fold_in(key, len(n)), (2, len(t.agents))) for n, t in world.teams.items()
        }
        state, now = stream.step(carry, actions)
        return state, now

    state, first = jax.jit(stream.start)(jax.random.key(0))
    _, rows = jax.jit(lambda s: jax.lax.scan(once, s, jax.random.split(jax.random.key(1), 21)))(state)
    for team, made in world.teams.items():
        check_elements(made.spec.observation, jax.device_get(first.observation[team]), (2, len(made.agents)), name)
        check_elements(made.spec.observation, jax.device_get(rows.observation[team]), (21, 2, len(made.agents)), name)
        assert np.isfinite(rows.reward[team]).all()
        assert not (rows.asks[team] & rows.ends[team]).any()
    assert (rows.over.sum(0) >= 2).all()


def test_every_game_can_be_made_and_compared():
    for name in GAMES:
        assert isinstance(game(name), GridWorld)
        assert game(name) == game(name)
        assert hash(game(name)) == hash(game(name))


def test_the_end_of_a_corridor_pays_its_length_squared():
    world = game("multi_corridor", length=5, agents=2, in_turn=False)
    step = jax.jit(world.step)
    state, shown = jax.jit(world.reset)(jax.random.key(3))
    cells = np.asarray(state.column)
    assert (cells < 4).all()
    total = np.zeros(2)
    while not shown.over:
        state, shown = step(state, {"agent": jnp.full(2, 2)}, jax.random.key(0))
        total += shown.reward["agent"]
    blocked = int(cells[0] == cells[1] - 1)  # the first walks into the second once, if it is right behind it
    np.testing.assert_allclose(total, 25 - (3 - cells) - np.asarray([5, 2]) * blocked)


def test_pacman_wins_when_everything_is_eaten_and_comes_out_of_the_tunnel():
    """Abmarl's game is never won: eaten food stays among its agents, and as long as there is food it goes on."""
    board = ["WWWWW"] * 9 + ["__PF_", "WWWWW"]
    world = game("pacman", board="\n".join([*board[:8], "WWWBW", *board[9:]]))
    step = jax.jit(world.step)
    state, shown = jax.jit(world.reset)(jax.random.key(0))
    state, shown = step(state, {"pacman": jnp.asarray([1])}, jax.random.key(0))
    assert state.column[0] == 1
    state, shown = step(state, {"pacman": jnp.asarray([0])}, jax.random.key(0))
    assert state.column[0] == 4  # it drifted on to the end of the row
    assert not shown.over
    state, shown = step(state, {"pacman": jnp.asarray([1])}, jax.random.key(0))
    assert shown.over
    assert shown.terminated["pacman"][0]
    np.testing.assert_allclose(shown.reward["pacman"], [0.19], atol=1e-6)
