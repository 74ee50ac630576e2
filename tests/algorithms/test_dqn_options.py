"""Options of DQN: what they change, what cannot be combined, and the settings that have names."""

import dataclasses
import inspect
from dataclasses import replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone import DQN, Experiment
from ecotone.cli.list import algorithms
from ecotone.cli.train import overridden
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork
from ecotone.networks.values import Categories, Expected, ImplicitQuantiles, Quantiles
from ecotone.ops.distributions import Categorical
from ecotone.ops.schedules import Constant
from ecotone.runtime.actor import NumpyActor
from ecotone.spec import ACTION_MASK, Box, Dict, Discrete, MultiBinary, Spec
from ecotone.testing import fit, probes
from ecotone.testing.samples import rows_for
from ecotone.trajectory import TimeStep
from ecotone.written import from_json, to_json
from tests.algorithms.small import NAMED, small_dqn

SPEC = Spec(Box((3,)), Discrete(3))
HEADS = {
    "expected": Expected(),
    "categories": Categories(21, -2.0, 2.0),
    "quantiles": Quantiles(8),
    "implicit": ImplicitQuantiles(8, 8, 8),
}


def small(head="expected", **options):
    """DQN of a tiny network with that head."""
    return replace(small_dqn(), model=QNetwork(Encoder((8,)), HEADS[head]), **options)


def learning(algorithm, spec=SPEC):
    """A state whose target differs from its network, and rows to learn from."""
    keys = jax.random.split(jax.random.key(0), 3)
    state = algorithm.init(keys[0], spec)
    state = state._replace(target=algorithm.init(keys[1], spec).network)
    return state, rows_for(algorithm, state, spec, keys[2])


@pytest.mark.parametrize("head", ["categories", "quantiles", "implicit"])
def test_every_head_learns_to_choose(head):
    model = QNetwork(Encoder((16,)), HEADS[head])
    fitted = fit(replace(small_dqn(), model=model), probes.ReadableChoice(), lanes=4, fragments=300)
    told, _ = fitted.state.network(jnp.asarray([[-1.0], [1.0]]), None, ())
    np.testing.assert_allclose(told.values, [[1.0, -1.0], [-1.0, 1.0]], atol=0.25)


def test_importance_weighs_windows_and_leaves_their_priorities():
    algorithm = small()
    state, rows = learning(algorithm)
    weights = jnp.linspace(0.1, 1.0, rows.acted.shape[1])
    update = jax.jit(algorithm.update)
    told = [update(state, rows._replace(extras=extras), jax.random.key(1))[1] for extras in ((), {"importance": weights})]
    size = np.asarray(told[0].priorities)
    each = np.where(size < 1, size**2 / 2, size - 0.5)
    np.testing.assert_allclose(told[0].metrics["loss"], each.mean(), rtol=1e-5)
    np.testing.assert_allclose(told[1].metrics["loss"], (weights * each).mean(), rtol=1e-5)
    np.testing.assert_allclose(told[1].priorities, size, rtol=1e-6)


def test_the_target_moves_by_its_rate_at_its_period():
    algorithm = small(target_rate=0.25, target_period=2)
    state, rows = learning(algorithm)
    update, before = jax.jit(algorithm.update), jax.tree.leaves(state.target)
    state, _ = update(state, rows, jax.random.key(1))
    for old, new in zip(before, jax.tree.leaves(state.target), strict=True):
        np.testing.assert_array_equal(old, new)
    state, _ = update(state, rows, jax.random.key(1))
    for old, new, network in zip(before, *(jax.tree.leaves(x) for x in (state.target, state.network)), strict=True):
        np.testing.assert_allclose(new, 0.75 * old + 0.25 * network, rtol=1e-5, atol=1e-6)


