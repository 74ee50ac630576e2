"""Noise around actions: what it remembers, what it forgets, and where it begins."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.ops.action_noise import Gaussian, OrnsteinUhlenbeck, around
from ecotone.ops.noise import Noise

LANES = 2_000
NOT_FIRST = np.zeros(LANES, bool)


def walk(noisy, rows, is_first=NOT_FIRST):
    """Noise of `rows` rows around 0, `[rows, lanes, 2]`."""
    key, memory, seen = Noise(0), noisy.initial_memory(LANES), []
    for _ in range(rows):
        action, memory = noisy(key, np.zeros((LANES, 2), np.float32), is_first, memory)
        seen.append(action)
    return np.array(seen)


def test_gaussian_noise_forgets():
    seen = walk(Gaussian(0.3), 2)
    assert seen.std() == pytest.approx(0.3, rel=0.05)
    assert abs((seen[0] * seen[1]).mean()) < 0.01


def test_drifting_noise_remembers_until_an_episode_begins():
    drift = OrnsteinUhlenbeck(deviation=0.3, damping=0.2, entries=3)
    seen = walk(drift, 40)
    assert seen.dtype == np.float32
    assert seen[-1].std() == pytest.approx(0.3 / np.sqrt(1 - 0.8**2), rel=0.05)
    alike = (seen[-2] * seen[-1]).mean() / np.square(seen[-2]).mean()
    assert alike == pytest.approx(0.8, abs=0.05)
    assert abs((seen[-1, :, 0] * seen[-1, :, 1]).mean()) < 0.05
    fresh = walk(drift, 40, ~NOT_FIRST)
    assert fresh[-1].std() == pytest.approx(0.3, rel=0.05)


def test_too_many_entries_are_a_mistake():
    drift = OrnsteinUhlenbeck(entries=3)
    with pytest.raises(Mistake, match="up to 3 action entries, not 4: set its `entries`"):
        drift(jax.random.key(0), jnp.zeros((1, 4)), jnp.zeros(1, bool), drift.initial_memory(1))


@pytest.mark.parametrize("xp", [np, jnp])
def test_exploration_begins_evenly_and_stays_within_bounds(xp):
    key = (lambda seed: Noise(seed)) if xp is np else jax.random.key
    action, first = xp.full((LANES, 1), 0.9, xp.float32), xp.zeros(LANES, bool)
    even, _ = around(Gaussian(0.3), key(0), action, xp.asarray(True), first, ())
    assert even.min() < -0.99
    assert even.max() > 0.99
    assert float(even.std()) == pytest.approx(np.sqrt(1 / 3), rel=0.05)
    later, _ = around(Gaussian(0.3), key(0), action, xp.asarray(False), first, ())
    assert later.max() == 1.0
    assert later.min() > -1.0
    alone, memory = around(None, key(0), action, xp.asarray(False), first, ())
    assert memory == ()
    np.testing.assert_array_equal(alone, action)
