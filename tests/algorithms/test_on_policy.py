"""Algorithms of fresh and nearly fresh rows: what they learn from probes, and their numbers against slow loops."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms.pg import ends_within
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.descent import RMSProp
from ecotone.ops.schedules import Constant, Linear
from ecotone.spec import Box, Discrete, Spec
from ecotone.testing import fit, probes
from ecotone.testing.samples import rows_for
from ecotone.trajectory import Trajectory
from tests.algorithms.small import ON_POLICY, small_ppo

SIGNS, NOTHING = jnp.asarray([[-1.0], [1.0]]), jnp.zeros((1, 1))
SPEC = Spec(Box((3,)), Discrete(3))
RECURRENT = ActorCritic(Encoder((8,)), core=GRU(4))


@pytest.mark.parametrize("name", ["a2c", "appo", "impala", "pg"])
def test_actors_choose_what_pays_and_critics_know_it(name):
    fitted = fit(ON_POLICY[name], probes.ReadableChoice(), lanes=8, fragments=80)
    (policy, value), _ = fitted.state.network(SIGNS, None, ())
    assert np.asarray(policy.mode()).tolist() == [0, 1]
    assert np.asarray(fitted.reward)[-5:].mean() > 0.85
    if name != "pg":
        assert (np.asarray(value) > 0.7).all()


@pytest.mark.parametrize("name", ["a2c", "impala"])
def test_values_go_on_where_episodes_are_truncated(name):
    fitted = fit(ON_POLICY[name], probes.Endless(), lanes=8, fragments=80)
    np.testing.assert_allclose(fitted.state.network(NOTHING, None, ())[0].value, 2.0, atol=0.15)


def test_pqn_values_its_choices_discounts_and_bootstraps_at_truncation():
    values = lambda environment, seen: fit(ON_POLICY["pqn"], environment, 8, 80).state.network(seen, None, ())[0]
    np.testing.assert_allclose(values(probes.ReadableChoice(), SIGNS), [[1.0, -1.0], [-1.0, 1.0]], atol=0.15)
    np.testing.assert_allclose(values(probes.DelayedReward(delay=3), jnp.arange(3)).mean(-1), [0.25, 0.5, 1.0], atol=0.1)
    np.testing.assert_allclose(values(probes.Endless(), NOTHING), 2.0, atol=0.15)


def learning(algorithm, seed=0, drift=0.3):
    """A state, and rows of a policy that has drifted from it, with ends of both kinds."""
    keys = jax.random.split(jax.random.key(seed), 3)
    state = algorithm.init(keys[0], SPEC)
    strayed = jax.tree.map(lambda x: x + drift * jax.random.normal(keys[1], x.shape), state.network)
    return state, rows_for(algorithm, state._replace(network=strayed), SPEC, keys[2])


def slow(algorithm, network, rows, ratio=None, clips=(np.inf, np.inf, np.inf)):
    """`(advantages, value errors, log-probabilities, acted)` `[T, B]` by loops over rows; `ratio` weighs as V-trace does."""
    (policy, value), _ = network(rows.observation, rows.is_first, rows.memory)
    log_prob, value = np.asarray(policy.log_prob(rows.action)), np.asarray(value)
    ratio = np.ones_like(value) if ratio is None else ratio
    steps, lanes = rows.acted.shape[0] - 1, rows.acted.shape[1]
    advantage, error = np.zeros((steps, lanes)), np.zeros((steps, lanes))
    for lane in range(lanes):
        beyond = 0.0
        for t in reversed(range(steps)):
            if not rows.acted[t, lane]:
                beyond = 0.0
                continue
            onward = algorithm.gamma * float(rows.discount[t, lane])
            delta = float(rows.reward[t, lane]) + onward * value[t + 1, lane] - value[t, lane]
            rho, trace, weight = (min(clip, ratio[t, lane]) for clip in clips)
            advantage[t, lane] = weight * (delta + onward * algorithm.trace * beyond)
            beyond = rho * delta + onward * algorithm.trace * trace * beyond
            error[t, lane] = beyond
    return advantage, error, log_prob[:-1], np.asarray(rows.acted[:-1])


def close_to(metrics, advantage, error, log_prob, acted):
    np.testing.assert_allclose(metrics["policy_loss"], -(log_prob * advantage)[acted].mean(), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(metrics["value_loss"], (0.5 * error**2)[acted].mean(), rtol=1e-3)


def test_a2c_is_that_of_a_slow_loop():
    algorithm = replace(ON_POLICY["a2c"], model=RECURRENT, trace=0.9)
    state, rows = learning(algorithm)
    assert (rows.discount == 0).any()
    assert not rows.acted[:-1].all()
    _, report = jax.jit(algorithm.update)(state, rows, jax.random.key(0))
    close_to(report.metrics, *slow(algorithm, state.network, rows))


def test_impala_weighs_as_a_slow_loop_does():
    clips = (0.9, 0.7, 1.1)
    options = dict(zip(("clip_delta", "clip_trace", "clip_advantage"), clips, strict=True))
    algorithm = replace(ON_POLICY["impala"], model=RECURRENT, epochs=1, minibatches=1, trace=0.9, **options)
    state, rows = learning(algorithm)
    (policy, _), _ = state.network(rows.observation, rows.is_first, rows.memory)
    behaviour = jax.tree.map(lambda x: x[:-1], rows.extras["policy"])
    ratio = np.exp(np.asarray(policy.log_prob(rows.action))[:-1] - np.asarray(behaviour.log_prob(rows.action[:-1])))
    assert ((ratio > 1.1) & np.asarray(rows.acted[:-1])).any()
    _, report = jax.jit(algorithm.update)(state, rows, jax.random.key(0))
    close_to(report.metrics, *slow(algorithm, state.network, rows, ratio, clips))


def test_appo_on_fresh_rows_is_ppo():
    ppo = replace(small_ppo(model=RECURRENT), value_clip=0.1, kl_cost=0.5, clip=0.1)
    appo = ON_POLICY["appo"]
    appo = replace(appo, **{name: getattr(ppo, name) for name in vars(ppo) if name in vars(appo)})
    state, rows = learning(ppo, drift=0.0)
    after, told = jax.jit(ppo.update)(state, rows, jax.random.key(1))
    theirs = appo.init(jax.random.split(jax.random.key(0), 3)[0], SPEC)
    other, also = jax.jit(appo.update)(theirs, rows, jax.random.key(1))
    for a, b in zip(jax.tree.leaves(after.network), jax.tree.leaves(other.network), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    assert told.metrics["clip_fraction"] > 0
    np.testing.assert_allclose(also.metrics["ratio"], 1.0, rtol=1e-5)


def test_appo_fences_around_its_target():
    """With ρ the ratio is π / max(π', μ / ρ); returns are V-trace's for π' and the network's own values."""
    appo = replace(ON_POLICY["appo"], target_period=2)
    state, rows = learning(appo)
    state = state._replace(target=jax.tree.map(lambda x: x + 0.3 * jnp.sin(7.0 * x), state.network))
    batch, _ = appo._batch(state, rows)
    (policy, _), _ = state.target(rows.observation[:-1], rows.is_first[:-1], ())
    behaviour = jax.tree.map(lambda x: x[:-1], rows.extras["policy"])
    chance, acted = (np.exp(np.asarray(p.log_prob(rows.action[:-1]))) for p in (policy, behaviour)), rows.acted[:-1]
    ours, mu = chance
    anchor = np.where(acted, np.maximum(ours, mu / 2.0), 0.0)
    assert ((mu / 2.0 > ours) & acted).any()
    np.testing.assert_allclose(np.where(acted, np.exp(batch.log_prob).reshape(acted.shape), 0.0), anchor, rtol=1e-4)
    targets = []
    for i in range(2):
        state, _ = jax.jit(appo.update)(state, rows, jax.random.key(i))
        targets.append(jax.tree.leaves(state.target)[0] == jax.tree.leaves(state.network)[0])
    assert not targets[0].all()
    assert targets[1].all()


def test_pg_learns_only_from_returns_that_it_knows():
    acted = jnp.asarray([[1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 1, 1], [0, 0, 0]], bool)
    discount = jnp.ones((5, 3)).at[1, 1].set(0.0)
    rows = Trajectory((), ~acted, acted, (), jnp.ones((5, 3)), discount, (), ())
    expected = [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]
    np.testing.assert_array_equal(ends_within(rows), np.asarray(expected, bool))
    algorithm = replace(ON_POLICY["pg"], normalise=False)
    state, rows = learning(algorithm, drift=0.0)
    known = np.asarray(ends_within(rows) & rows.acted[:-1])
    assert known.any()
    assert (np.asarray(rows.acted[:-1]) & ~known).any()
    zero = slow(replace(ON_POLICY["a2c"], trace=1.0), lambda *seen: (_worthless(state.network, *seen), ()), rows)
    _, report = jax.jit(algorithm.update)(state, rows, jax.random.key(0))
    np.testing.assert_allclose(report.metrics["policy_loss"], -(zero[0] * zero[2])[known].mean(), rtol=1e-4)


def _worthless(network, *seen):
    """What the network says, with all values 0."""
    (policy, value), _ = network(*seen)
    return policy, jnp.zeros_like(value)


def weights(state):
    return np.concatenate([np.ravel(x) for x in jax.tree.leaves(state.network)])


def test_ppo_stops_early_and_adapts_its_divergence():
    base = replace(small_ppo(), epochs=2, minibatches=1)
    state, rows = learning(base, drift=0.0)
    one, never = (jax.jit(ppo.update)(state, rows, jax.random.key(0)) for ppo in (replace(base, epochs=1), base))
    stopped, told = jax.jit(replace(base, kl_stop=1e-7).update)(state, rows, jax.random.key(0))
    np.testing.assert_allclose(weights(stopped), weights(one[0]), rtol=1e-5, atol=1e-7)
    assert not np.allclose(weights(stopped), weights(never[0]), rtol=1e-5, atol=1e-7)
    assert told.metrics["stopped"] == 0.5
    eager = replace(base, kl_cost=0.2, kl_target=1e-6)
    state = eager.init(jax.random.split(jax.random.key(0), 3)[0], SPEC)
    held, _ = jax.jit(eager.update)(state, rows, jax.random.key(0))
    np.testing.assert_allclose(held.kl_cost, 0.4, rtol=1e-6)


def test_numbers_of_ppo_may_be_schedules_and_its_optimiser_another():
    fixed = replace(small_ppo(), clip=0.1, entropy_cost=0.02, normalise=False, optimizer=RMSProp(Constant(1e-3)))
    state, rows = learning(fixed, drift=0.0)
    state = state._replace(steps=jnp.asarray(50, jnp.int32))
    moving = replace(fixed, clip=Linear(0.2, 0.0, over=100), entropy_cost=Linear(0.0, 0.04, over=100))
    same, other = (jax.jit(ppo.update)(state, rows, jax.random.key(0))[0] for ppo in (fixed, moving))
    np.testing.assert_allclose(weights(same), weights(other), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("others", ["many", "few"])
def test_ppo_remembers_values_where_they_cost_nothing_and_learns_the_same(others):
    algorithm = replace(small_ppo(), model=ActorCritic(Encoder((8,)), shared=True))
    state = algorithm.init(jax.random.key(0), SPEC)
    rows = rows_for(algorithm, state, SPEC, jax.random.key(1))
    if others == "few":
        rows = rows._replace(acted=rows.acted.at[:-2].set(True).at[3, 1].set(False))
    garbled = jnp.where(rows.acted, rows.extras["value"], 1e3)
    rows = rows._replace(extras=rows.extras | {"value": garbled})
    forgotten = rows._replace(extras={"policy": rows.extras["policy"]})
    assert "value" in rows.extras
    learned, from_scratch = (algorithm.update(state, each, jax.random.key(2))[0] for each in (rows, forgotten))
    for a, b in zip(jax.tree.leaves(learned), jax.tree.leaves(from_scratch), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "model", [ActorCritic(Encoder((8,))), ActorCritic(Encoder((8,)), shared=True, core=GRU(4)), RECURRENT]
)
def test_ppo_remembers_no_values_that_cost_something(model):
    algorithm = replace(small_ppo(), model=model)
    state = algorithm.init(jax.random.key(0), SPEC)
    assert set(rows_for(algorithm, state, SPEC, jax.random.key(1)).extras) == {"policy"}
