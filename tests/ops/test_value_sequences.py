"""Multi-step value learning against TRFL's and RLax's published numbers, rlax, and one-step learning."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax

from ecotone.ops import value_sequences as vs
from ecotone.ops import values
from ecotone.ops.losses import squared
from tests.ops.vectors import ROLLOUT, numbers

GENERATOR = np.random.default_rng(0)
T, LANES, ACTIONS = 6, 3, 4
NORMAL = lambda *shape: GENERATOR.normal(size=shape).astype(np.float32)
Q, NEXT_Q, SELECTOR = NORMAL(T, LANES, ACTIONS), NORMAL(T, LANES, ACTIONS), NORMAL(T, LANES, ACTIONS)
ACTION, NEXT_ACTION = GENERATOR.integers(0, ACTIONS, (2, T, LANES))
REWARD, VALUE, NEXT_VALUE, TARGET_Q, LOG_RATIO = NORMAL(5, T, LANES)
DISCOUNT = (0.9 * (GENERATOR.random((T, LANES)) < 0.8)).astype(np.float32)
TRACE = GENERATOR.random((T, LANES)).astype(np.float32)
POLICY = np.asarray(jax.nn.softmax(NORMAL(T, LANES, ACTIONS)))
BEHAVIOUR = GENERATOR.uniform(0.1, 1.0, (T, LANES)).astype(np.float32)
ARGUMENTS = {
    vs.td_lambda: {"value": VALUE, "reward": REWARD, "discount": DISCOUNT, "next_value": NEXT_VALUE, "trace": TRACE},
    vs.q_lambda: {
        "q": Q, "action": ACTION, "reward": REWARD, "discount": DISCOUNT, "next_q": NEXT_Q, "trace": TRACE,
    },
    vs.sarsa_lambda: {
        "q": Q, "action": ACTION, "reward": REWARD, "discount": DISCOUNT, "next_q": NEXT_Q, "next_action": NEXT_ACTION,
        "trace": TRACE,
    },
    vs.n_step_q_learning: {
        "q": Q, "action": ACTION, "reward": REWARD, "discount": DISCOUNT, "next_q": NEXT_Q, "selector": SELECTOR,
    },
    vs.retrace: {
        "q": Q, "action": ACTION, "reward": REWARD, "discount": DISCOUNT, "next_q": NEXT_Q,
        "next_probabilities": POLICY, "behaviour": BEHAVIOUR, "trace": TRACE,
    },
    vs.retrace_continuous: {
        "q": VALUE, "reward": REWARD, "discount": DISCOUNT, "target_q": TARGET_Q, "next_value": NEXT_VALUE,
        "log_ratio": LOG_RATIO, "trace": TRACE,
    },
}  # fmt: skip
STATIC = {vs.n_step_q_learning: {"steps": 3}}
close = lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
lanes = lambda function, *arguments: jax.vmap(function, 1, 1)(*arguments)
call = lambda function, arguments: function(**arguments, **STATIC.get(function, {}))
block_d = lambda function, *more: function(*(ROLLOUT[k] for k in ("q", "action", "reward", "discount", "next_q")), *more)

Q_TRACE = numbers([0.67, 0.68], [0.65, 0.69], [0.66, 0.64])
Q_LAMBDA = [
    (Q_TRACE, [[-1.3, 4.103044], [1.174645, 2.70776], [4.17, -4.296]]),
    (0.5, [[-1.3, 4.79888], [0.64465, 3.752], [4.17, -4.296]]),
]


@pytest.mark.parametrize(("trace", "target"), Q_LAMBDA, ids=["array", "number"])
def test_published_q_lambda(run, trace, target):
    td = run(lambda trace: block_d(vs.q_lambda, trace), trace)
    close(td.target, target)
    if trace is Q_TRACE:
        close(td.error, [[-2.4, 1.003044], [0.074645, 3.80776], [1.07, -2.196]])
        close(squared(td.error), [[2.88, 0.503048], [0.002786, 7.249518], [0.57245, 2.411208]])


def test_published_errors_of_q_and_sarsa_and_td_lambda(run):
    error = run(lambda: block_d(vs.q_lambda, 0.75).error)
    close(error, np.transpose([[-2.4, 0.427975, 1.07], [0.69348, 3.478, -2.196]]))
    error = run(lambda: block_d(vs.sarsa_lambda, np.asarray([[1, 1], [0, 1], [1, 0]]), 0.75).error)
    close(error, np.transpose([[-2.4, -1.8126, -1.82], [0.25348, 3.478, -2.196]]))
    target = run(lambda: block_d(vs.sarsa_lambda, np.asarray([[1, 0], [0, 0], [0, 1]]), 0.65).target)
    close(target, [[-1.3, 3.959593], [0.738545, 2.3881], [4.17, -5.126]])
    value = numbers([1.1, -1.1, 3.1], [2.1, -1.1, -2.1]).T
    following = np.concatenate([value[1:], numbers([2.2, -1.2])])
    error = run(vs.td_lambda, value, ROLLOUT["reward"], ROLLOUT["discount"], following, 0.75).error
    close(error, np.transpose([[-2.4, 3.2732253, 1.07], [-0.01702, 2.653, -2.196]]))


def test_published_retrace(run):
    """TRFL's case, and the shift from its states 0 … T to rows t and what follows them."""
    target_q = numbers([[2, 3, 4], [5, 6, 7]], [[7, 6, 5], [4, 3, 2]], [[3, 5, 7], [4, 6, 9]], [[2, 8, 4], [9, 1, 8]])
    policy = numbers(
        [[0.41, 0.28, 0.31], [0.19, 0.77, 0.04]], [[0.22, 0.44, 0.34], [0.14, 0.25, 0.61]],
        [[0.16, 0.72, 0.12], [0.33, 0.3, 0.37]],
    )  # fmt: skip
    behaviour = numbers([9, 9], [0.85, 0.86], [0.87, 0.88])
    action = np.asarray([[2, 0], [1, 2], [0, 1]])
    reward, discount = numbers([1.9, 2.9], [3.9, 4.9], [5.9, 6.9]), numbers([0.8, 0.9], [0.7, 0.8], [0.6, 0.5])
    td = run(vs.retrace, target_q[:-1] + 0.2, action, reward, discount, target_q[1:], policy, behaviour, 0.9)
    np.testing.assert_allclose(td.target, [[7.410189, 6.102749], [8.657046, 11.76125], [9.836, 10.015]], rtol=1e-5)
    expected = [[5.152656, 0.407478], [3.018536, 45.708751], [22.018248, 7.277113]]
    np.testing.assert_allclose(squared(td.error), expected, rtol=1e-4)


