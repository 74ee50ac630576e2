"""Each component by itself, in worlds small enough to see what it should do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.frozen import frozen
from ecotone.gridworld import (
    AllAct,
    Attack,
    AttackByEncoding,
    Broadcast,
    Build,
    CentredView,
    CrossMove,
    DynamicOrder,
    ExclusiveChoice,
    Graze,
    GridWorld,
    Harvest,
    HeardMessages,
    Inactive,
    Kind,
    March,
    Messages,
    Move,
    OneChoice,
    OwnStock,
    Pay,
    Placed,
    Regrow,
    RestrictedSelectiveAttack,
    TurnBased,
    component,
    register,
)
from ecotone.mistakes import Mistake
from ecotone.spec import Discrete

SEES = {"view_range": 1, "move_range": 1}


def played(world, *actions, key=0):
    """States and what was shown: at reset, and after each action (given for all teams)."""
    step = jax.jit(world.step)
    state, shown = jax.jit(world.reset)(jax.random.key(key))
    states, shows = [state], [shown]
    for number, action in enumerate(actions):
        by_team = {team: jnp.asarray(each, jnp.int32) for team, each in action.items()}
        state, shown = step(state, by_team, jax.random.key(100 + number))
        states.append(state)
        shows.append(shown)
    return states, shows


def test_who_is_first_gets_the_cell_and_a_follower_can_go_where_it_was():
    kinds = (Kind("a", 1, 3, positions=((0, 0), (0, 2), (1, 0)), **SEES),)
    world = GridWorld(2, 4, kinds, (CrossMove(),), (CentredView(),), rewards=(Pay("bad_move", -1.0),))
    (_, state), (_, shown) = played(world, {"a": [3, 1, 4]})  # both to (0, 1); the third to where the first was
    np.testing.assert_array_equal(state.position, [[0, 1], [0, 2], [0, 0]])
    np.testing.assert_array_equal(shown.reward["a"], [0, -1, 0])
    crowd = GridWorld(2, 4, kinds, (March(),), (CentredView(),))
    (_, state), _ = played(crowd, {"a": [3, 1, 4]})  # nobody follows in a crowd
    np.testing.assert_array_equal(state.position, [[0, 1], [0, 2], [1, 0]])


def test_a_drawn_order_lets_each_be_first_now_and_then():
    kinds = (Kind("a", 1, 2, positions=((0, 0), (0, 2)), **SEES),)
    world = GridWorld(1, 3, kinds, (CrossMove(),), (CentredView(),), turns=AllAct(shuffled=True))
    state, _ = jax.jit(world.reset)(jax.random.key(0))
    step = jax.jit(jax.vmap(lambda key: world.step(state, {"a": jnp.asarray([3, 1])}, key)[0].column))
    columns = step(jax.random.split(jax.random.key(1), 400))
    assert 0.4 < (columns[:, 0] == 1).mean() < 0.6
    assert ((columns == 1).sum(1) == 1).all()


def test_turns_begin_with_the_first_and_pass_over_those_who_are_done():
    kinds = (Kind("a", 1, 3, positions=((0, 0), (0, 1), (0, 2)), attack_range=1, **SEES),)
    world = GridWorld(
        1, 4, kinds, (Attack({1: 1}),), (CentredView(),), (Inactive(),), turns=TurnBased(), rewards=(Pay("killed", -1.0),)
    )
    assert not world.simultaneous
    _, shows = played(world, {"a": [1, 0, 0]}, {"a": [0, 0, 0]})
    asked = [np.flatnonzero(shown.asks["a"]).tolist() for shown in shows]
    assert asked == [[0], [2], [0]]  # the first kills the second, which is told at once, and never asked
    np.testing.assert_array_equal(shows[1].terminated["a"], [False, True, False])
    np.testing.assert_array_equal(shows[1].reward["a"], [0, -1, 0])


def test_a_function_says_who_is_next():
    order = DynamicOrder(lambda world, state: np.arange(world.size) == 2 - state.time)
    kinds = (Kind("a", 1, 3, **SEES),)
    world = GridWorld(2, 2, kinds, (CrossMove(),), (CentredView(),), turns=order)
    _, shows = played(world, {"a": [0] * 3}, {"a": [0] * 3}, {"a": [0] * 3})
    assert [np.flatnonzero(shown.asks["a"]).tolist() for shown in shows] == [[2], [1], [0], [0, 1, 2]]


def test_the_dead_are_asked_no_more():
    """Abmarl goes on asking agents who are dead where no done component says that they are done."""
    kinds = (Kind("a", 1, 1, ((0, 0),), attack_range=1, **SEES), Kind("b", 2, 1, ((0, 1),), attack_range=1, **SEES))
    world = GridWorld(1, 2, kinds, (Attack({1: 2, 2: 1}),), (CentredView(),))
    (_, state), (_, shown) = played(world, {"a": [1], "b": [1]})  # the first is faster
    assert state.active.tolist() == [True, False]
    assert (shown.asks["a"].tolist(), shown.asks["b"].tolist()) == ([True], [False])
    assert not shown.over


def test_cells_of_a_restricted_attack_are_numbered_in_rows_or_as_abmarl_does_in_columns():
    """Abmarl's code reads the number as a column's, its documentation says rows: ours are rows unless told otherwise."""
    kinds = (Kind("a", 1, 1, ((1, 1),), attack_range=1, **SEES), Kind("b", 2, 2, ((0, 1), (1, 0))))
    for column_first, dead in ((False, 0), (True, 1)):
        attack = RestrictedSelectiveAttack({1: 2}, column_first=column_first)
        world = GridWorld(3, 3, kinds, (attack,), (CentredView(),))
        (_, state), _ = played(world, {"a": [[1 + 1]]})  # the second cell: above in rows, left in columns
        assert np.flatnonzero(~state.active).tolist() == [1 + dead]


def test_builders_take_from_the_reserve_until_it_is_empty():
    kinds = (
        Kind("a", 1, 1, ((1, 1),), build_range=1, view_range=1),
        Kind("brick", 2, 2, blocking=True, reserve=True),
        Kind("wall", 3, 1, ((0, 1),)),
    )
    world = GridWorld(
        3, 3, kinds, (Build("brick"),), (CentredView(),), rewards=(Pay("built", 1.0), Pay("build_failed", -1.0))
    )
    states, shows = played(world, *({"a": [choice]} for choice in (4, 3, 1, 2)))  # a wall is above; only two bricks
    assert [float(shown.reward["a"][0]) for shown in shows[1:]] == [-1, 1, 1, -1]
    np.testing.assert_array_equal(shows[-1].observation["a"][0], [[0, 3, 0], [2, 1, 2], [0, 0, 0]])
    assert states[0].active.tolist() == [True, False, False, True]


def test_resources_are_taken_shared_and_grow_again():
    kinds = (
        Kind("a", 1, 2, ((0, 0), (0, 0)), harvest_range=1, **SEES),
        Kind("food", 2, 2, ((0, 0), (0, 1)), health=0.5),
    )
    made = lambda *actors: GridWorld(
        1, 3, kinds, actors, (OwnStock(),), parts=(Placed(), component("Health")), overlap={1: (1, 2)}
    )
    states, _ = played(made(Harvest((2,), amount=0.4)), {"a": [1, 1]}, {"a": [1, 1]})
    np.testing.assert_allclose(states[1].stock[:2], [0.4, 0.1], atol=1e-6)  # the nearest is emptied first
    np.testing.assert_allclose(states[2].stock[:2], [0.8, 0.2], atol=1e-6)
    assert states[1].active.tolist() == [True, True, False, True]
    states, _ = played(made(Graze((2,)), Regrow((2,), 1.0)), {"a": [1, 1]})
    np.testing.assert_allclose(states[1].stock[:2], [0.25, 0.25])
    assert states[1].events["regrown"].tolist() == [0, 0, 1, 0]
    assert states[1].active.all()


def test_messages_average_among_those_who_hear_each_other():
    kinds = (
        Kind("a", 1, 3, ((0, 0), (0, 1), (0, 3)), broadcast_range=3, message=None),
        Kind("wall", 2, 1, ((0, 2),), blocking=True),
    )
    world = GridWorld(1, 4, kinds, (Broadcast({1: 1}),), (HeardMessages(),), parts=(Placed(), Messages()))
    (begun, state), (_, shown) = played(world, {"a": [1, 0, 1]})
    first = np.asarray(begun.message)
    assert np.ptp(first[:3]) > 0.01
    np.testing.assert_allclose(state.message[:3], [first[0], first[:2].mean(), first[2]], atol=1e-6)
    np.testing.assert_allclose(shown.observation["a"][1], [first[0], first[:2].mean(), 0.0], atol=1e-6)


def test_channels_of_several_choices_as_one():
    kinds = (Kind("a", 1, 1, ((1, 1),), attack_range=1, simultaneous_attacks=2, **SEES), Kind("b", 2), Kind("c", 3))
    world = lambda *actors: GridWorld(3, 3, kinds, actors, (CentredView(),))
    attack = AttackByEncoding({1: (2, 3)})
    exclusive = world(ExclusiveChoice(attack))
    assert exclusive.teams["a"].spec.action == Discrete(5)  # none, one or two of 2, one or two of 3
    (_, state), _ = played(exclusive, {"a": [3]})
    assert state.active.tolist() == [True, True, False]
    assert world(OneChoice(attack)).teams["a"].spec.action == Discrete(9)
    one_move = world(OneChoice(Move()))
    assert one_move.teams["a"].spec.action == Discrete(9)
    (begun, state), _ = played(one_move, {"a": [5]})  # rows are slower: the same row, one column on
    free = not ((begun.row[1:] == 1) & (begun.column[1:] == 2)).any()
    assert state.position[0].tolist() == [1, 1 + free]
    with pytest.raises(Mistake, match="use OneChoice"):
        world(ExclusiveChoice(Move())).teams  # noqa: B018


def test_a_component_of_ones_own_takes_ten_lines():
    @register
    @frozen
    class Jump:
        key = "jump"
        words = 1
        events = ("jumped",)

        def serves(self, kind):
            return kind.name == "a"

        def space(self, world, kind):
            return Discrete(2)

        def act(self, world, state, agent, action, words):
            me = (np.arange(world.size) == agent) & (action > 0)
            return state._replace(column=jnp.where(me, words[0] % world.columns, state.column)), {"jumped": action}

    world = GridWorld(1, 9, (Kind("a", 1, **SEES),), (component("Jump"),), (CentredView(),), rewards=(Pay("jumped", 2.0),))
    (_, state), (_, shown) = played(world, {"a": [1]})
    assert shown.reward["a"].tolist() == [2.0]
    assert 0 <= int(state.column[0]) < 9
    with pytest.raises(Mistake, match="is no component"):
        register(int)
    with pytest.raises(Mistake, match="Did you mean 'Jump'"):
        component("Jumps")
