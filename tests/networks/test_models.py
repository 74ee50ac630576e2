"""Models keep their contract, read NumPy as they read JAX, and the check notices models that do not."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, ChoiceActor, DeterministicActor, QNetwork, SquashedActor
from ecotone.networks.reading import read_row
from ecotone.ops.features import spread
from ecotone.spec import Box, Discrete, MultiDiscrete, Spec
from ecotone.testing import check_model
from ecotone.testing.samples import observations

SMALL = Encoder((8, 8))
VECTOR = Box((2,), low=-1.0, high=1.0)
CHOICE = Discrete(4)
IMAGE = Box((36, 36, 2), "uint8", 0, 255)
CASES = {
    "policy over choices": (ActorCritic(SMALL), Spec(Box((3,)), Discrete(4))),
    "policy over vectors": (ActorCritic(SMALL), Spec(Box((3, 2)), VECTOR)),
    "policy over several choices": (ActorCritic(SMALL, shared=True), Spec(Discrete(5), MultiDiscrete((2, 3)))),
    "squashed policy": (SquashedActor(SMALL), Spec(MultiDiscrete((2, 3)), VECTOR)),
    "choosing actor": (ChoiceActor(SMALL), Spec(Box((3,)), CHOICE)),
    "deterministic actor": (DeterministicActor(SMALL), Spec(Box((3,)), VECTOR)),
    "values of choices": (QNetwork(SMALL), Spec(Box((3,), "uint8", 0, 255), Discrete(4))),
    "policy from bytes, without hidden layers": (ActorCritic(Encoder(())), Spec(Box((3,), "uint8", 0, 255), VECTOR)),
    "scaled observations": (
        QNetwork(Encoder((8, 8), scaled=True)),
        Spec(Box((2,), low=(-1.2, -0.07), high=(0.6, 0.07)), CHOICE),
    ),
    "values from images": (QNetwork(SMALL), Spec(IMAGE, Discrete(3))),
    "policy from images": (ActorCritic(SMALL), Spec(IMAGE, Discrete(3))),
}


@pytest.mark.parametrize("case", CASES)
def test_models_keep_their_contract(case):
    check_model(*CASES[case])


@pytest.mark.parametrize("case", [name for name, (_, spec) in CASES.items() if spec.observation != IMAGE])
def test_numpy_and_jax_read_alike(case):
    model, spec = CASES[case]
    network = model.init(jax.random.key(0), spec)
    seen = observations(spec.observation, jax.random.key(1), (5,))
    is_first, memory = jnp.zeros(5, bool), model.initial_memory(5)
    expected, _ = read_row(network, seen, is_first, memory)
    weights, rows = jax.tree.map(np.asarray, (network, (seen, is_first, memory)))
    output, _ = read_row(weights, *rows)
    for ours, theirs in zip(jax.tree.leaves(output), jax.tree.leaves(expected), strict=True):
        assert isinstance(ours, np.ndarray)
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
        assert ours.dtype == theirs.dtype


def test_finite_bounds_are_mapped_to_one():
    space = Box((3,), low=(-1.2, -0.07, -math.inf), high=(0.6, 0.07, 5.0))
    centre, factor = spread(space)
    corners = np.array([[-1.2, -0.07, -3.0], [0.6, 0.07, 5.0]])
    np.testing.assert_allclose((corners - centre) * factor, [[-1, -1, -3], [1, 1, 5]], rtol=1e-5)
    model, spec = QNetwork(Encoder((8,), scaled=True)), Spec(space, CHOICE)
    network = model.init(jax.random.key(0), spec)
    plain = QNetwork(Encoder((8,))).init(jax.random.key(0), spec)
    seen = jnp.asarray([[-0.3, 0.035, 2.0]])
    same_weights = eqx.tree_at(lambda n: (n.encoder.mlp, n.head), plain, (network.encoder.mlp, network.head))
    expected = same_weights(jnp.asarray([[0.0, 0.5, 2.0]]), None, ())[0]
    np.testing.assert_allclose(network(seen, None, ())[0], expected, atol=1e-6)


class Sum(eqx.Module):
    """Adds what it sees to what it remembers, rightly or with a fault."""

    scale: Any
    fault: str = eqx.field(static=True)

    def __call__(self, observation, is_first, memory):
        def step(memory, row):
            seen, first = row
            kept = memory if self.fault == "never forgets" else jnp.where(first, 0.0, memory)
            kept = jnp.where(first.any(), 0.0, memory) if self.fault == "forgets all lanes" else kept
            total = kept + self.scale * seen.sum(-1)
            return total, total

        after, output = jax.lax.scan(step, memory, (observation, is_first))
        if self.fault == "drops its memory":
            after = memory
        if self.fault == "looks ahead":
            output = output[::-1]
        return (output[0] if self.fault == "one row" else output), after


class SumModel:
    """A recipe for `Sum`."""

    def __init__(self, fault=""):
        self.fault = fault

    def init(self, key, spec):
        return Sum(2.0 if self.fault == "a number" else jnp.asarray(2.0), self.fault)

    def initial_memory(self, lanes):
        return jnp.zeros(lanes)


def test_a_model_with_memory_passes():
    check_model(SumModel(), Spec(Box((3,)), Discrete(2)))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("never forgets", "behind an is_first"),
        ("forgets all lanes", "lanes beside one|behind an is_first|read at once"),
        ("drops its memory", "cut after"),
        ("looks ahead", "cut after"),
        ("one row", "does not begin with"),
        ("a number", "not an array"),
    ],
)
def test_faults_of_models_are_told(fault, told):
    with pytest.raises(AssertionError, match=told):
        check_model(SumModel(fault), Spec(Box((3,)), Discrete(2)))
