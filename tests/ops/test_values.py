"""One-step value learning against TRFL's published numbers and rlax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax

from ecotone.ops import values
from ecotone.ops.losses import squared
from tests.ops.vectors import batch, numbers

LANES = batch(np.random.default_rng(0))
Q, NEXT_Q = numbers([1, 1, 0], [1, 2, 0]), numbers([0, 1, 0], [1, 2, 0])
FIRST_TWO, ONE, OPEN = np.asarray([0, 1]), numbers(1, 1), numbers(0, 1)
NEXT_VALUE, STATE_REWARD = numbers(0, 0, 0, 1, 1, 1, 2, 2, 2), -np.ones(9, np.float32)
STATE_TARGET = [-1, -1, -1, -1, -0.5, 0, -1, 0, 1]
PUBLISHED: dict = {
    "q_learning": ((Q, FIRST_TWO, ONE, OPEN, NEXT_Q), [1, 3]),
    "double_q_learning": (
        (Q, FIRST_TWO, ONE, OPEN, numbers([99, 1, 98], [91, 2, 66]), numbers([2, 10, 1], [11, 20, 1])),
        [1, 3],
    ),
    "persistent_q_learning": (
        (numbers([1, 2], [3, 4], [5, 6]), np.asarray([0, 1, 1]), numbers(3, 2, 7), numbers(0, 1, 0.5),
         numbers([11, 12], [20, 16], [-8, -4]), 0.25),
        [3, 21, 5],
    ),
    "sarsa": (
        (numbers([1, 1, 0], [1, 1, 0]), FIRST_TWO, ONE, OPEN, numbers([0, 1, 0], [3, 2, 0]), np.asarray([1, 0])),
        [1, 4],
    ),
    "expected_sarsa": (
        (numbers([1, 1, 0.5], [1, 1, 3]), FIRST_TWO, numbers(4, 1), ONE, numbers([1.5, 1, 2], [3, 2, 1]),
         numbers([0.2, 0.5, 0.3], [0.3, 0.4, 0.3])),
        [5.4, 3],
    ),
    "qv_learning": ((numbers([1, 1, 0], [1, 1, 0]), FIRST_TWO, ONE, OPEN, numbers(1, 3)), [1, 4]),
    "td_learning": ((np.ones(9, np.float32), STATE_REWARD, np.tile(numbers(0, 0.5, 1), 3), NEXT_VALUE), STATE_TARGET),
    "qv_max": (
        (np.ones(9, np.float32), STATE_REWARD, np.tile(numbers(0, 0.5, 1), 3),
         numbers([0, -1], [-2, 0], [0, -3], [1, 0], [1, 1], [0, 1], [1, 2], [2, -2], [2, 2])),
        STATE_TARGET,
    ),
}  # fmt: skip
LOSSES = {
    "q_learning": [0, 0.5], "double_q_learning": [0, 0.5], "persistent_q_learning": [2, 144.5, 0.5], "sarsa": [0, 4.5],
    "expected_sarsa": [9.68, 2], "qv_learning": [0, 4.5], "td_learning": [2, 2, 2, 2, 1.125, 0.5, 2, 0.5, 0],
    "qv_max": [2, 2, 2, 2, 1.125, 0.5, 2, 0.5, 0],
}  # fmt: skip
ARGUMENTS = {
    "td_learning": ("value", "reward", "discount", "next_value"),
    "q_learning": ("q", "action", "reward", "discount", "next_q"),
    "double_q_learning": ("q", "action", "reward", "discount", "next_q", "selector"),
    "persistent_q_learning": ("q", "action", "reward", "discount", "next_q"),
    "sarsa": ("q", "action", "reward", "discount", "next_q", "next_action"),
    "expected_sarsa": ("q", "action", "reward", "discount", "next_q", "next_probabilities"),
    "qv_learning": ("q", "action", "reward", "discount", "next_value"),
    "qv_max": ("value", "reward", "discount", "next_q"),
}
ORACLES = {
    "persistent_q_learning": lambda *x: rlax.persistent_q_learning(*x, action_gap_scale=0.5),
    **{name: getattr(rlax, name) for name in ARGUMENTS if name != "persistent_q_learning"},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers(run, name):
    arguments, target = PUBLISHED[name]
    td = run(getattr(values, name), *arguments)
    np.testing.assert_allclose(td.target, target, rtol=1e-6)
    np.testing.assert_allclose(squared(td.error), LOSSES[name], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_matches_rlax(run, name):
    arguments = [LANES[each] for each in ARGUMENTS[name]]
    td = run(getattr(values, name), *arguments)
    np.testing.assert_allclose(td.error, jax.vmap(ORACLES[name])(*arguments), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_leading_axes_and_vmap_are_the_same(run, name):
    arguments = [LANES[each].reshape(2, 2, *LANES[each].shape[1:]) for each in ARGUMENTS[name]]
    mapped = run(jax.vmap(getattr(values, name)), *arguments)
    alone = getattr(values, name)(*[LANES[each] for each in ARGUMENTS[name]])
    for ours, theirs in zip(mapped, alone, strict=True):
        assert ours.shape == (2, 2)
        np.testing.assert_allclose(ours.ravel(), theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_only_the_prediction_learns(name):
    """The gradient of a sum of errors is −1 at the prediction and 0 everywhere else."""
    arguments = {each: jnp.asarray(LANES[each]) for each in ARGUMENTS[name]}
    floats = {key: x for key, x in arguments.items() if x.dtype == jnp.float32}

    def total(floats):
        td = getattr(values, name)(**{**arguments, **floats})
        return td.error.sum() + td.target.sum()

    slopes = jax.grad(total)(floats)
    for key, slope in slopes.items():
        if key == "q":
            np.testing.assert_array_equal(slope, -jax.nn.one_hot(arguments["action"], 3))
        else:
            np.testing.assert_array_equal(slope, -1.0 if key == "value" else 0.0)


def test_the_published_slope():
    slope = jax.grad(lambda q: -squared(values.q_learning(q, FIRST_TWO, ONE, OPEN, NEXT_Q).error).sum())(Q)
    np.testing.assert_allclose(slope, [[0, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("name", ARGUMENTS)
def test_shapes_that_would_broadcast_are_errors(name):
    for each in ARGUMENTS[name]:
        arguments = {key: LANES[key] for key in ARGUMENTS[name]}
        arguments[each] = arguments[each][:1]
        with pytest.raises(ValueError, match=r"\(1.*\(4|\(4.*\(1"):
            getattr(values, name)(**arguments)


def test_published_choice(run):
    rows = numbers([1.1, 1.2, 1.3], [1.4, 1.5, 1.6], [2.1, 2.2, 2.3], [2.4, 2.5, 2.6])
    close = np.testing.assert_allclose
    close(run(values.chosen, rows, np.asarray([0, 2, 1, 0])), numbers(1.1, 1.6, 2.2, 2.4))
    close(run(values.chosen, rows + 2, np.asarray([2, 1, 0, 2])), numbers(3.3, 3.5, 4.1, 4.6), rtol=1e-6)


def test_numbers_alone_are_entries_without_axes(run):
    td = run(values.q_learning, *[jnp.asarray(x) for x in ([1.0, 2.0], 0, 1.0, 0.5, [3.0, 4.0])])
    assert td.target == 3.0
    assert td.error == 2.0