REWARDS = numbers([-1.3, -1.3, 2.3], [1.3, 5.3, -3.3]).T
DISCOUNTS = numbers([0, 0.89, 0.85], [0.88, 1, 0.83]).T


def test_published_retrace_of_rlax(run):
    q = numbers([[1.1, 2.1], [-1.1, 1.1], [3.1, -3.1]], [[2.1, 3.1], [9.5, 0.1], [-2.1, -1.1]])
    target = numbers([[-1.2, 0.2], [2.2, -1.2], [-2.25, -6]], [[1.2, 1.2], [-1.2, -2.2], [1.5, 1]])
    policy = numbers([[0.2, 0.8], [0.6, 0.4], [0.9, 0.1]], [[1, 0], [0.3, 0.7], [0.7, 0.3]])
    action, behaviour = np.asarray([[0, 1, 0], [1, 0, 0]]).T, numbers([0.5, 0.1, 0.9], [0.4, 0.6, 1]).T
    front = lambda x: np.swapaxes(x, 0, 1)
    td = run(vs.retrace, front(q), action, REWARDS, DISCOUNTS, front(target), front(policy), behaviour, 0.9)
    expected = [[2.88, 3.8934109, 4.5942383], [0.31121615, 20.253206, 0.00316012]]
    np.testing.assert_allclose(squared(td.error), np.transpose(expected), rtol=1e-4)


