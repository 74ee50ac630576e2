"""Encoders of some parts: an actor that does not see what its critic sees."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms import A2C, IMPALA, SAC, TD3
from ecotone.mistakes import Mistake
from ecotone.networks.critics import Critics
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic, DeterministicActor, SquashedActor
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


def test_critics_of_other_algorithms_read_the_state_too():
    """A gradient step of each, shapes alone: whose actors are kept from the state, and whose critics are not."""
    actor, spec = Without(encoder=Encoder((8,))), replace(SPEC, action=Box((2,), low=-1.0, high=1.0))
    for algorithm in (
        A2C(ActorCritic(actor, value_encoder=Encoder((8,)))),
        IMPALA(ActorCritic(actor, value_encoder=Encoder((8,)))),
        SAC(SquashedActor(actor), Critics((8,))),
        TD3(DeterministicActor(actor), Critics((8,))),
    ):
        state = jax.eval_shape(lambda algorithm=algorithm: algorithm.init(KEY, spec))
        networks = state.networks if hasattr(state, "networks") else state.network
        width = lambda network: network.mlp.layers[0].weight.shape[0]
        reader = jax.tree.leaves(networks.critics.body)[0].shape[-2] - 2 if hasattr(networks, "critics") else None
        assert (reader or width(networks.value_encoder)) == 9
        assert width((networks.actor if reader else networks).encoder.encoder) == 5
