"""Cores keep the models' contract, and remember what they say they remember."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from ecotone.networks.attention import GatedTransformer
from ecotone.networks.autoregressive import AutoregressiveHead
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.networks.reading import read_policy
from ecotone.networks.recurrent import GRU, LSTM, MinGRU, linear_recurrence
from ecotone.runtime.actor import acts_in_numpy
from ecotone.runtime.mirror import Mirror
from ecotone.spec import Box, Discrete, MultiDiscrete, Spec
from ecotone.testing import check_model, fit, probes
from ecotone.trajectory import TimeStep
from tests.algorithms.small import small_ppo

CORES = {
    "lstm": LSTM(8),
    "gru": GRU(8),
    "parallel": MinGRU(8),
    "attention": GatedTransformer(8, heads=2, reach=4),
    "deep attention, longer than the rows": GatedTransformer(8, heads=2, layers=2, reach=9),
}
SPEC = Spec(Box((3,)), Discrete(2))


@pytest.mark.parametrize("core", CORES.values(), ids=list(CORES))
@pytest.mark.parametrize("shared", [True, None])
def test_models_with_cores_keep_their_contract(core, shared):
    check_model(ActorCritic(Encoder((8,)), core=core, shared=shared), SPEC)


def test_of_images_only_the_encoder_is_shared():
    network = ActorCritic(core=GRU(8)).init(jax.random.key(0), Spec(Box((36, 36, 1), "uint8", 0, 255), Discrete(2)))
    assert network.value_encoder is None
    assert network.value_core is not None


def test_the_parallel_recurrence_is_the_slow_one():
    rng = np.random.default_rng(0)
    for steps in (1, 2, 7):
        keep, new = rng.uniform(0, 1, (steps, 3)), rng.normal(size=(steps, 3))
        before = rng.normal(size=3)
        expected, h = [], before
        for a, b in zip(keep, new, strict=True):
            h = a * h + b
            expected.append(h)
        got = linear_recurrence(*map(jnp.asarray, (keep, new, before)))
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("core", [LSTM(3), GRU(3)], ids=repr)
def test_gradients_of_a_recurrence_are_its_slopes(core):
    rng = np.random.default_rng(0)
    draw = lambda like: jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), jnp.float32), like)
    is_first = jnp.zeros((4, 2), bool).at[2, 1].set(True)
    read = lambda module, seen, memory: module(seen, is_first, memory)
    arguments = draw((core.init(jax.random.key(0), 2), jnp.zeros((4, 2, 2)), core.initial_memory(2)))
    check_grads(read, arguments, order=1, modes=["rev"], atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("layers", [1, 2])
def test_attention_reaches_as_far_as_it_says(layers):
    reach, steps = 3, 12
    core = GatedTransformer(8, heads=2, layers=layers, reach=reach)
    module = core.init(jax.random.key(0), 4)
    seen = jax.random.normal(jax.random.key(1), (steps, 1, 4))
    is_first = jnp.zeros((steps, 1), bool)
    read = lambda seen: module(seen, is_first, core.initial_memory(1))[0]
    moved = np.abs(read(seen) - read(seen.at[2].add(1.0))).sum((1, 2)) > 1e-6
    expected = [2 <= t <= 2 + layers * reach for t in range(steps)]
    assert moved.tolist() == expected


@pytest.mark.parametrize("core", [LSTM(8), GRU(8), MinGRU(8)], ids=repr)
def test_mirrored_cores_read_numpy_rows_as_the_program_does(core):
    model = QNetwork(Encoder((8,)), core=core)
    network = model.init(jax.random.key(0), SPEC)
    mirrored = Mirror(network).load(jax.tree.leaves(network))
    rng = np.random.default_rng(0)
    seen = 3.0 * rng.normal(size=(6, 2, 3)).astype(np.float32)
    is_first = np.zeros((6, 2), bool)
    is_first[3, 1] = True
    memory = jax.tree.map(lambda x: rng.normal(size=x.shape).astype(np.float32), model.initial_memory(2))
    expected, mine = network(seen, is_first, jax.tree.map(jnp.asarray, memory)), mirrored(seen, is_first, memory)
    for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(expected), strict=True):
        assert isinstance(a, np.ndarray)
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("core", "numpy"), [(GRU(8), True), (GatedTransformer(8, heads=2, reach=4), False)])
def test_what_acts_in_numpy(core, numpy):
    algorithm = small_ppo(model=ActorCritic(Encoder((8,)), core=core))
    now = TimeStep(jnp.ones((2, 3)), jnp.ones(2, bool), jnp.ones(2, bool), jnp.zeros(2), jnp.ones(2))
    params = algorithm.policy(algorithm.init(jax.random.key(0), SPEC))
    assert acts_in_numpy(algorithm, params, now, algorithm.initial_memory(2)) == numpy


def test_choices_that_know_the_earlier_ones_are_drawn_behind_a_memory():
    spec = Spec(Box((3,)), MultiDiscrete((2, 3)))
    model = ActorCritic(Encoder((8,)), AutoregressiveHead((8,)), core=GRU(8))
    network, seen, is_first = model.init(jax.random.key(0), spec), jnp.ones((4, 3)), jnp.ones(4, bool)
    policy, _ = read_policy(network, seen, is_first, model.initial_memory(4))
    whole, _ = network.policy(seen[None], is_first[None], model.initial_memory(4))
    action = policy.sample(jax.random.key(1))
    assert action.shape == (4, 2)
    np.testing.assert_allclose(policy.log_prob(action), whole.log_prob(action[None])[0], rtol=1e-5)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        ActorCritic(core=GatedTransformer(8, heads=3)).init(jax.random.key(0), SPEC)


@pytest.mark.parametrize("core", [LSTM(16), GRU(16), MinGRU(16), GatedTransformer(16, heads=2, reach=4)], ids=repr)
def test_ppo_with_a_memory_recalls(core):
    algorithm = small_ppo(model=ActorCritic(Encoder((16,)), core=core))
    reward = np.asarray(fit(algorithm, probes.Recall(delay=1), lanes=8, fragments=60).reward)
    # One decision in two counts. Steps that stay large let a policy that has learned stumble for a few fragments.
    assert np.median(reward[-20:]) > 0.45
