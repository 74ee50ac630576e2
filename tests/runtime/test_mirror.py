"""Mirrors say what their networks say."""

import jax
import numpy as np
import pytest

from ecotone.algorithms.dqn import DQNPolicy
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, QNetwork, SquashedActor
from ecotone.runtime.mirror import Mirror
from ecotone.spec import Box, Discrete, MultiDiscrete, Spec

SPECS = {
    "actor critic": (ActorCritic(Encoder((8, 8))), Spec(Box((3,)), Discrete(4))),
    "several choices": (ActorCritic(Encoder((8,))), Spec(Box((3,)), MultiDiscrete((2, 3)))),
    "shared encoder": (ActorCritic(Encoder((8,)), shared=True), Spec(Box((3,)), Box((2,), low=-1.0, high=1.0))),
    "squashed": (SquashedActor(Encoder((8,), "relu")), Spec(Box((3,)), Box((2,), low=-1.0, high=1.0))),
}


@pytest.mark.parametrize("name", SPECS)
def test_mirror_equals_network(name):
    model, spec = SPECS[name]
    first, second = (model.init(jax.random.key(seed), spec) for seed in (0, 1))
    observation = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    mirror = Mirror(first)
    for network in (first, second, first):
        mine = mirror.load(jax.tree.leaves(network))(observation, None, ())[0]
        theirs = network(observation, None, ())[0]
        for a, b in zip(jax.tree.leaves(mine), jax.tree.leaves(theirs), strict=True):
            assert isinstance(a, np.ndarray)
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_mirror_keeps_tuples_and_copies_arrays():
    network = QNetwork(Encoder((4,))).init(jax.random.key(0), Spec(Box((3,)), Discrete(2)))
    weights = np.ones(3, np.float32)
    mirrored = Mirror(DQNPolicy(network, weights)).load([*jax.tree.leaves(network), weights])
    weights[:] = 7.0
    assert isinstance(mirrored, DQNPolicy)
    np.testing.assert_array_equal(mirrored.epsilon, np.ones(3))


def test_what_has_no_mirror_is_an_error():
    with pytest.raises(TypeError, match="cannot be mirrored"):
        Mirror([np.ones(3)])
