"""Returns against a slow loop over episodes, and against rlax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax
from hypothesis import given
from hypothesis import strategies as st

from ecotone.ops.minibatches import transition
from ecotone.ops.multistep import recur
from ecotone.ops.returns import gae, lambda_returns, n_step_return, vtrace
from ecotone.trajectory import Trajectory
from tests.ops.streams import LANES, STEPS, episodes, rows_of, streams

GAMMA = 0.9
SMALL = st.floats(0.0, 1.0, width=32)


def slow_gae(rows, values, gamma, trace):
    """Sums of temporal differences, an episode at a time: A[t] = Σ_k (γλ)^k δ[t+k]."""
    out = np.zeros((STEPS, LANES))
    for lane in range(LANES):
        for decisions in episodes(rows, lane):
            for start in decisions:
                total, factor = 0.0, 1.0
                for t in [t for t in decisions if t >= start]:
                    ahead = 0.0 if rows.discount[t, lane] == 0 else gamma * values[t + 1, lane]
                    total += factor * (rows.reward[t, lane] + ahead - values[t, lane])
                    factor *= gamma * trace
                out[start, lane] = total
    return out


def slow_vtrace(rows, values, gamma, ratio, trace, clips):
    """The paper's sum (eq. 1) and the advantage of section 4.2, an episode at a time."""
    clip_delta, clip_trace, clip_advantage = clips
    errors, advantages = np.zeros((STEPS, LANES)), np.zeros((STEPS, LANES))
    for lane in range(LANES):
        for decisions in episodes(rows, lane):
            delta = {}
            for t in decisions:
                ahead = 0.0 if rows.discount[t, lane] == 0 else gamma * values[t + 1, lane]
                delta[t] = min(ratio[t, lane], clip_delta) * (rows.reward[t, lane] + ahead - values[t, lane])
            for s in decisions:
                errors[s, lane] = sum(
                    gamma ** (t - s) * np.prod([trace * min(ratio[i, lane], clip_trace) for i in range(s, t)]) * delta[t]
                    for t in decisions
                    if t >= s
                )
            for s in decisions:
                following = values[s + 1, lane] + (trace * errors[s + 1, lane] if s + 1 in delta else 0.0)
                ahead = 0.0 if rows.discount[s, lane] == 0 else gamma * following
                gain = rows.reward[s, lane] + ahead - values[s, lane]
                advantages[s, lane] = min(ratio[s, lane], clip_advantage) * gain
    return values[:-1] + errors, advantages


@given(streams(), SMALL)
def test_advantages_match_a_slow_loop(stream, trace):
    rows, values, _ = stream
    expected = slow_gae(rows, values, GAMMA, trace)
    np.testing.assert_allclose(jax.jit(gae)(rows, values, GAMMA, trace), expected, rtol=1e-4, atol=1e-5)
    returns = jax.jit(lambda_returns)(rows, values, GAMMA, trace)
    np.testing.assert_allclose(returns, expected + values[:-1], rtol=1e-4, atol=1e-5)
    assert (np.asarray(returns)[~rows.acted[:-1]] == values[:-1][~rows.acted[:-1]]).all()


