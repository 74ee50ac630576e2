"""Heads of action values: what they say of choices, dueling, noise, masks, and a memory behind the encoder."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.encoders import Encoder
from ecotone.networks.masks import ILLEGAL
from ecotone.networks.models import QNetwork
from ecotone.networks.noisy import NoisyDense, renew_noise, without_noise
from ecotone.networks.recurrent import GRU
from ecotone.networks.values import Categories, Expected, ImplicitQuantiles, Layers, Quantiles, values_of
from ecotone.ops.descent import Adam
from ecotone.ops.quantiles import implicit_quantile_q_learning, quantile_q_learning
from ecotone.ops.schedules import Constant
from ecotone.ops.value_distributions import categorical_q_learning
from ecotone.runtime.mirror import Mirror
from ecotone.spec import Box, Discrete, Spec
from ecotone.testing import check_model

SPEC = Spec(Box((2,)), Discrete(3))
HEADS = {
    "expected": Expected(),
    "categories": Categories(5, -2.0, 2.0),
    "quantiles": Quantiles(4),
    "implicit": ImplicitQuantiles(4, 6),
}
SEEN = np.linspace(-1.0, 1.0, 4 * 3 * 2, dtype=np.float32).reshape(4, 3, 2)
KEY = jax.random.key(0)


def network_of(name, **options):
    return QNetwork(Encoder((4,)), HEADS[name], **options).init(KEY, SPEC)


@pytest.mark.parametrize("name", HEADS)
def test_every_kind_keeps_the_models_contract(name):
    check_model(QNetwork(Encoder((4,)), HEADS[name], hidden=(4,), dueling=True, noisy=0.5), SPEC)


def test_a_core_behind_the_encoder_keeps_the_models_contract():
    check_model(QNetwork(Encoder((4,)), core=GRU(4), dueling=True), SPEC)


@pytest.mark.parametrize("name", HEADS)
def test_numpy_reads_as_jax_does(name):
    network = network_of(name, hidden=(4,), dueling=True, noisy=0.5)
    output = Mirror(network).load(jax.tree.leaves(network))(SEEN, None, ())[0]
    expected = network(jnp.asarray(SEEN), None, ())[0]
    assert isinstance(values_of(output), np.ndarray)
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(output))
    np.testing.assert_allclose(values_of(output), values_of(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dueling", [False, True])
def test_each_kind_says_what_its_loss_takes(dueling):
    action, one = jnp.zeros((4, 3), int), jnp.ones((4, 3))
    said = network_of("categories", dueling=dueling)(SEEN, None, ())[0]
    assert said.logits.shape == (4, 3, 3, 5)
    np.testing.assert_allclose(said.atoms, [-2, -1, 0, 1, 2])
    np.testing.assert_allclose(said.values, (jax.nn.softmax(said.logits) * said.atoms).sum(-1), rtol=1e-5, atol=1e-6)
    assert categorical_q_learning(said.logits, said.atoms, action, one, one, said.logits).shape == (4, 3)
    said = network_of("quantiles", dueling=dueling)(SEEN, None, ())[0]
    np.testing.assert_allclose(said.levels[1, 2], [0.125, 0.375, 0.625, 0.875])
    np.testing.assert_allclose(said.values, said.quantiles.mean(-1), rtol=1e-6)
    assert quantile_q_learning(said.quantiles, said.levels, action, one, one, said.quantiles).shape == (4, 3)
    network, levels = network_of("implicit", dueling=dueling), jax.random.uniform(KEY, (4, 3, 7))
    said, _ = network.at(levels, SEEN, None, ())
    assert said.quantiles.shape == (4, 3, 3, 7)
    losses = implicit_quantile_q_learning(said.quantiles, said.levels, action, one, one, said.quantiles, said.values)
    assert losses.shape == (4, 3)


def test_implicit_quantiles_are_equation_4():
    network = network_of("implicit")
    head, psi = network.head, np.asarray(network.encoder(SEEN))
    level = 0.3
    cosines = np.cos(np.pi * np.arange(6) * level)
    phi = np.maximum(cosines @ np.asarray(head.embedding.weight) + np.asarray(head.embedding.bias), 0.0)
    last = head.streams.advantage.layers[0]
    expected = (psi * phi) @ np.asarray(last.weight) + np.asarray(last.bias)
    said = network.at(jnp.full((4, 3, 1), level), SEEN, None, ())[0]
    np.testing.assert_allclose(said.quantiles[..., 0], expected, rtol=1e-4, atol=1e-5)


def test_dueling_streams_are_equation_9():
    network = network_of("expected", dueling=True)
    streams, features = network.head.streams, network.encoder(SEEN)
    value, advantage = streams.value(features), streams.advantage(features)
    expected = value + advantage - advantage.mean(-1, keepdims=True)
    np.testing.assert_allclose(network(SEEN, None, ())[0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(expected.mean(-1), value[..., 0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", HEADS)
def test_illegal_choices_are_worth_least(name):
    network, legal = network_of(name), np.asarray([1, 0, 1], np.int8)
    seen = {"observation": SEEN, "action_mask": np.broadcast_to(legal, (4, 3, 3))}
    values, free = values_of(network(seen, None, ())[0]), values_of(network(SEEN, None, ())[0])
    np.testing.assert_allclose(values[..., 1], ILLEGAL)
    np.testing.assert_array_equal(values[..., ::2], free[..., ::2])
    none = {"observation": SEEN, "action_mask": np.zeros((4, 3, 3), np.int8)}
    np.testing.assert_array_equal(values_of(network(none, None, ())[0]), free)
    with pytest.raises(ValueError, match=r"the shape \(4, 3, 2\), but the choices have \(4, 3, 3\)"):
        network({"observation": SEEN, "action_mask": np.ones((4, 3, 2), bool)}, None, ())


def test_a_noisy_layer_is_equations_10_and_11():
    layer = NoisyDense(KEY, 4, 3, 0.5)
    np.testing.assert_allclose(layer.spread.weight, 0.25)
    assert abs(np.asarray(layer.mean.weight)).max() <= 0.5
    weight = layer.mean.weight + 0.25 * layer.noise.weight
    bias = layer.mean.bias + 0.25 * layer.noise.bias
    x = jnp.arange(4.0)
    np.testing.assert_allclose(layer(x), x @ weight + bias, rtol=1e-5)
    np.testing.assert_allclose(without_noise(layer)(x), layer.mean(x), rtol=1e-6)


def test_noise_is_renewed_by_its_key_and_left_alone_by_the_optimiser():
    network = network_of("expected", hidden=(4,), noisy=0.5)
    noises = lambda n: [layer.noise.weight for layer in n.head.streams.advantage.layers]
    for one, other in itertools.combinations(
        [network, renew_noise(network, KEY), renew_noise(network, jax.random.key(1))], 2
    ):
        assert all(not np.allclose(a, b) for a, b in zip(noises(one), noises(other), strict=True))
    assert all(not x.any() for x in noises(without_noise(network)))
    adam, loss = Adam(Constant(0.1)), lambda n: jnp.square(n(SEEN, None, ())[0] - 1.0).sum()
    gradient = jax.grad(loss)(network)
    moved, _ = adam.descend(network, adam.init(network), gradient, 0)
    for a, b in zip(noises(network), noises(moved), strict=True):
        np.testing.assert_array_equal(a, b)
    spread = lambda n: n.head.streams.advantage.layers[0].spread.weight
    assert not np.allclose(spread(network), spread(moved))


def test_noise_is_not_silently_kept_where_it_cannot_be_reached():
    plain = network_of("expected")
    assert all(a is b for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(without_noise(plain)), strict=True))
    network = network_of("expected", noisy=0.5)
    mirror = Mirror(network).load(jax.tree.leaves(network))
    with pytest.raises(TypeError, match="trees of arrays, but there is a QNetworkModule"):
        renew_noise(mirror, KEY)


def test_a_plain_head_is_one_layer():
    layers = Layers(4).init(KEY, 3, 0).advantage.layers
    assert len(layers) == 1
    assert len(jax.tree.leaves(network_of("expected"))) == 4


def test_atoms_must_be_in_order():
    for wrong in (Categories(1), Categories(5, 1.0, 1.0)):
        with pytest.raises(ValueError, match="at least 2 and low < high"):
            QNetwork(head=wrong).init(KEY, SPEC)
