"""Multi-step returns of plain arrays against TRFL's published numbers, rlax, and the rows' returns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax
from hypothesis import given
from rlax._src.multistep import importance_corrected_td_errors

from ecotone.ops import multistep as ms
from ecotone.ops import returns
from tests.ops.streams import STEPS, rows_of, streams
from tests.ops.vectors import RETURNS, numbers

GENERATOR = np.random.default_rng(0)
T, LANES = 7, 3
NORMAL = lambda *shape: GENERATOR.normal(size=shape).astype(np.float32)
REWARD, VALUES, RATIO = NORMAL(T, LANES), NORMAL(T + 1, LANES), np.exp(NORMAL(T, LANES))
DISCOUNT = (0.9 * (GENERATOR.random((T, LANES)) < 0.8)).astype(np.float32)
TRACE = GENERATOR.random((T, LANES)).astype(np.float32)
WEIGHT = GENERATOR.random((T, LANES)).astype(np.float32)
ROWS = (RETURNS["reward"], RETURNS["discount"], RETURNS["values"])
close = lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
lanes = lambda function, *arguments: jax.vmap(function, 1, 1)(*arguments)


@pytest.mark.parametrize("trace", [0.75, np.full((5, 2), 0.75, np.float32)], ids=["number", "array"])
def test_published_lambda_returns(run, trace):
    expected = [[1.646055, 0.722813, 0.7375, 0.65, 3.4], [0.786632, 0.991306, 0.11015, 2.834, 3.99]]
    close(run(ms.generalised_lambda_returns, *ROWS, trace), np.transpose(expected))


@pytest.mark.parametrize(("trace", "expected"), [(0.25, [0.733, 0.58]), (0.5, [0.796, 0.58]), (1.0, [0.922, 0.58])])
def test_published_generalised_lambda_returns(run, trace, expected):
    arguments = (numbers(0.4, 0.5), numbers(0.9, 0.8), numbers(0.2, 0.3, 0.1))
    close(run(ms.generalised_lambda_returns, *arguments, trace), expected)


DISCOUNTED = np.transpose([[1.315, 0.63, 0.7, 1.7, 3.4], [1.33592, 0.9288, 0.2576, 3.192, 3.99]])


def test_published_discounted_returns(run):
    close(run(ms.discounted_returns, ROWS[0], ROWS[1], ROWS[2][-1]), DISCOUNTED)
    close(run(ms.generalised_lambda_returns, *ROWS, 1.0), DISCOUNTED)


@pytest.mark.parametrize("steps", [3, 5, 8])
def test_published_n_step_returns(run, steps):
    three = np.transpose([[2.8, -3.15, 0.7, 1.7, 3.4], [1.2155, 0.714, 0.2576, 3.192, 3.99]])
    close(run(lambda *x: ms.n_step_returns(*x, steps), *ROWS), three if steps == 3 else DISCOUNTED)


def test_published_importance_corrected_errors(run):
    values = numbers([3, 1, 5, -5, 3, 1], [-1.7, 1.2, 2.3, 2.2, 2.7, 2]).T
    ratio = numbers([0.5, 0.9, 1.3, 0.2, 0.8], [2, 0.1, 1, 0.4, 1.7]).T
    expected = [[-2.541297, -7.165188, -12.7348, 1.204, -0.96], [6.495718, -0.035712, -2.21424, 0.4192, 1.36]]
    close(run(ms.importance_corrected_errors, ROWS[0], ROWS[1], values, ratio, 1.0), np.transpose(expected))


@pytest.mark.parametrize(
    ("trace", "expected"),
    [
        (1.0, [[-1.45118, -4.4557, 2.5396, 0.5249, -0.49], [3, 2, 1, 0, -4.9]]),
        (0.7, [[-0.676979, -5.248167, 2.4846, 0.6704, -0.49], [2.2899, 1.73, 1, 0, -4.9]]),
        (0.4, [[0.56731, -6.042, 2.3431, 0.815, -0.49], [1.725, 1.46, 1, 0, -4.9]]),
    ],
)
def test_published_advantages(run, trace, expected):
    reward = numbers([0, 0, 1, 0, -0.5], [0, 0, 0, 0, 1]).T
    values = numbers([1, 4, -3, -2, -1, -1], [-3, -2, -1, 0, 5, -1]).T
    discount = numbers([0.99] * 5, [0.9, 0.9, 0.9, 0, 0.9]).T
    advantages = run(ms.truncated_gae, reward, discount, values, trace)
    np.testing.assert_allclose(advantages, np.transpose(expected), atol=1e-3)


SUMS = [
    (([3, 1, 5, 2, 1], [0.5, 0.9, 1, 0.1, 0.5], 0.0), {"forward": True}, [3, 3.7, 8.7, 2.87, 2.435]),
    (([-1.7, 1.2, 2.3, 0, 1], [0.9, 0.5, 0, 2, 0.8], 1.5), {"forward": True}, [-0.35, 1.025, 2.3, 4.6, 4.68]),
    (([3, 1, 5], [0.5, 0.9, 1], 0.0), {}, [5.75, 5.5, 5]),
    (([-1.7, 1.2, 2.3], [0.9, 0.5, 0.3], 1.5), {}, [0.6175, 2.575, 2.75]),
    (([3, 1, 5], [0.5, 0.9, 1], 2.5), {"lengths": 2}, [4.625, 3.25, 0]),
    (([3, 1, 5], [0.5, 0.9, 1], 2.5), {"lengths": 2, "forward": True}, [4.25, 4.825, 0]),
    (([3, 1, 5], [0.5, 0.9, 1], 2.5), {"lengths": 0}, [0, 0, 0]),
]


@pytest.mark.parametrize(("arguments", "named", "expected"), SUMS)
def test_published_sums(run, arguments, named, expected):
    sequence, decay, initial = arguments
    close(run(lambda *x: ms.discounted_sums(*x, **named), numbers(*sequence), numbers(*decay), initial), expected)


def test_sums_of_sequences_of_many_lengths(run):
    lengths = np.asarray([0, 3, T])
    for forward in (False, True):
        ours = run(lambda n, f=forward: ms.discounted_sums(REWARD, DISCOUNT, VALUES[0], forward=f, lengths=n), lengths)
        for lane, length in enumerate(lengths):
            kept = slice(0, max(length, 1))
            alone = ms.discounted_sums(REWARD[kept, lane], DISCOUNT[kept, lane], VALUES[0, lane], forward=forward)
            close(ours[:length, lane], alone[:length])
            assert not np.any(ours[length:, lane])


def test_published_vtrace(run):
    """TRFL's own oracle is off by one in the products of c; its ratios are all at least 1, which hides that. Not these."""
    reward, values = numbers(0, 1, 2, 3, 4), numbers(0.1, 0.5, -0.2, 0.3, 1, 2)
    both = run(ms.vtrace_returns, reward, np.full(5, 0.9, np.float32), values, numbers(0.5, 2, 0.3, 1.5, 0.8))
    close(both.targets, [1.490679, 3.201508, 2.44612, 7.356, 4.84])
    close(both.advantages, [1.390679, 2.701508, 2.64612, 7.056, 3.84])


