"""Spaces are values, and actions of rows map to the environment's units."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.spec import Box, Discrete, MultiDiscrete, Spec, to_environment, zeros


def test_specs_are_values():
    one = Spec(Box((2,), low=(0.0, 1.0), high=2.0), MultiDiscrete((2, 3)))
    assert one == Spec(Box((2,), low=(0.0, 1.0), high=2.0), MultiDiscrete((2, 3)))
    assert hash(one) == hash(Spec(Box((2,), low=(0.0, 1.0), high=2.0), MultiDiscrete((2, 3))))
    assert one != Spec(Box((2,), low=(0.0, 1.1), high=2.0), MultiDiscrete((2, 3)))


def test_bounds():
    assert not Box((2,)).bounded
    assert not Box((2,), low=0.0).bounded
    assert not Box((2,), low=(0.0, -np.inf), high=1.0).bounded
    low, high = Box((2, 2), low=(0.0, 1.0, 2.0, 3.0), high=9.0).bounds()
    np.testing.assert_array_equal(low, [[0.0, 1.0], [2.0, 3.0]])
    np.testing.assert_array_equal(high, np.full((2, 2), 9.0))
    assert low.dtype == high.dtype == np.float32
    assert Box((), low=0.0, high=1.0).bounds()[0].shape == ()


def test_images_are_three_axes_of_bytes():
    assert Box((84, 84, 4), "uint8", 0, 255).is_image
    assert not Box((84, 84), "uint8", 0, 255).is_image
    assert not Box((84, 84, 4)).is_image


@pytest.mark.parametrize("library", [np, jnp])
def test_bounded_boxes_stretch_from_the_unit_interval(library):
    space = Box((2,), low=(-2.0, 0.0), high=(2.0, 10.0))
    action = library.asarray([[-1.0, -1.0], [0.0, 0.5], [1.0, 1.0], [7.0, -7.0]], "float32")
    result = to_environment(space, action)
    np.testing.assert_allclose(result, [[-2.0, 0.0], [0.0, 7.5], [2.0, 10.0], [2.0, 0.0]])
    assert isinstance(result, type(action))
    assert result.dtype == np.float32


@pytest.mark.parametrize("library", [np, jnp])
def test_unbounded_boxes_and_choices(library):
    free = library.asarray([[5.0, -7.0]])
    assert to_environment(Box((2,)), free) is free
    choice = library.asarray([0, 2], "int32")
    assert to_environment(Discrete(3), choice) is choice
    np.testing.assert_array_equal(to_environment(Discrete(3, start=-1), choice), [-1, 1])
    several = library.asarray([[0, 2]], "int32")
    assert to_environment(MultiDiscrete((1, 3)), several) is several
    moved = to_environment(MultiDiscrete((1, 3), start=(5, 0)), several)
    np.testing.assert_array_equal(moved, [[5, 2]])
    assert moved.dtype == np.int32


def test_under_jit_and_vmap():
    space = Box((2,), low=-2.0, high=4.0)
    action = jnp.asarray([[0.0, 1.0], [-1.0, 0.5]])
    mapped = jax.jit(jax.vmap(lambda a: to_environment(space, a)))(action)
    np.testing.assert_allclose(mapped, to_environment(space, action))


def test_zeros():
    assert zeros(MultiDiscrete((2, 3)), (4, 5)).shape == (4, 5, 2)
    assert zeros(Discrete(3), (4,)).dtype == np.int32
    assert zeros(Box((2, 2), "uint8"), ()).dtype == np.uint8
