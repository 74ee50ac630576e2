"""Auxiliary tasks against TRFL's and RLax's published numbers, and rlax."""

import jax
import numpy as np
import pytest
import rlax

from ecotone.ops import auxiliary as aux
from ecotone.ops.losses import squared
from tests.ops.vectors import numbers

close = lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)


def frames():
    """TRFL's four frames of 2 × 2 pixels; each digit of a number is a channel."""
    rows = [
        (["123", "345"], ["567", "789"]), (["789", "123"], ["345", "567"]),
        (["567", "789"], ["123", "345"]), (["345", "567"], ["789", "123"]),
    ]  # fmt: skip
    return np.asarray([[[[int(c) for c in pixel] for pixel in row] for row in frame] for frame in rows], np.float32)


@pytest.mark.parametrize(("first", "loss"), [(0.9, 372.037522), (0.0, 214.9762)])
def test_published_pixel_control(run, first, loss):
    images = frames()[:, None]
    discount, action = numbers([first], [0.9], [0.9]), np.asarray([[0], [1], [2]])
    td = run(lambda *x: aux.pixel_control(*x, cell=1), images, action, images, discount)
    assert td.error.shape == (3, 1, 2, 2)
    np.testing.assert_allclose(squared(td.error).sum(), loss, rtol=1e-5)


def test_pixel_control_of_lanes_that_wait(run):
    generator = np.random.default_rng(0)
    images, q = generator.random((5, 2, 4, 6, 3), np.float32), generator.random((5, 2, 2, 3, 4), np.float32)
    action, discount = generator.integers(0, 4, (4, 2)), np.full((4, 2), 0.9, np.float32)
    acted = np.ones((4, 2), bool)
    acted[1] = False
    control = lambda *x: aux.pixel_control(*x, cell=2, scale=0.5)
    whole = run(control, q, action, images, discount)
    mapped = run(jax.vmap(control, 1, 1), q, action, images, discount)
    jax.tree.map(close, whole, mapped)
    td = run(lambda *x: aux.pixel_control(*x[:4], 2, 0.5, x[4]), q, action, images, discount, acted)
    np.testing.assert_array_equal(td.error[1], 0.0)
    first = 0.5 * aux.pixel_control_rewards(images, 2)[0] + 0.9 * q[1].max(-1)
    close(td.target[0], first)
    close(td.target[2:], whole.target[2:])


def test_pixel_control_rewards(run):
    images = np.arange(4, dtype=np.float32)[:, None, None, None, None] * 0.05 + np.zeros((4, 2, 4, 4, 3), np.float32)
    close(run(lambda x: aux.pixel_control_rewards(x, 2), images), np.full((3, 2, 2, 2), 0.05))
    images = np.random.default_rng(0).random((4, 6, 9, 3), np.float32)
    ours = run(lambda x: aux.pixel_control_rewards(x, 3), images)
    close(ours, rlax.pixel_control_rewards(images, 3))
    bytes_ = (images * 255).astype(np.uint8)
    close(run(lambda x: aux.pixel_control_rewards(x, 3), bytes_), rlax.pixel_control_rewards(bytes_.astype(np.float32), 3))


FEATURES = numbers([1, 2], [2, 4], [3, 6])
GAMMA = 0.99
PUBLISHED = {
    "feature": [[2, 4], [3, 6]],
    "absolute_change": [[1, 2], [1, 2]],
    "increase": [[1, 2], [1, 2]],
    "decrease": [[-1, -2], [-1, -2]],
    "potential": [[2 * GAMMA - 1, 4 * GAMMA - 2], [3 * GAMMA - 2, 6 * GAMMA - 4]],
}


@pytest.mark.parametrize("kind", PUBLISHED)
def test_published_feature_control(run, kind):
    control = lambda x: aux.feature_control_rewards(x, kind, GAMMA)
    close(run(control, FEATURES), PUBLISHED[kind])
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    close(run(control, x), rlax.feature_control_rewards(x, kind, GAMMA))
    close(run(jax.vmap(control, 1, 1), x), control(x))


def test_mistakes_are_errors():
    images = np.zeros((3, 1, 5, 4, 3))
    with pytest.raises(ValueError, match="crop them"):
        aux.pixel_control_rewards(images, 2)
    with pytest.raises(ValueError, match="no kind 'size'"):
        aux.feature_control_rewards(FEATURES, "size")
    with pytest.raises(ValueError, match="one shape"):
        aux.feature_control_rewards(FEATURES, "potential", np.ones((2, 1)))
    arguments = [np.zeros((3, 2, 2, 2, 4)), np.zeros((2, 2), int), np.zeros((3, 2, 4, 4, 3)), np.ones((2, 2))]
    for i, array in enumerate(arguments):
        for wrong in (array[:, :1], array[:1]):
            with pytest.raises((ValueError), match="one shape"):
                aux.pixel_control(*arguments[:i], wrong, *arguments[i + 1 :], cell=2)
