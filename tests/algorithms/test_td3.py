"""TD3 and DDPG: probes, the loss against a slow loop, the delay, and what cannot be served."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.networks.critics import Critics, QuantileCritics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork, SquashedActor
from ecotone.networks.recurrent import GRU
from ecotone.ops.action_noise import OrnsteinUhlenbeck
from ecotone.runtime.actor import NumpyActor
from ecotone.spec import Box, Spec
from ecotone.testing import fit, probes
from ecotone.testing.samples import rows_for
from ecotone.trajectory import TimeStep, Trajectory
from tests.algorithms.small import small_ddpg, small_td3

SIGNS = jnp.asarray([[-1.0], [1.0]])
UNIT = Box((1,), low=-1.0, high=1.0)
VECTOR = Spec(Box((3,)), Box((2,), low=-2.0, high=2.0))


def learned(algorithm, environment, seen, fragments):
    """Values of the actor's actions, and these, after training."""
    networks = fit(algorithm, environment, lanes=4, fragments=fragments).state.networks
    action, _ = networks.actor(seen, None, ())
    return np.asarray(algorithm.critics.gain(networks.critics(seen, action))), np.asarray(action)


def test_td3_hits_what_it_reads():
    value, action = learned(small_td3(), probes.ReadableTarget(), SIGNS, 800)
    np.testing.assert_allclose(action, [[-0.5], [0.5]], atol=0.1)
    np.testing.assert_allclose(value, 0.0, atol=0.1)


def test_td3_bootstraps_at_truncation_and_n_steps_on():
    value, _ = learned(small_td3(n=2), probes.Endless(action=UNIT), jnp.zeros((1, 1)), 500)
    np.testing.assert_allclose(value, 2.0, atol=0.15)


def test_ddpg_hits_several_targets_with_noise_that_drifts():
    _, action = learned(small_ddpg(), probes.Target(), jnp.zeros((1, 1)), 600)
    np.testing.assert_allclose(action, [[0.5, -0.25]], atol=0.15)


def slow_errors(algorithm, state, rows):
    """Errors `[count, batch]` of two-step windows, one after the other."""
    target, batch = state.target, rows.acted.shape[1]
    errors = np.zeros((2, batch))
    for i in range(batch):
        reward, discount, last = 0.0, 1.0, 0
        while last < 2 and rows.acted[last, i]:
            reward += discount * float(rows.reward[last, i])
            discount *= algorithm.gamma * float(rows.discount[last, i])
            last += 1
        seen = rows.observation[last, i]
        ahead = target.critics(seen, target.actor(seen, None, ())[0])
        goal = reward + discount * float(ahead.min())
        if rows.acted[0, i]:
            errors[:, i] = np.asarray(state.networks.critics(rows.observation[0, i], rows.action[0, i])) - goal
    return errors


def test_loss_priorities_weights_and_delay():
    """One program: the loss is that of a slow loop, windows are weighed, actor and targets move every third time."""
    algorithm = small_td3(n=2, smoothing=0.0, delay=3)
    state = algorithm.init(jax.random.key(0), VECTOR)
    state = state._replace(target=algorithm.init(jax.random.key(1), VECTOR).networks)
    rows = rows_for(algorithm, state, VECTOR, jax.random.key(2))
    assert not rows.acted[0].all()
    assert (rows.discount == 0).any()
    weights = np.linspace(0.0, 1.0, rows.acted.shape[1], dtype=np.float32)
    rows = rows._replace(extras={"importance": jnp.asarray(weights)})
    update = jax.jit(algorithm.update)
    errors = slow_errors(algorithm, state, rows)
    after, report = update(state, rows, jax.random.key(3))
    np.testing.assert_allclose(report.metrics["critic_loss"], (weights * 0.5 * errors**2).sum(0).mean(), rtol=1e-3)
    np.testing.assert_allclose(report.priorities, abs(errors).mean(0), rtol=1e-3, atol=1e-4)
    moved = []
    for _ in range(6):
        after, _ = update(state, rows, jax.random.key(3))
        parts = (after.networks.critics, state.networks.critics), (after.networks.actor, state.networks.actor)
        parts = *parts, (after.target, state.target)
        moved.append([any((a != b).any() for a, b in zip(*map(jax.tree.leaves, pair), strict=True)) for pair in parts])
        state = after
    assert moved == [[True, i % 3 == 2, i % 3 == 2] for i in range(6)]


def test_actors_follow_the_first_critic_uphill():
    algorithm = small_td3(delay=1)
    state = algorithm.init(jax.random.key(0), VECTOR)
    rows = rows_for(algorithm, state, VECTOR, jax.random.key(2))
    rows = rows._replace(acted=jnp.ones_like(rows.acted))
    value = lambda state, critics: critics(rows.observation[0], state.networks.actor(rows.observation[0], None, ())[0])
    after, _ = jax.jit(algorithm.update)(state, rows, jax.random.key(3))
    critics = after.networks.critics
    assert value(after, critics)[0].mean() > value(state, critics)[0].mean()


def test_noise_is_carried_where_numpy_acts():
    algorithm = small_td3(noise=OrnsteinUhlenbeck(deviation=0.3, damping=0.0, entries=4))
    state = algorithm.init(jax.random.key(0), VECTOR)._replace(steps=jnp.asarray(10_000))
    actor = NumpyActor(algorithm, jax.tree.map(np.asarray, algorithm.policy(state)), seed=1)
    lanes, zero, no = 500, np.zeros(500, np.float32), np.zeros(500, bool)
    now = TimeStep(np.zeros((lanes, 3), np.float32), no, ~no, zero, zero)
    memory, spread = algorithm.initial_memory(lanes), []
    for i in range(6):
        action, _, memory = actor.act(now._replace(is_first=np.full(lanes, i == 5)), memory)
        assert action.dtype == np.float32
        spread.append(action.std())
    assert spread[4] > 1.5 * spread[0]
    assert spread[5] == pytest.approx(spread[0], rel=0.2)


def test_distributions_of_values_serve_too():
    algorithm = small_td3(critics=QuantileCritics((8,), atoms=3, drop=1))

    def once(key):
        state = algorithm.init(key, VECTOR)
        row = lambda *shape: jnp.zeros((2, 5, *shape))
        rows = rows_like(row(3), row(2))
        return algorithm.update(state, rows, key)

    state, report = jax.eval_shape(once, jax.random.key(0))
    assert report.priorities.shape == (5,)
    assert [head.bias.shape for head in state.networks.critics.head] == [(3,), (3,)]


def rows_like(observation, action):
    """Rows of zeros that all hold decisions."""
    zero = jnp.zeros(observation.shape[:2])
    return Trajectory(observation, zero > 0, zero == 0, action, zero, zero, (), ())


@pytest.mark.parametrize(
    ("changes", "spec", "told"),
    [
        ({"actor": SquashedActor(Encoder((8,)))}, VECTOR, "one action of its actor, not TanhNormal"),
        ({"actor": QNetwork(Encoder((8,)), core=GRU(4))}, VECTOR, "TD3's critics read single rows"),
        ({"delay": 0}, VECTOR, "`delay` is 0"),
        ({}, Spec(Box((3,)), Box((2,))), "finite bounds"),
        ({"critics": Critics((8,))}, Spec(Box((3,)), Box((2, 2), low=-1.0, high=1.0)), "flatten them"),
    ],
)
def test_what_cannot_be_served_is_an_error(changes, spec, told):
    kind = Mistake if spec is VECTOR else ValueError
    with pytest.raises(kind, match=told):
        dataclasses.replace(small_td3(), **changes).init(jax.random.key(0), spec)