def test_published_retrace_continuous_of_rlax(run):
    q, target_q = numbers([1.1, 1.1, 3.1], [3.1, 9.5, -2.1]).T, numbers([9, 0.2, 2.2], [9, 1.2, -1.2]).T
    value = numbers([-0.08, 0.84, -2.625], [1.2, -1.9, 1.35]).T
    log_ratio = numbers([9, -0.4054651, 1.0986122], [9, -1.2039728, -1.0986123]).T
    td = run(vs.retrace_continuous, q, REWARDS, DISCOUNTS, target_q, value, log_ratio, 0.9)
    expected = [[2.88, 5.643226, 4.594238], [0.04236919, 20.44066, 0.003160141]]
    np.testing.assert_allclose(squared(td.error), np.transpose(expected), rtol=1e-4)


@pytest.mark.parametrize(
    ("lanes", "trace", "expected"),
    [
        (1, 1.0, [[1.992537, 6.440458, 8.669, 7.41, 4.9]]),
        (2, 1.0, [[3.06375, 11.774726, 16.609, 14.01, 8.9], [2.679803, 7.569638, 10.15475, 11.455, 9.9]]),
        (2, 0.5, [[1.418536, 6.164264, 10.66225, 11.805, 8.9], [1.996414, 5.383088, 8.0915, 10.24, 9.9]]),
    ],
)
def test_published_retrace_from_importance_weights(run, lanes, trace, expected):
    count = np.arange(5 * lanes, dtype=np.float32).reshape(5, lanes)
    log_ratio, discount = 5 * (count / (lanes * 5) - 0.5), np.tile(0.9 / (np.arange(lanes) + 1), (5, 1))
    value = count / lanes
    following = np.concatenate([value[1:], np.arange(lanes, dtype=np.float32)[None] + 1])
    arguments = (value, count, discount.astype(np.float32), value, following, log_ratio.astype(np.float32), trace)
    np.testing.assert_allclose(run(vs.retrace_continuous, *arguments).target, np.transpose(expected), rtol=1e-5)


def test_matches_rlax(run):
    for function, oracle, names in (
        (vs.td_lambda, rlax.td_lambda, ("value", "reward", "discount", "next_value", "trace")),
        (vs.q_lambda, rlax.q_lambda, ("q", "action", "reward", "discount", "next_q", "trace")),
        (vs.sarsa_lambda, rlax.sarsa_lambda, ("q", "action", "reward", "discount", "next_q", "next_action", "trace")),
    ):
        arguments = [ARGUMENTS[function][name] for name in names]
        close(run(function, *arguments).error, lanes(oracle, *arguments))


def test_retrace_matches_rlax(run):
    behind = lambda x: np.concatenate([x[1:], x[:1]])
    td = run(vs.retrace, *ARGUMENTS[vs.retrace].values())
    oracle = lambda *x: rlax.retrace(*x, eps=0.0)
    arguments = (Q, NEXT_Q, ACTION, behind(ACTION), REWARD, DISCOUNT, POLICY, behind(BEHAVIOUR), behind(TRACE))
    close(td.error, lanes(oracle, *arguments))
    td = run(vs.retrace_continuous, *ARGUMENTS[vs.retrace_continuous].values())
    arguments = (VALUE, TARGET_Q[1:], NEXT_VALUE, REWARD, DISCOUNT, LOG_RATIO[1:], TRACE[1:])
    close(td.error, lanes(rlax.retrace_continuous, *arguments))


@pytest.mark.parametrize("steps", [1, 3, 9])
def test_n_step_matches_rlax(run, steps):
    td = run(lambda *x: vs.n_step_q_learning(*x[:5], steps, x[5]), Q, ACTION, REWARD, DISCOUNT, NEXT_Q, SELECTOR)
    oracle = lambda q, a, w, b, r, d: rlax.transformed_n_step_q_learning(q, a, w, b, r, d, steps)
    close(td.error, lanes(oracle, Q, ACTION, NEXT_Q, SELECTOR.argmax(-1), REWARD, DISCOUNT))


