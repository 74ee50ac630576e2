"""Algorithms learn the probes they claim: values and choices, not only returns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.spec import Box
from ecotone.testing import fit, probes
from tests.algorithms.small import recurrent_dqn, small_dqn, small_ppo, small_sac

NOTHING = jnp.zeros((1, 1))
SIGNS = jnp.asarray([[-1.0], [1.0]])
UNIT = Box((1,), low=-1.0, high=1.0)


def ppo(environment, seen, fragments=40, **options):
    """PPO's values and modes of observations after training, and the rewards on the way."""
    fitted = fit(small_ppo(**options), environment, lanes=8, fragments=fragments)
    (policy, value), _ = fitted.state.network(seen, None, ())
    return np.asarray(value), np.asarray(policy.mode()), np.asarray(fitted.reward)


def dqn(environment, seen, fragments=300, **options):
    """DQN's values of each choice after training."""
    fitted = fit(small_dqn(**options), environment, lanes=4, fragments=fragments)
    return np.asarray(fitted.state.network(seen, None, ())[0])


def sac(environment, seen, fragments=300, **options):
    """SAC's least values of its own modes after training, the modes, and its temperature."""
    fitted = fit(small_sac(**options), environment, lanes=4, fragments=fragments)
    networks = fitted.state.networks
    mode = networks.actor(seen, None, ())[0].mode()
    return np.asarray(networks.critics(seen, mode).min(0)), np.asarray(mode), float(jnp.exp(networks.log_temperature))


def test_ppo_values_one_and_two_observations():
    np.testing.assert_allclose(ppo(probes.ConstantReward(), NOTHING)[0], 1.0, atol=0.05)
    np.testing.assert_allclose(ppo(probes.ReadableReward(), SIGNS)[0], [-1.0, 1.0], atol=0.05)


def test_ppo_discounts():
    value = ppo(probes.DelayedReward(delay=3), jnp.arange(3))[0]
    np.testing.assert_allclose(value, [0.25, 0.5, 1.0], atol=0.05)


def test_ppo_bootstraps_at_truncation():
    np.testing.assert_allclose(ppo(probes.Endless(), NOTHING)[0], 2.0, atol=0.1)


def test_ppo_chooses():
    value, mode, reward = ppo(probes.Choice(), NOTHING)
    assert mode.tolist() == [1]
    assert reward[-5:].mean() > 0.9
    assert value[0] > 0.9
    value, mode, reward = ppo(probes.ReadableChoice(), SIGNS)
    assert mode.tolist() == [0, 1]
    assert reward[-5:].mean() > 0.9
    assert (value > 0.8).all()


def test_ppo_makes_several_choices_at_once():
    _, mode, reward = ppo(probes.Combination(), NOTHING)
    assert mode.tolist() == [[1, 0, 2]]
    assert reward[-5:].mean() > 2.5


def test_ppo_hits_targets_in_the_environments_units():
    np.testing.assert_allclose(ppo(probes.Target(), NOTHING)[1], [[0.5, -0.25]], atol=0.15)
    np.testing.assert_allclose(ppo(probes.ReadableTarget(), SIGNS)[1], [[-0.5], [0.5]], atol=0.15)


def test_ppo_without_memory_cannot_recall():
    reward = ppo(probes.Recall(delay=1), jnp.zeros((1, 2)))[2]
    assert abs(reward[-20:].mean()) < 0.2


def test_dqn_values_one_and_two_observations():
    np.testing.assert_allclose(dqn(probes.ConstantReward(), NOTHING), 1.0, atol=0.05)
    np.testing.assert_allclose(dqn(probes.ReadableReward(), SIGNS), [[-1.0] * 2, [1.0] * 2], atol=0.05)


@pytest.mark.parametrize("n", [1, 2])
def test_dqn_discounts(n):
    values = dqn(probes.DelayedReward(delay=3), jnp.arange(3), n=n)
    np.testing.assert_allclose(values.mean(-1), [0.25, 0.5, 1.0], atol=0.07)


def test_dqn_bootstraps_at_truncation():
    np.testing.assert_allclose(dqn(probes.Endless(), NOTHING, fragments=400), 2.0, atol=0.1)


def test_dqn_values_its_choices():
    np.testing.assert_allclose(dqn(probes.Choice(), NOTHING), [[-1.0, 1.0]], atol=0.05)
    expected = [[1.0, -1.0], [-1.0, 1.0]]
    np.testing.assert_allclose(dqn(probes.ReadableChoice(), SIGNS), expected, atol=0.1)


def test_dqn_recalls_with_a_memory_alone():
    """One decision in three is rewarded, one in five is random: 0.8 / 3 at most."""
    recalled = fit(recurrent_dqn(), probes.Recall(), lanes=4, fragments=600).reward
    assert np.asarray(recalled)[-100:].mean() > 0.2
    guessed = fit(recurrent_dqn(core=None, burn_in=0), probes.Recall(), lanes=4, fragments=600).reward
    assert abs(np.asarray(guessed)[-100:].mean()) < 0.08


def test_sac_values_one_and_two_observations():
    np.testing.assert_allclose(sac(probes.ConstantReward(UNIT), NOTHING)[0], 1.0, atol=0.1)
    np.testing.assert_allclose(sac(probes.ReadableReward(UNIT), SIGNS)[0], [-1.0, 1.0], atol=0.15)


def test_sac_hits_targets_in_the_environments_units():
    value, mode, temperature = sac(probes.Target(), NOTHING, fragments=600)
    np.testing.assert_allclose(mode, [[0.5, -0.25]], atol=0.1)
    np.testing.assert_allclose(value, 0.0, atol=0.4)
    assert temperature < 0.2
    np.testing.assert_allclose(sac(probes.ReadableTarget(), SIGNS, fragments=1_200)[1], [[-0.5], [0.5]], atol=0.1)


def test_the_same_seed_gives_the_same_weights():
    one, same, other = (fit(small_ppo(), probes.Choice(), 4, 2, seed).state.network for seed in (0, 0, 1))
    weights = lambda network: np.concatenate([np.ravel(x) for x in jax.tree.leaves(network)])
    np.testing.assert_array_equal(weights(one), weights(same))
    assert not np.allclose(weights(one), weights(other))