@given(streams(), SMALL)
def test_vtrace_matches_a_slow_loop(stream, trace):
    rows, values, ratio = stream
    for clips in ((1.0, 1.0, 1.0), (1.5, 0.8, 2.0)):
        targets, advantages = jax.jit(vtrace)(rows, values, GAMMA, ratio, trace, *clips)
        slow_targets, slow_advantages = slow_vtrace(rows, values, GAMMA, ratio, trace, clips)
        np.testing.assert_allclose(targets, slow_targets, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(advantages, slow_advantages, rtol=1e-4, atol=1e-5)


def slow_n_step(rows, values, gamma, lane):
    """Rewards up to the first end, then the value of the last row reached unless the end is a termination."""
    total, factor, t = 0.0, 1.0, 0
    while t < STEPS and rows.acted[t, lane]:
        total += factor * rows.reward[t, lane]
        factor *= gamma * rows.discount[t, lane]
        t += 1
    return total + factor * values[t, lane], t, factor


@given(streams())
def test_windows_match_a_slow_loop(stream):
    rows, values, _ = stream
    returns = jax.jit(n_step_return)(rows, values, GAMMA)
    batch = jax.jit(transition)(rows._replace(observation=values), GAMMA)
    for lane in range(LANES):
        expected, reached, factor = slow_n_step(rows, values, GAMMA, lane)
        np.testing.assert_allclose(returns[lane], expected, rtol=1e-4, atol=1e-5)
        assert batch.weight[lane] == float(rows.acted[0, lane])
        if rows.acted[0, lane]:
            assert batch.observation[lane] == values[0, lane]
            assert batch.action[lane] == rows.action[0, lane]
            assert batch.following[lane] == values[reached, lane]
            np.testing.assert_allclose(batch.discount[lane], factor, rtol=1e-5)
            whole = batch.reward[lane] + batch.discount[lane] * batch.following[lane]
            np.testing.assert_allclose(whole, expected, rtol=1e-4, atol=1e-5)


def test_a_transition_of_two_rows_follows_the_second():
    rows = rows_of(np.random.default_rng(0), steps=1)
    batch = transition(rows, 0.5)
    np.testing.assert_array_equal(batch.following, rows.observation[1])
    np.testing.assert_allclose(batch.reward, rows.reward[0] * rows.acted[0])


@pytest.fixture
def lane():
    """One lane in the middle of endless episodes: rlax knows ends only as discount 0."""
    generator = np.random.default_rng(1)
    steps = 12
    reward, values = generator.normal(size=steps + 1), generator.normal(size=steps + 1)
    discount = np.where(generator.random(steps + 1) < 0.2, 0.0, 1.0)
    ratio = np.exp(generator.normal(size=steps))
    assert ratio.min() < 0.5
    assert ratio.max() > 1.5
    numbers = [np.asarray(x, np.float32) for x in (reward, discount, values, ratio)]
    yes = np.ones(steps + 1, bool)
    rows = Trajectory(numbers[2], ~yes, yes, yes, numbers[0], numbers[1], (), ())
    return rows, numbers[2], numbers[3]


def test_returns_match_rlax(lane, run):
    rows, values, _ = lane
    reward, discount = rows.reward[:-1], GAMMA * rows.discount[:-1]
    ours = run(gae, rows, values, GAMMA, 0.8)
    theirs = rlax.truncated_generalized_advantage_estimation(reward, discount, 0.8, values)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    ours = run(lambda_returns, rows, values, GAMMA, 0.8)
    np.testing.assert_allclose(ours, rlax.lambda_returns(reward, discount, values[1:], 0.8), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n", [1, 3, 5])
def test_n_step_returns_match_rlax(lane, run, n):
    rows, values, _ = lane
    theirs = rlax.n_step_bootstrapped_returns(rows.reward[:-1], GAMMA * rows.discount[:-1], values[1:], n)
    windows = jax.tree.map(lambda x: np.stack([x[t : t + n + 1] for t in range(len(x) - n)], 1), rows)
    ours = run(n_step_return, windows, windows.observation, GAMMA)
    np.testing.assert_allclose(ours, theirs[: len(ours)], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("trace", [1.0, 0.7])
def test_vtrace_matches_rlax(lane, run, trace):
    rows, values, ratio = lane
    targets, advantages = run(vtrace, rows, values, GAMMA, ratio, trace, 1.2, 1.0, 0.9)
    arguments = (values[:-1], values[1:], rows.reward[:-1], GAMMA * rows.discount[:-1], ratio, trace, 1.2, 0.9)
    theirs = rlax.vtrace_td_error_and_advantage(*arguments)
    np.testing.assert_allclose(targets - values[:-1], theirs.errors, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(advantages, theirs.pg_advantage, rtol=1e-5, atol=1e-5)


def test_lanes_are_independent_under_vmap(run):
    generator = np.random.default_rng(2)
    rows = rows_of(generator)
    values = generator.normal(size=(STEPS + 1, LANES)).astype(np.float32)
    ratio = np.exp(generator.normal(size=(STEPS, LANES))).astype(np.float32)
    axes = (Trajectory(1, 1, 1, 1, 1, 1, (), ()), 1)
    for function, more in ((gae, (0.9, 0.8)), (lambda_returns, (0.9, 0.8)), (n_step_return, (0.9,))):
        last = -1 if function is not n_step_return else 0
        mapped = jax.vmap(lambda r, v, f=function, m=more: f(r, v, *m), axes, last)
        np.testing.assert_allclose(run(mapped, rows, values), function(rows, values, *more), rtol=1e-6)
    mapped = jax.vmap(lambda r, v, x: vtrace(r, v, 0.9, x), (*axes, 1), 1)
    for ours, theirs in zip(run(mapped, rows, values, ratio), vtrace(rows, values, 0.9, ratio), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_recurrence_by_hand(run):
    y = run(recur, jnp.asarray([1.0, 2.0, 4.0]), jnp.asarray([0.5, 0.0, 9.0]))
    np.testing.assert_allclose(y, [2.0, 2.0, 4.0])


def test_a_sweep_over_the_trace_is_a_vmap(run):
    rows = rows_of(np.random.default_rng(3))
    values = rows.observation
    sweep = run(jax.vmap(lambda trace: gae(rows, values, 0.9, trace)), jnp.asarray([0.0, 1.0]))
    np.testing.assert_allclose(sweep[1], gae(rows, values, 0.9, 1.0), rtol=1e-6)
    assert not np.allclose(sweep[0], sweep[1])
