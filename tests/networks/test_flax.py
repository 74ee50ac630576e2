"""Flax modules are encoders like any other, and are refused where they would not be pure."""

import dataclasses
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import MissingExtra
from ecotone.networks.flax import NNX, Linen
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.spec import Box, Dict, Discrete, Spec
from ecotone.testing import check_algorithm, check_model
from tests.algorithms.small import small_ppo

linen = pytest.importorskip("flax.linen")
nnx = pytest.importorskip("flax.nnx")
SPEC = Spec(Box((3,)), Discrete(2))


class Plain(linen.Module):
    """A dense layer, and what makes it impure where asked."""

    extra: str = ""

    @linen.compact
    def __call__(self, rows):
        x = linen.tanh(linen.Dense(8)(rows))
        if self.extra == "statistics":
            x = linen.BatchNorm(use_running_average=True)(x)
        return linen.Dropout(0.5, deterministic=False)(x) if self.extra == "dropout" else x


class Both(nnx.Module):
    """A dense layer with NNX, and what makes it impure where asked."""

    def __init__(self, shape, rngs, extra=None):
        self.dense = nnx.Linear(shape[0], 8, rngs=rngs)
        self.extra = extra and extra(rngs)

    def __call__(self, rows):
        return nnx.tanh(self.dense(rows))


RECIPES = {"linen": Linen(Plain(), 8), "nnx": NNX(Both, 8)}


@pytest.mark.parametrize("name", RECIPES)
def test_flax_encoders_keep_the_models_contract(name):
    check_model(QNetwork(RECIPES[name]), SPEC)


@pytest.mark.parametrize("name", RECIPES)
def test_ppo_learns_with_a_flax_encoder(name):
    ppo = dataclasses.replace(small_ppo(model=ActorCritic(RECIPES[name], shared=True)), epochs=1, minibatches=1)
    check_algorithm(ppo, SPEC, updates=8)


def test_the_module_sees_rows_as_it_was_told():
    encoder = Linen(Plain(), 8).init(jax.random.key(0), Box((3,), "uint8", 0, 255))
    seen = np.asarray([[[0, 51, 255]]], np.uint8)
    expected = Plain().apply({"params": encoder.weights}, jnp.asarray([[0.0, 0.2, 1.0]]))
    np.testing.assert_allclose(encoder(seen), expected[None], rtol=1e-5)


class Sum(nnx.Module):
    """A dense layer over the parts of a dict, beside each other."""

    def __init__(self, shape, rngs):
        assert shape == {"a": (2, 2), "b": (4,)}
        self.dense = nnx.Linear(8, 8, rngs=rngs)

    def __call__(self, rows):
        return self.dense(jnp.concatenate([rows["a"].reshape(-1, 4), rows["b"]], -1))


def test_nested_observations_stay_nested():
    encoder = NNX(Sum, 8).init(jax.random.key(0), Dict({"a": Box((2, 2)), "b": Discrete(4)}))
    features = encoder({"a": np.ones((5, 3, 2, 2)), "b": np.full((5, 3), 2)})
    assert features.shape == (5, 3, 8)
    dense = encoder.read({"a": jnp.ones((1, 2, 2)), "b": jnp.eye(4)[2:3]})
    np.testing.assert_allclose(features[1, 2], dense[0], rtol=1e-5)


def test_modules_that_are_not_pure_are_refused():
    key = jax.random.key(0)
    with pytest.raises(ValueError, match=r"keeps batch_stats beside its parameters.*layer norm"):
        Linen(Plain("statistics"), 8).init(key, SPEC.observation)
    with pytest.raises(ValueError, match="draws random numbers whenever it is read"):
        Linen(Plain("dropout"), 8).init(key, SPEC.observation)
    statistics = lambda shape, rngs: Both(shape, rngs, lambda rngs: nnx.BatchNorm(8, rngs=rngs))
    with pytest.raises(ValueError, match="keeps BatchStat beside its parameters"):
        NNX(statistics, 8).init(key, SPEC.observation)
    dropout = lambda shape, rngs: Both(shape, rngs, lambda rngs: nnx.Dropout(0.5, rngs=rngs))
    with pytest.raises(ValueError, match="keeps RngCount, RngKey beside its parameters"):
        NNX(dropout, 8).init(key, SPEC.observation)


@pytest.mark.parametrize("recipe", [Linen(Plain(), 4), NNX(Both, 4)], ids=["linen", "nnx"])
def test_another_width_is_refused(recipe):
    with pytest.raises(ValueError, match=r"one row to the shape \(1, 4\), but it returns \(1, 8\)"):
        recipe.init(jax.random.key(0), SPEC.observation)


def test_without_flax_the_extra_is_named(monkeypatch):
    for name in [each for each in sys.modules if each.split(".")[0] == "flax"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "flax", None)
    with pytest.raises(MissingExtra, match=r"ecotone\[flax\]"):
        NNX(Both, 8).init(jax.random.key(0), SPEC.observation)
