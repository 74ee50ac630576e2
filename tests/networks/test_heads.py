"""Heads fit every action space, never choose what masks rule out, and know earlier parts where they say so."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.feed import Rollout
from ecotone.networks.autoregressive import AutoregressiveHead
from ecotone.networks.encoders import Encoder
from ecotone.networks.heads import BetaHead, NormalHead, SquashedHead
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.ops.distributions import entropy, recorded
from ecotone.ops.noise import Noise
from ecotone.runtime.mirror import Mirror
from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Repeated, Spec, Tuple, over_parts
from ecotone.testing import check_algorithm, check_model, fit, probes
from tests.algorithms.small import small_ppo

UNIT = {"low": -1.0, "high": 1.0}
EVERY = Dict(
    {
        "aim": Box((2, 2), **UNIT),
        "bits": MultiBinary((2, 2)),
        "go": Tuple((Discrete(3), Box((), **UNIT))),
        "keys": MultiDiscrete((2, 3)),
    }
)
SOME = Tuple((MultiDiscrete((2, 3)), Box((1, 2), **UNIT)))
HEADS = {
    "normal": NormalHead(-1.0),
    "squashed": SquashedHead(),
    "beta": BetaHead(),
    "autoregressive": AutoregressiveHead((8,)),
    "autoregressive beta": AutoregressiveHead((), each=BetaHead()),
}
FEATURES = jnp.linspace(-1.0, 1.0, 3 * 4 * 2).reshape(3, 4, 2)


def head_of(name, space):
    return HEADS[name].init(jax.random.key(0), 2, space)


@pytest.mark.parametrize("name", HEADS)
def test_models_with_any_head_keep_their_contract(name):
    check_model(ActorCritic(Encoder((4,)), HEADS[name]), Spec(Box((2,)), SOME))


@pytest.mark.parametrize("name", HEADS)
def test_draws_are_elements_of_the_space_in_numpy_as_in_jax(name):
    head = head_of(name, EVERY)
    mirror, features = Mirror(head).load(jax.tree.leaves(head)), np.asarray(FEATURES)
    policy, other = mirror(features), head(FEATURES)
    for action in (policy.sample(Noise(0)), policy.mode(), other.sample(jax.random.key(1)), other.mode()):

        def check(leaf, part, place):
            assert part.shape == (3, 4, *leaf.shape)
            assert part.dtype == leaf.dtype
            assert (name in ("normal", "autoregressive") and isinstance(leaf, Box)) or (abs(part) <= 2).all()

        over_parts(check, EVERY, action)
        log_prob = policy.log_prob(jax.tree.map(np.asarray, action))
        assert isinstance(log_prob, np.ndarray)
        assert log_prob.shape == (3, 4)
        np.testing.assert_allclose(log_prob, other.log_prob(action), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(recorded(other, action).log_prob(action), log_prob, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        entropy(policy, jax.tree.map(np.asarray, action)), entropy(other, action), rtol=1e-4, atol=1e-4
    )


def legal_of(library, bits):
    lead = lambda mask: library.broadcast_to(library.asarray(mask, bits), (3, 4, *np.shape(mask)))
    return {"go": {"0": lead([0, 0, 1])}, "keys": lead([0, 1, 1, 1, 0]), "bits": lead([[0, 1], [1, 0]])}


@pytest.mark.parametrize("name", ["normal", "autoregressive"])
@pytest.mark.parametrize(("library", "bits"), [(jnp, bool), (np, "int8")])
def test_what_masks_rule_out_is_never_chosen(name, library, bits):
    head = head_of(name, EVERY)
    head = head if library is jnp else Mirror(head).load(jax.tree.leaves(head))
    policy = head(library.asarray(FEATURES), legal_of(library, bits))
    key = Noise(0) if library is np else jax.random.key(0)
    for action in (policy.sample(key), policy.mode()):
        assert (action["go"][0] == 2).all()
        assert (action["keys"][..., 0] == 1).all()
        assert (action["keys"][..., 1] < 2).all()
        assert not action["bits"][..., 0, 0].any()
        assert not action["bits"][..., 1, 1].any()
        assert np.isfinite(policy.log_prob(action)).all()
        assert (policy.log_prob(action | {"go": (action["go"][0] * 0, action["go"][1])}) < -1e20).all()


@pytest.mark.parametrize("core", [None, GRU(4)])
@pytest.mark.parametrize("name", ["normal", "autoregressive"])
def test_actor_critics_take_the_mask_out_of_the_observation(name, core):
    model = ActorCritic(Encoder((4,)), HEADS[name], core=core)
    spec = Spec(Dict({"observation": Box((2,)), "action_mask": MultiBinary((3,))}), Discrete(3))
    network, mask = model.init(jax.random.key(0), spec), jnp.broadcast_to(jnp.asarray([0, 1, 1], "int8"), (3, 4, 3))
    rows = ({"observation": FEATURES, "action_mask": mask}, jnp.zeros((3, 4), bool), model.initial_memory(4))
    for policy in (network(*rows)[0].policy, network.policy(*rows)[0]):
        action = policy.sample(jax.random.key(1))
        assert set(np.unique(action)) == {1, 2}
        assert (policy.log_prob(jnp.zeros_like(action)) < -1e20).all()
    free = model.init(jax.random.key(0), Spec(Box((2,)), Discrete(3)))(FEATURES, *rows[1:])[0]
    np.testing.assert_allclose(network(*rows)[0].value, free.value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["normal", "autoregressive"])
def test_masks_that_do_not_fit_are_refused(name):
    wrong = jnp.ones((3, 4, 4), bool)
    with pytest.raises(ValueError, match=r"the shape \(3, 4, 4\), but the choices have \(3, 4, 5\)"):
        head_of(name, Discrete(5))(FEATURES, wrong).mode()
    with pytest.raises(ValueError, match=r"the shape \(3, 4, 4\), but the choices have \(3, 4, 5\)"):
        head_of(name, EVERY)(FEATURES, {"keys": wrong}).mode()
    with pytest.raises(ValueError, match="numbers cannot be masked"):
        head_of(name, EVERY)(FEATURES, {"aim": wrong}).mode()
    with pytest.raises(ValueError, match=r"some of the parts .*'bits', 'go'.*\['fly'\]"):
        head_of(name, EVERY)(FEATURES, {"fly": wrong})


def test_spaces_that_a_head_cannot_serve_are_refused():
    for head in (BetaHead(), SquashedHead()):
        with pytest.raises(ValueError, match="must have finite bounds"):
            head.init(jax.random.key(0), 2, Tuple((Discrete(2), Box((2,)))))
    for head in (NormalHead(), AutoregressiveHead()):
        with pytest.raises(ValueError, match="varying length"):
            head.init(jax.random.key(0), 2, Dict({"a": Repeated(Discrete(2), 3)}))


def test_a_single_part_stays_nested():
    for name in ("normal", "autoregressive"):
        assert list(head_of(name, Dict({"only": Discrete(2)}))(FEATURES).mode()) == ["only"]


def test_log_std_begins_where_it_was_put():
    policy = head_of("normal", Box((2,), **UNIT))(FEATURES)
    np.testing.assert_allclose(policy.log_std, -1.0)


def test_an_autoregressive_policy_is_a_distribution_whose_later_part_knows_the_earlier():
    head = head_of("autoregressive", MultiDiscrete((2, 3)))
    head = eqx.tree_at(lambda h: h.heads[1].dense.weight, head, 100.0 * head.heads[1].dense.weight)
    policy, table = head(FEATURES), {}
    for pair in itertools.product(range(2), range(3)):
        table[pair] = np.exp(policy.log_prob(jnp.broadcast_to(jnp.asarray(pair), (3, 4, 2))))
    np.testing.assert_allclose(sum(table.values()), 1.0, rtol=1e-5)
    first = [sum(table[i, j] for j in range(3)) for i in range(2)]
    assert np.abs(table[0, 0] / first[0] - table[1, 0] / first[1]).max() > 0.01


def test_ppo_keeps_its_contract_with_an_autoregressive_policy():
    model = ActorCritic(Encoder((8,)), AutoregressiveHead((8,)))
    ppo = dataclasses.replace(small_ppo(model=model), epochs=1, minibatches=1, feed=Rollout(6))
    check_algorithm(ppo, Spec(Box((2,)), MultiDiscrete((2, 3))), updates=8)


def agreement(head):
    """Expected return of PPO's policy after training on `Agreement` of four tries, computed from its probabilities."""
    ppo = dataclasses.replace(small_ppo(model=ActorCritic(Encoder((8,)), head)), trace=1.0)
    network = fit(ppo, probes.Agreement(), lanes=8, fragments=40).state.network
    policy = network(jnp.zeros((1, 1)), None, ())[0].policy
    zero, one = (float(jnp.exp(policy.log_prob(jnp.full((1, 2), i)))[0]) for i in (0, 1))
    tried = lambda right, wrong: sum(right * wrong**n for n in range(4))
    return 0.5 * (tried(zero, one) + tried(one, zero))


def test_only_parts_that_know_each_other_can_agree():
    assert agreement(NormalHead()) <= 0.5
    assert agreement(AutoregressiveHead((8,))) > 0.8
