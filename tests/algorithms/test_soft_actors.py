"""SAC's relatives: TQC and discrete SAC learn their probes, and what SAC's options do."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms import DiscreteSAC
from ecotone.algorithms.soft_actor import SACNetworks
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import QNetwork, SquashedActor
from ecotone.networks.recurrent import GRU
from ecotone.ops.action_noise import OrnsteinUhlenbeck
from ecotone.spec import Box, Discrete, MultiDiscrete, Spec
from ecotone.testing import fit, probes
from ecotone.testing.samples import rows_for
from tests.algorithms.small import small_discrete_sac, small_sac, small_tqc

SIGNS = jnp.asarray([[-1.0], [1.0]])
VECTOR = Spec(Box((3,)), Box((2,), low=-2.0, high=2.0))
CHOICE = Spec(Box((3,)), Discrete(3))


def test_tqc_hits_what_it_reads():
    networks = fit(small_tqc(), probes.ReadableTarget(), lanes=4, fragments=1_000).state.networks
    np.testing.assert_allclose(networks.actor(SIGNS, None, ())[0].mode(), [[-0.5], [0.5]], atol=0.12)
    quantiles = networks.critics(SIGNS, jnp.asarray([[-0.5], [0.5]]))
    assert quantiles.shape == (2, 2, 5)
    np.testing.assert_allclose(quantiles.mean((0, 2)), 0.0, atol=0.4)


def test_discrete_sac_values_and_chooses():
    networks = fit(small_discrete_sac(), probes.ReadableChoice(), lanes=4, fragments=300).state.networks
    np.testing.assert_allclose(networks.critics(SIGNS).mean(0), [[1.0, -1.0], [-1.0, 1.0]], atol=0.15)
    policy = networks.actor(SIGNS, None, ())[0]
    assert policy.mode().tolist() == [0, 1]
    np.testing.assert_allclose(policy.entropy().mean(), 0.3 * np.log(2), atol=0.1)


def slow_discrete_loss(algorithm, state, rows, weights):
    """Critics' and actor's loss, and priorities, window after window."""
    networks, temperature = state.networks, float(jnp.exp(state.networks.log_temperature))
    critic, actor, priority = 0.0, 0.0, []

    def soft(observation, values):
        p = np.asarray(jax.nn.softmax(networks.actor(observation, None, ())[0].logits))
        return (p * (np.asarray(values).min(0) - temperature * np.log(p))).sum()

    for i, weight in enumerate(weights):
        seen, ahead = rows.observation[:, i]
        goal = rows.reward[0, i] + algorithm.gamma * rows.discount[0, i] * soft(ahead, state.target(ahead))
        said, acted = np.asarray(networks.critics(seen)), float(rows.acted[0, i])
        error = acted * (said[:, rows.action[0, i]] - float(goal))
        critic += weight * 0.5 * (error**2).sum() / len(weights)
        actor -= weight * acted * soft(seen, said) / len(weights)
        priority.append(abs(error).mean())
    return critic, actor, priority


def test_discrete_losses_are_those_of_a_slow_loop():
    algorithm = small_discrete_sac()
    state = algorithm.init(jax.random.key(0), CHOICE)
    state = state._replace(target=algorithm.init(jax.random.key(1), CHOICE).networks.critics)
    rows = rows_for(algorithm, state, CHOICE, jax.random.key(2))
    assert not rows.acted[0].all()
    weights = np.linspace(0.0, 1.0, rows.acted.shape[1], dtype=np.float32)
    _, report = jax.jit(algorithm.update)(
        state, rows._replace(extras={"importance": jnp.asarray(weights)}), jax.random.key(3)
    )
    critic, actor, priority = slow_discrete_loss(algorithm, state, rows, weights)
    np.testing.assert_allclose(report.metrics["critic_loss"], critic, rtol=1e-3)
    np.testing.assert_allclose(report.metrics["actor_loss"], actor, rtol=1e-3)
    np.testing.assert_allclose(report.priorities, priority, rtol=1e-3, atol=1e-4)


def test_multiples_of_the_step_size_and_importance_are_heeded():
    """Actor and temperature rest at 0; windows of no importance move nothing at all."""
    algorithm = dataclasses.replace(small_sac(n=2), actor_rate=0.0, temperature_rate=0.0)
    state = algorithm.init(jax.random.key(0), VECTOR)
    rows = rows_for(algorithm, state, VECTOR, jax.random.key(2))
    update = jax.jit(algorithm.update)
    weighted = lambda value: rows._replace(extras={"importance": jnp.full(rows.acted.shape[1], value)})
    after, report = update(state, weighted(1.0), jax.random.key(3))
    moves = lambda a, b: any((x != y).any() for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))
    assert SACNetworks(*map(moves, after.networks, state.networks)) == (False, True, False)
    assert (report.priorities[rows.acted[0]] > 0).all()
    assert not report.priorities[~rows.acted[0]].any()
    assert not moves(update(state, weighted(0.0), jax.random.key(3))[0].networks, state.networks)


def test_noise_is_added_to_draws():
    algorithm = dataclasses.replace(small_sac(), noise=OrnsteinUhlenbeck(deviation=5.0, entries=2))
    params = algorithm.policy(algorithm.init(jax.random.key(0), VECTOR)._replace(steps=jnp.asarray(10_000)))
    seen, first = jnp.zeros((50, 3)), jnp.ones(50, bool)
    action, _, memory = algorithm.act(params, seen, first, algorithm.initial_memory(50), jax.random.key(1), True)
    assert (jnp.abs(action) == 1.0).mean() > 0.5
    assert memory.shape == (50, 2)
    greedy, _, same = algorithm.act(params, seen, first, memory, jax.random.key(1), False)
    assert jnp.abs(greedy).max() < 1.0
    assert same is memory


@pytest.mark.parametrize(
    ("changes", "spec", "told"),
    [
        ({"actor": QNetwork(Encoder((8,)))}, CHOICE, "a policy over choices of its actor, not an array"),
        ({"actor": QNetwork(Encoder((8,)), core=GRU(4))}, CHOICE, "DiscreteSAC's critics read single rows"),
        ({"actor": SquashedActor(Encoder((8,)))}, CHOICE, "for choices use DiscreteSAC, DQN or PPO"),
        ({}, VECTOR, "for numbers use SAC, TD3 or PPO"),
        ({}, Spec(Box((3,)), MultiDiscrete((2, 2))), "use PPO"),
    ],
)
def test_what_cannot_be_served_is_an_error(changes, spec, told):
    kind = Mistake if "its actor" in told or "single rows" in told else ValueError
    with pytest.raises(kind, match=told):
        dataclasses.replace(small_discrete_sac(), **changes).init(jax.random.key(0), spec)


def test_legal_choices_are_all_that_entropy_is_asked_of():
    """With one legal choice there is no entropy to have, so that the temperature is not driven up by it."""
    spec = probes.Legal(3).spec
    algorithm: DiscreteSAC = small_discrete_sac()
    state = algorithm.init(jax.random.key(0), spec)
    rows = rows_for(algorithm, state, spec, jax.random.key(1))
    update = jax.jit(algorithm.update)

    def temperature(mask):
        masks = jnp.broadcast_to(jnp.asarray(mask), rows.observation["action_mask"].shape)
        told = rows._replace(observation=rows.observation | {"action_mask": masks})
        after, report = update(state, told, jax.random.key(2))
        return float(after.networks.log_temperature - state.networks.log_temperature), float(report.metrics["entropy"])

    alone, all_ = temperature([0, 1, 0]), temperature([1, 1, 1])
    assert alone[1] == pytest.approx(0.0, abs=1e-6)
    assert all_[1] == pytest.approx(np.log(3), abs=0.05)
    assert alone[0] == pytest.approx(0.0, abs=1e-6)
    assert all_[0] < -1e-3
