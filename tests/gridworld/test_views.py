"""What agents see, by vectors of Abmarl's own tests."""

import jax
import numpy as np
import pytest

from ecotone.gridworld import (
    FULL,
    AbsoluteView,
    CentredView,
    CrossMove,
    GridWorld,
    HealthView,
    Kind,
    OwnPosition,
    StackedView,
)

H = -2


def world(*observers, blocking=True, extra=(), overlap=()):
    """The grid of five by five with a viewer (2, 2), a second one in a corner, and three in the way."""
    kinds = (
        Kind("centre", 1, positions=((2, 2),), view_range=2, move_range=1),
        Kind("nobody", 2, positions=((0, 0),)),
        Kind("corner", 3, positions=((4, 4),), view_range=FULL, move_range=1),
        Kind("near", 4, positions=((1, 1),), blocking=blocking),
        Kind("diagonal", 5, positions=((3, 3),), blocking=blocking),
        Kind("left", 6, positions=((2, 1),), blocking=blocking),
    )
    return GridWorld(5, 5, (*kinds, *extra), (CrossMove(),), observers, overlap=overlap)


def seen(made):
    return jax.device_get(jax.jit(made.reset)(jax.random.key(0))[1].observation)


def test_nothing_hides_without_blocking():
    expected = [[2, 0, 0, 0, 0], [0, 4, 0, 0, 0], [0, 6, 1, 0, 0], [0, 0, 0, 5, 0], [0, 0, 0, 0, 3]]
    np.testing.assert_array_equal(seen(world(CentredView(), blocking=False))["centre"][0], expected)


def test_agents_hide_what_lies_behind_them():
    seen_now = seen(world(CentredView()))
    expected = [[H, H, 0, 0, 0], [H, 4, 0, 0, 0], [H, 6, 1, 0, 0], [H, 0, 0, 5, H], [0, 0, 0, H, H]]
    np.testing.assert_array_equal(seen_now["centre"][0], expected)
    corner = seen_now["corner"][0]
    expected = [[H, H, H, 0, 0], [H, H, H, 0, 0], [H, H, H, H, 0], [0, 0, H, 5, 0], [0, 0, 0, 0, 3]]
    np.testing.assert_array_equal(corner[:5, :5], expected)
    assert corner.shape == (9, 9)
    assert (corner[5:] == -1).all()
    assert (corner[:, 5:] == -1).all()


def test_absolute_views_show_oneself_and_hide_what_is_far():
    near = seen(world(AbsoluteView()))
    expected = [[H, H, 0, 0, 0], [H, 4, 0, 0, 0], [H, 6, -1, 0, 0], [H, 0, 0, 5, H], [0, 0, 0, H, H]]
    np.testing.assert_array_equal(near["centre"][0], expected)
    expected = [[H, H, H, 0, 0], [H, H, H, 0, 0], [H, H, H, H, 0], [0, 0, H, 5, 0], [0, 0, 0, 0, -1]]
    np.testing.assert_array_equal(near["corner"][0], expected)


def test_stacks_count_each_encoding_and_health_is_a_map():
    twins = (Kind("twin", 1, 2, positions=((0, 4),) * 2, health=0.25),)
    parts = seen(world(StackedView(), HealthView(), OwnPosition(), extra=twins, overlap={1: 1}))["centre"]
    stack = parts["stacked_position_centered_encoding"][0]
    assert stack.shape == (5, 5, 6)
    np.testing.assert_array_equal(stack[0, 4], [2, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(stack[2, 1], [0, 0, 0, 0, 0, 1])
    assert (stack[0, 0] == H).all()
    health = parts["position_centered_health"][0]
    assert health[2, 2] == 1
    assert health[0, 0] == H
    np.testing.assert_array_equal(parts["position"][0], [2, 2])


@pytest.mark.parametrize("observe_self", [True, False])
def test_who_is_seen_of_several_is_drawn(observe_self):
    crowd = (Kind("crowd", 7, 3, positions=((2, 2),) * 3), Kind("other", 8, positions=((2, 2),)))
    overlap = {1: (7, 8), 7: (7, 8)}
    made = world(CentredView(observe_self), blocking=False, extra=crowd, overlap=overlap)
    shown = jax.jit(jax.vmap(made.reset))(jax.random.split(jax.random.key(1), 2000))[1].observation["centre"]
    there = np.asarray(shown)[:, 0, 2, 2]
    shares = {code: float((there == code).mean()) for code in (1, 7, 8)}
    expected = {1: 0.2, 7: 0.6, 8: 0.2} if observe_self else {1: 0.0, 7: 0.75, 8: 0.25}
    assert shares == pytest.approx(expected, abs=0.05)
