"""Encoders of some parts: an actor that does not see what its critic sees."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.parts import Only, Without
from ecotone.networks.recurrent import GRU
from ecotone.spec import Box, Dict, Discrete, Spec
from ecotone.testing.samples import observations

SPEC = Spec(Dict({"observation": Box((3,)), "agent": Box((2,)), "state": Box((4,))}), Discrete(2))
KEY = jax.random.key(0)


@pytest.mark.parametrize("core", [None, GRU(4)])
@pytest.mark.parametrize("critic", [Encoder((8,)), Only(("state", "agent"), Encoder((8,)))])
def test_the_critic_alone_reads_the_state(core, critic):
    model = ActorCritic(Without(encoder=Encoder((8,))), core=core, value_encoder=critic)
    network, seen = model.init(KEY, SPEC), observations(SPEC.observation, KEY, (2, 3))
    memory, first = model.initial_memory(3), jnp.ones((2, 3), bool)
    (policy, value), _ = network(seen, first, memory)
    (other, moved), _ = network(seen | {"state": seen["state"] + 1.0}, first, memory)
    np.testing.assert_array_equal(policy.logits, other.logits)
    assert not np.isclose(value, moved).any()
    own = network(seen | {"observation": seen["observation"] + 1.0}, first, memory)[0].value
    assert np.isclose(value, own).all() == isinstance(critic, Only)


def test_a_policy_without_memory_acts_without_the_state():
    network = ActorCritic(Without(), value_encoder=Encoder()).init(KEY, SPEC)
    seen = observations(SPEC.observation, KEY, (3,))
    del seen["state"]
    assert network.policy(seen, None, ())[0].logits.shape == (3, 2)


def test_parts_that_are_not_there_are_mistakes():
    alone = Spec(Box((3,)), Discrete(2))
    with pytest.raises(Mistake, match="in a group with `central` set"):
        ActorCritic(Without(), value_encoder=Encoder()).init(KEY, alone)
    with pytest.raises(Mistake, match="'stat', but the observation has only agent, observation, state"):
        ActorCritic(Only(("stat",))).init(KEY, SPEC)
    with pytest.raises(Mistake, match="leave `value_encoder` out"):
        ActorCritic(shared=True, value_encoder=Encoder()).init(KEY, SPEC)