def test_without_trace_every_sequence_is_one_step():
    one = values.q_learning(Q, ACTION, REWARD, DISCOUNT, NEXT_Q)
    close(vs.q_lambda(Q, ACTION, REWARD, DISCOUNT, NEXT_Q, 0.0).target, one.target)
    close(vs.n_step_q_learning(Q, ACTION, REWARD, DISCOUNT, NEXT_Q, 1).target, one.target)
    expected = values.expected_sarsa(Q, ACTION, REWARD, DISCOUNT, NEXT_Q, POLICY)
    close(vs.retrace(Q, ACTION, REWARD, DISCOUNT, NEXT_Q, POLICY, BEHAVIOUR, 0.0).target, expected.target)


def test_watkins_stops_at_the_first_exploring_action(run):
    trace = run(vs.watkins_trace, NEXT_Q, ACTION, 0.8)
    greedy = ACTION[1:] == NEXT_Q[:-1].argmax(-1)
    assert 0 < greedy.mean() < 1
    np.testing.assert_allclose(trace[:-1], np.where(greedy, 0.8, 0.0), rtol=1e-6)
    np.testing.assert_allclose(trace[-1], 0.8, rtol=1e-6)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_lanes_are_independent_under_vmap(run, function):
    mapped = run(jax.vmap(lambda x: call(function, x), 1, 1), ARGUMENTS[function])
    jax.tree.map(close, mapped, call(function, ARGUMENTS[function]))


@pytest.mark.parametrize("function", ARGUMENTS)
def test_only_the_prediction_learns(function):
    arguments = {name: jnp.asarray(x) for name, x in ARGUMENTS[function].items()}
    floats = {name: x for name, x in arguments.items() if x.dtype == jnp.float32}
    total = lambda floats: sum(x.sum() for x in call(function, {**arguments, **floats}))
    for name, slope in jax.grad(total)(floats).items():
        if name in ("q", "value"):
            expected = -jax.nn.one_hot(ACTION, ACTIONS) if slope.ndim == 3 else -1.0
            np.testing.assert_array_equal(slope, expected)
        else:
            np.testing.assert_array_equal(slope, 0.0)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_a_row_without_a_decision_is_worth_its_own_value(run, function):
    """Its error is 0 and its slope too; the row before bootstraps from it; two pieces around it do not know each other."""
    acted = np.ones((T, LANES), bool)
    acted[2] = False
    arguments = ARGUMENTS[function]
    td = run(lambda x: call(function, {**x, "acted": acted}), arguments)
    np.testing.assert_array_equal(td.error[2], 0.0)
    cut = lambda x, rows: {name: array[rows] for name, array in x.items()}
    close(td.error[:2], call(function, cut(arguments, slice(0, 2))).error)
    close(td.error[3:], call(function, cut(arguments, slice(3, T))).error)


@pytest.mark.parametrize("function", ARGUMENTS)
def test_shapes_that_would_broadcast_are_errors(function):
    for name, array in ARGUMENTS[function].items():
        for wrong in (array[:, :1], array[:, 0], *((array[:1],) if name != "trace" else ())):
            with pytest.raises(ValueError, match=r"one shape.*\(.*\).*\(.*\)"):
                call(function, {**ARGUMENTS[function], name: wrong})


@pytest.mark.parametrize(("policy", "behaviour"), [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
def test_certain_and_impossible_actions(run, policy, behaviour):
    everywhere = np.full_like(POLICY, policy)
    arguments = {**ARGUMENTS[vs.retrace], "next_probabilities": everywhere, "behaviour": np.full_like(REWARD, behaviour)}
    assert np.isfinite(run(lambda x: vs.retrace(**x), arguments).error).all()
    for log_ratio in (-1000.0, 1000.0, -np.inf):
        extreme = {**ARGUMENTS[vs.retrace_continuous], "log_ratio": np.full_like(REWARD, log_ratio)}
        assert np.isfinite(run(lambda x: vs.retrace_continuous(**x), extreme).error).all()