def test_published_vtrace_with_clips(run):
    row = np.arange(5, dtype=np.float32)
    clips = {"clip_delta": 3.7, "clip_advantage": 2.2}
    values, discount = np.append(row, np.float32(1.0)), np.full(5, 0.9, np.float32)
    both = run(lambda *x: ms.vtrace_returns(*x, **clips), row, discount, values, row / 5 + 1)
    close(both.targets, [11.167722, 12.40858, 12.2762, 10.218, 5.62])
    close(both.advantages, [11.167722, 13.258296, 12.87468, 8.0928, 1.62])


def test_published_vtrace_from_logits(run):
    ours = numbers([[0.4, 0.5], [9.2, 8.8], [0.7, 4.4], [7.9, 1.4]], [[1, 0.9], [1, -1], [-4.3, 8.7], [0.8, 0.3]])
    theirs = numbers([[8.9, 0.7], [5, 1], [0.6, 0.1], [-0.9, -0.1]], [[0.3, -5], [1, -8], [0.3, 1.7], [4.7, 3.3]])
    action = np.asarray([[0, 1, 0, 0], [1, 0, 0, 1]])[..., None]
    log_ratio = np.take_along_axis(jax.nn.log_softmax(ours) - jax.nn.log_softmax(theirs), action, -1)[..., 0]
    reward = numbers([-1.3, -1.3, 2.3, 42], [1.3, 5.3, -3.3, -5]).T
    discount = numbers([0, 0.89, 0.85, 0.99], [0.88, 1, 0.83, 0.95]).T
    values = numbers([2.1, 1.1, -3.1, 0, 8.4], [3.1, 0.1, -1.1, 7.4, -1.2]).T
    both = run(ms.vtrace_returns, reward, discount, values, np.exp(log_ratio).T)
    expected = [[-1.6155143, -3.4973226, 1.8670533, 50.316], [1.4662434, 3.6116402, -8.337e-5, -13.54]]
    np.testing.assert_allclose(both.targets - values[:-1], np.transpose(expected), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(both.advantages, np.transpose(expected), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("mix", [1.0, 0.6, 0.0])
def test_leaky_vtrace_matches_rlax(run, mix):
    ours = run(
        lambda *x: ms.vtrace_returns(*x, clip_delta=1.3, clip_advantage=0.7, mix=mix), REWARD, DISCOUNT, VALUES, RATIO, TRACE
    )
    oracle = lambda v, w, r, d, rho, trace: rlax.leaky_vtrace_td_error_and_advantage(v, w, r, d, rho, mix, trace, 1.3, 0.7)
    theirs = lanes(oracle, VALUES[:-1], VALUES[1:], REWARD, DISCOUNT, RATIO, TRACE)
    close(ours.targets - VALUES[:-1], theirs.errors)
    close(ours.advantages, theirs.pg_advantage)


def test_vtrace_survives_a_ratio_beyond_all_numbers(run):
    ratio = np.full((T, LANES), np.inf, np.float32)
    assert all(np.isfinite(x).all() for x in run(ms.vtrace_returns, REWARD, DISCOUNT, VALUES, ratio))


def test_returns_match_rlax(run):
    close(
        run(ms.generalised_lambda_returns, REWARD, DISCOUNT, VALUES, TRACE),
        lanes(rlax.lambda_returns, REWARD, DISCOUNT, VALUES[1:], TRACE),
    )
    for steps in (1, 2, 20):
        ours = run(lambda *x, n=steps: ms.n_step_returns(*x[:3], n, x[3]), REWARD, DISCOUNT, VALUES, TRACE)
        oracle = lambda r, d, v, trace, n=steps: rlax.n_step_bootstrapped_returns(r, d, v, n, trace)
        close(ours, lanes(oracle, REWARD, DISCOUNT, VALUES[1:], TRACE))
    close(
        run(ms.importance_corrected_errors, REWARD, DISCOUNT, VALUES, RATIO, TRACE),
        lanes(importance_corrected_td_errors, REWARD, DISCOUNT, RATIO, TRACE, VALUES),
    )
    gae = lanes(rlax.truncated_generalized_advantage_estimation, REWARD, DISCOUNT, TRACE, VALUES)
    close(run(ms.truncated_gae, REWARD, DISCOUNT, VALUES, TRACE), gae)


def test_off_policy_returns_match_rlax(run):
    q, value = NORMAL(T, LANES), NORMAL(T, LANES)
    ours = run(ms.off_policy_returns, q, REWARD, DISCOUNT, value, WEIGHT)
    theirs = lanes(rlax.general_off_policy_returns_from_q_and_v, q[1:], value, REWARD, DISCOUNT, WEIGHT[1:])
    close(ours, theirs)
    q, policy = NORMAL(T + 1, LANES, 4), jax.nn.softmax(NORMAL(T + 1, LANES, 4))
    action = GENERATOR.integers(0, 4, (T + 1, LANES))
    weight = np.concatenate([WEIGHT, WEIGHT[:1]])
    ours = run(ms.off_policy_returns_from_q, q, action[:-1], REWARD, DISCOUNT, policy, WEIGHT)
    oracle = rlax.general_off_policy_returns_from_action_values
    close(ours, lanes(oracle, q[1:], action[1:], REWARD, DISCOUNT, weight[1:], policy[1:]))


def pairs(rows, values, ratio):
    """Returns of the arrays, and the same of the rows; then returns that keep a row's own value, and that value."""
    reward, discount, acted = rows.reward[:-1], 0.9 * rows.discount[:-1], rows.acted[:-1]
    leak = ms.vtrace_returns(reward, discount, values, ratio, acted=acted)
    windows = ms.n_step_returns(reward, discount, values, 4, acted=acted)
    part = lambda start: jax.tree.map(lambda x: x[start : start + 5], (rows, values))
    # With V of every row as Q of every action and c = λ, off-policy returns are λ-returns.
    off = ms.off_policy_returns(values[:-1], reward, discount, values[1:], jnp.full_like(ratio, 0.7), acted)
    same = [
        (ms.truncated_gae(reward, discount, values, 0.7, acted), returns.gae(rows, values, 0.9, 0.7)),
        (off, returns.lambda_returns(rows, values, 0.9, 0.7)),
        (jnp.stack(leak), jnp.stack(returns.vtrace(rows, values, 0.9, ratio))),
        (windows[: STEPS - 3], jnp.stack([returns.n_step_return(*part(start), 0.9) for start in range(STEPS - 3)])),
    ]
    corrected = ms.importance_corrected_errors(reward, discount, values, ratio, acted=acted)
    own = [
        (ms.generalised_lambda_returns(reward, discount, values, 0.5, acted), values[:-1]),
        (corrected, jnp.zeros_like(corrected)),
        (windows, values[:-1]),
        (off, values[:-1]),
    ]
    return same, own


@given(streams())
def test_rows_and_arrays_agree(stream):
    """Only rows know `acted`; arrays that are told of it give the same."""
    same, own = jax.jit(pairs)(*stream)
    for ours, theirs in same:
        close(ours, theirs)
    for ours, value in own:
        np.testing.assert_array_equal(np.asarray(ours)[~stream[0].acted[:-1]], value[~stream[0].acted[:-1]])


def test_a_cut_stream_is_ended_at_the_cut(run):
    """Steps M M M M F M: the fourth had no end, so it becomes one; an ended or terminated one is left alone."""
    rows = rows_of(np.random.default_rng(0), chance=0.0, steps=5)
    first = np.zeros((6, 3), bool)
    first[4] = True
    acted, discount = np.ones((6, 3), bool), np.ones((6, 3), np.float32)
    acted[3, 1], acted[5] = False, False
    discount[3, 2] = 0.0
    rows = rows._replace(is_first=first, acted=acted, discount=discount, reward=np.ones((6, 3), np.float32))
    mended = run(returns.end_interrupted, rows)
    np.testing.assert_array_equal(mended.acted[3], [False, False, True])
    np.testing.assert_array_equal(mended.reward[3], [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(np.delete(mended.acted, 3, 0), np.delete(acted, 3, 0))
    values = 100.0 * np.arange(6, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    assert returns.lambda_returns(mended, values, 1.0, 1.0)[0].tolist() == [303.0, 303.0, 4.0]


CALLS = {
    ms.truncated_gae: {"reward": REWARD, "discount": DISCOUNT, "values": VALUES, "trace": TRACE},
    ms.generalised_lambda_returns: {"reward": REWARD, "discount": DISCOUNT, "values": VALUES, "trace": TRACE},
    ms.importance_corrected_errors: {"reward": REWARD, "discount": DISCOUNT, "values": VALUES, "ratio": RATIO},
    ms.vtrace_returns: {"reward": REWARD, "discount": DISCOUNT, "values": VALUES, "ratio": RATIO, "trace": TRACE},
    ms.off_policy_returns: {
        "q": REWARD, "reward": REWARD, "discount": DISCOUNT, "next_value": VALUES[1:], "weight": WEIGHT,
    },
    ms.discounted_returns: {"reward": REWARD, "discount": DISCOUNT, "bootstrap": VALUES[0]},
}  # fmt: skip


@pytest.mark.parametrize("function", CALLS)
def test_shapes_that_would_broadcast_are_errors(function):
    for name, array in CALLS[function].items():
        for wrong in (array[..., :1], array[:1] if array.ndim > 1 else array[..., None]):
            with pytest.raises(ValueError, match=r"\(\d.*\(\d"):
                function(**{**CALLS[function], name: wrong})


@pytest.mark.parametrize("function", CALLS)
def test_lanes_are_independent_under_vmap(run, function):
    arguments = CALLS[function]
    mapped = run(jax.vmap(lambda x: function(**x), ({name: x.ndim - 1 for name, x in arguments.items()},), -1), arguments)
    jax.tree.map(close, mapped, function(**arguments))


def test_a_return_has_a_step():
    with pytest.raises(ValueError, match="at least one step"):
        ms.n_step_returns(REWARD, DISCOUNT, VALUES, 0)
