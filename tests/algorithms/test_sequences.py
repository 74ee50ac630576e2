"""DQN over sequences against a slow loop, and what its burn-in does."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.recurrent import GRU, LSTM
from ecotone.spec import Box, Discrete, Spec
from ecotone.testing.samples import rows_for
from tests.algorithms.small import recurrent_dqn, small_dqn, small_sac

SPEC = Spec(Box((3,)), Discrete(3))


def learning(algorithm, seed=0):
    """A state whose target differs from its network, and rows with ends and foreign memories."""
    keys = jax.random.split(jax.random.key(seed), 3)
    state = algorithm.init(keys[0], SPEC)
    state = state._replace(target=algorithm.init(keys[1], SPEC).network)
    return state, rows_for(algorithm, state, SPEC, keys[2])


def slow_values(network, rows, memory, lane):
    """Values of a lane's rows, read one after the other."""
    values = []
    for t in range(len(rows.acted)):
        row = rows.observation[t, lane][None, None], rows.is_first[t, lane][None, None]
        value, memory = network(*row, memory)
        values.append(np.asarray(value)[0, 0])
    return values


def slow_goal(algorithm, rows, online, lagging, t, lane):
    """The n-step target of row t."""
    chooser = online if algorithm.double else lagging
    value = lambda k: lagging[k][chooser[k].argmax()]
    if algorithm.trace is not None:
        return slow_return(algorithm, rows, value, t, lane)
    total, factor = 0.0, 1.0
    for k in range(t, t + algorithm.n + 1):
        if k == t + algorithm.n or not rows.acted[k, lane]:
            return total + factor * value(k)
        total += factor * float(rows.reward[k, lane])
        factor *= algorithm.gamma * float(rows.discount[k, lane])
    raise AssertionError


def slow_return(algorithm, rows, value, t, lane):
    """The λ-return of row t, up to the sequence's end."""
    if not rows.acted[t, lane]:
        return value(t)
    end = t + 1 == algorithm.burn_in + algorithm.sequence
    later = value(t + 1) if end else slow_return(algorithm, rows, value, t + 1, lane)
    mixed = (1.0 - algorithm.trace) * value(t + 1) + algorithm.trace * later
    return float(rows.reward[t, lane]) + algorithm.gamma * float(rows.discount[t, lane]) * mixed


def slow_errors(algorithm, state, rows):
    """Errors `[sequence, batch]`, 0 where nobody decided, and where somebody did."""
    shape = (algorithm.sequence, rows.acted.shape[1])
    errors, acted = np.zeros(shape), np.zeros(shape, bool)
    for lane in range(shape[1]):
        memory = jax.tree.map(lambda x, lane=lane: x[lane][None], rows.memory)
        online, lagging = (slow_values(each, rows, memory, lane) for each in (state.network, state.target))
        for i in range(shape[0]):
            t = i + algorithm.burn_in
            if rows.acted[t, lane]:
                goal = slow_goal(algorithm, rows, online, lagging, t, lane)
                errors[i, lane], acted[i, lane] = online[t][rows.action[t, lane]] - goal, True
    return errors, acted


@pytest.mark.parametrize(
    ("core", "sequence", "burn_in", "n", "double", "trace"),
    [
        (GRU(4), 3, 2, 2, True, None),
        (GRU(4), 4, 1, 1, True, 0.7),
        (LSTM(4), 2, 0, 1, False, None),
        (None, 3, 0, 2, True, None),
        (None, 1, 0, 3, True, None),
    ],
)
def test_loss_and_priorities_are_those_of_a_slow_loop(core, sequence, burn_in, n, double, trace):
    algorithm = dataclasses.replace(recurrent_dqn(core, sequence, burn_in, n, double), trace=trace)
    state, rows = learning(algorithm)
    assert rows.acted.shape[0] == burn_in + sequence + n
    assert not rows.acted[burn_in : burn_in + sequence].all()
    assert (rows.discount == 0).any()
    errors, acted = slow_errors(algorithm, state, rows)
    size = np.abs(errors)
    loss = np.where(size < 1, 0.5 * size**2, size - 0.5).mean()
    _, report = jax.jit(algorithm.update)(state, rows, jax.random.key(0))
    np.testing.assert_allclose(report.metrics["loss"], loss, rtol=1e-4)
    mixed = 0.9 * size.max(0) + 0.1 * size.sum(0) / np.maximum(acted.sum(0), 1)  # section 2.3
    np.testing.assert_allclose(report.priorities, mixed, rtol=1e-3, atol=1e-5)


def test_burn_in_gives_no_gradient():
    """The gradient is that of the rows behind it, with the memory that it leads to as a constant."""
    algorithm = recurrent_dqn(burn_in=3)
    state, rows = learning(algorithm)
    state = state._replace(target=state.network)
    early, behind = (jax.tree.map(lambda x, p=p: x[p], rows._replace(memory=())) for p in (slice(3), slice(3, None)))
    _, memory = state.network(early.observation, early.is_first, rows.memory)
    cut = dataclasses.replace(algorithm, burn_in=0), behind._replace(memory=jax.lax.stop_gradient(memory))
    key = jax.random.key(0)
    moved, expected = algorithm.update(state, rows, key)[0], cut[0].update(state, cut[1], key)[0]
    for mine, theirs in zip(jax.tree.leaves(moved.optimizer), jax.tree.leaves(expected.optimizer), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert not np.allclose(memory, rows.memory)


def test_gradients_reach_back_through_the_sequence():
    """The first row's observation moves the gradient of the recurrent weights through every later row."""
    algorithm = recurrent_dqn(sequence=6, burn_in=0)
    state, rows = learning(algorithm)
    rows = rows._replace(is_first=jnp.zeros_like(rows.is_first), acted=rows.acted.at[:5].set(False))
    seen = lambda observation: algorithm.update(state, rows._replace(observation=observation), jax.random.key(0))[1]
    slope = jax.grad(lambda observation: seen(observation).metrics["loss"])(rows.observation)
    assert np.abs(slope[0]).max() > 0.0


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        (recurrent_dqn(sequence=1, burn_in=0), "set DQN's `sequence`"),
        (dataclasses.replace(small_dqn(), burn_in=4), "has none"),
        (dataclasses.replace(small_dqn(), trace=0.7), "set `n` to 1 and `sequence` to more"),
        (dataclasses.replace(small_sac(), actor=QNetwork(Encoder((8,)), core=GRU(4))), "SAC's critics read single rows"),
    ],
)
def test_memories_that_cannot_be_trained_are_mistakes(algorithm, told):
    spec = Spec(SPEC.observation, Box((2,), low=-1.0, high=1.0)) if hasattr(algorithm, "critics") else SPEC
    with pytest.raises(Mistake, match=told):
        algorithm.init(jax.random.key(0), spec)