def test_lanes_explore_by_their_own_epsilon_in_numpy_and_jax():
    lanes, base = 4, 0.5
    algorithm = small(lane_exponent=3.0, epsilon=Constant(base), replay=replace(small().replay, warmup=0))
    params = algorithm.policy(algorithm.init(jax.random.key(0), SPEC))
    seen, first = np.ones((lanes, 3), np.float32), np.zeros(lanes, bool)
    greedy = np.asarray(algorithm.act(params, seen, first, (), jax.random.key(0), False)[0])
    act = lambda key: algorithm.act(params, jnp.asarray(seen), first, (), key, True)[0]
    in_jax = np.asarray(jax.jit(jax.vmap(act))(jax.random.split(jax.random.key(1), 4_000)))
    actor, zero = NumpyActor(algorithm, jax.tree.map(np.asarray, params), 0), np.zeros(lanes, np.float32)
    in_numpy = np.array([actor.act(TimeStep(seen, first, ~first, zero, zero), ())[0] for _ in range(4_000)])
    expected = base ** (1.0 + np.arange(4)) * 2 / 3  # two of three random choices differ from the greedy one
    for chosen in (in_jax, in_numpy):
        np.testing.assert_allclose((chosen != greedy).mean(0), expected, atol=0.03)


@pytest.mark.parametrize("head", HEADS)
def test_what_is_illegal_never_follows(head):
    """The value of an illegal choice, however high, is no part of any target."""
    spec = Spec(Dict({"observation": Box((3,)), ACTION_MASK: MultiBinary((3,))}), Discrete(3))
    algorithm = small(head)
    state, rows = learning(algorithm, spec)
    legal = jnp.ones_like(rows.observation[ACTION_MASK]).at[..., 0].set(0)
    rows = rows._replace(observation=rows.observation | {ACTION_MASK: legal}, action=jnp.maximum(rows.action, 1))
    bias = lambda target: target.head.streams.advantage.layers[-1].bias
    per = len(bias(state.target)) // 3
    raised = eqx.tree_at(bias, state.target, bias(state.target).at[:per].add(jnp.linspace(5.0, 9.0, per)))
    update = jax.jit(algorithm.update)
    mine, other = (update(each, rows, jax.random.key(0))[1] for each in (state, state._replace(target=raised)))
    np.testing.assert_allclose(mine.metrics["loss"], other.metrics["loss"], rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"munchausen": 0.9, "n": 1}, "set its `temperature`"),
        ({"temperature": 0.03, "n": 3}, "set `n` to 1"),
        ({"temperature": 0.03, "n": 1, "rescaling": "symlog"}, "leave one of them out"),
        (
            {"lane_exponent": 7.0, "exploration": lambda values, epsilon: Categorical(values / epsilon)},
            "leave out `exploration`",
        ),
        ({"head": "quantiles", "squared": True}, "the model tells QuantileValues: leave it off"),
    ],
)
def test_options_at_odds_are_mistakes(options, told):
    with pytest.raises(Mistake, match=told):
        small(**options).init(jax.random.key(0), SPEC)


@pytest.mark.parametrize("kind", NAMED.values(), ids=NAMED)
def test_named_settings_are_dqn_with_other_defaults(kind):
    made, plain = kind(), DQN()
    assert not [name for name, value in vars(kind).items() if inspect.isfunction(value) and not name.startswith("__")]
    assert isinstance(made, DQN)
    assert any(getattr(made, f.name) != getattr(plain, f.name) for f in dataclasses.fields(plain))
    assert from_json(to_json(made)) == made
    assert jax.tree.structure(made) != jax.tree.structure(plain)
    experiment = Experiment("CartPole-v1", made)
    assert experiment.name == f"{kind.__name__.lower()}-CartPole-v1"
    assert f"{kind.__name__.lower()} " in algorithms()
    changed = overridden(experiment, None, ["--algorithm.gamma", "0.5", "--algorithm.model.encoder.hidden", "8"]).algorithm
    assert type(changed) is kind
    assert (changed.gamma, changed.model.encoder.hidden, changed.model.head) == (0.5, (8,), made.model.head)


def test_priorities_learn_what_is_rare_from_fewer_updates():
    def error(priority):
        """Of the value of what seldom comes and pays, over seeds."""
        replay = replace(small_dqn().replay, batch=8, priority=priority)
        algorithm, seen = replace(small_dqn(), replay=replay), jnp.ones((1, 1))
        states = [fit(algorithm, probes.RareReward(), lanes=4, fragments=80, seed=seed).state for seed in range(4)]
        return np.mean([np.abs(state.network(seen, None, ())[0] - 1.0).mean() for state in states])

    by_priority, evenly = error(0.9), error(None)
    assert by_priority < 0.03
    assert evenly > 3.0 * by_priority
