"""Step for step what Gymnasium does, from the same states with the same actions."""

import functools

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.classic import CLASSIC
from ecotone.spec import Discrete

NAMES = [name for name in CLASSIC if name != "Catch-v0"]


@pytest.mark.parametrize("name", NAMES)
def test_bounds_of_observations(name):
    theirs = gymnasium.make(name, disable_env_checker=True).observation_space
    low, high = CLASSIC[name]().spec.observation.bounds()
    np.testing.assert_array_equal(low, theirs.low)
    np.testing.assert_array_equal(high, theirs.high)


@functools.cache
def compiled_step(name):
    return jax.jit(CLASSIC[name]().step)


def their_environment(name, physics):
    theirs = gymnasium.make(name, disable_env_checker=True)
    theirs.reset(seed=0)
    put(theirs, physics)
    return theirs


def put(theirs, physics):
    """Give Gymnasium's environment our state, and forget that it may have ended."""
    theirs.unwrapped.state = np.asarray(physics, np.float64)
    if hasattr(theirs.unwrapped, "steps_beyond_terminated"):
        theirs.unwrapped.steps_beyond_terminated = None


def random_action(name, random):
    space = CLASSIC[name]().spec.action
    if isinstance(space, Discrete):
        return int(random.integers(space.n))
    return random.uniform(*space.bounds()).astype(np.float32)


def random_state(name, random):
    """A state from anywhere, also from where episodes end, and faster than what is allowed."""
    spread = {
        "CartPole-v1": (2.6, 3.0, 0.23, 3.0),
        "Pendulum-v1": (20.0, 8.0),
        "Acrobot-v1": (3.1, 3.1, 13.0, 29.0),
        "MountainCar-v0": (0.89, 0.08),
        "MountainCarContinuous-v0": (0.89, 0.08),
    }[name]
    centre = -0.3 if name.startswith("Mountain") else 0.0
    physics = random.uniform(-1, 1, len(spread)) * spread
    physics[0] += centre
    return physics.astype(np.float32)


def compare(ours, theirs, tolerance):
    _, observation, reward, terminated, truncated = ours
    np.testing.assert_allclose(observation, theirs[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(reward, theirs[1], rtol=tolerance, atol=tolerance)
    assert (bool(terminated), bool(truncated)) == theirs[2:4]


@pytest.mark.parametrize("name", NAMES)
def test_one_step_from_anywhere_equals_gymnasium(name):
    random, step = np.random.default_rng(1), compiled_step(name)
    blank = CLASSIC[name]().reset(jax.random.key(0))[0]
    theirs, ends = their_environment(name, blank.physics).unwrapped, 0
    for _ in range(400):
        physics, action = random_state(name, random), random_action(name, random)
        put(theirs, physics)
        expected = theirs.step(action)
        ours = step(blank._replace(physics=jnp.asarray(physics)), action, jax.random.key(0))
        compare(ours, expected, 2e-4)
        ends += expected[2]
    assert name == "Pendulum-v1" or 10 < ends < 390


@pytest.mark.parametrize("name", NAMES)
def test_an_episode_resynchronised_each_step_equals_gymnasium(name):
    random, step = np.random.default_rng(2), compiled_step(name)
    state, observation = CLASSIC[name]().reset(jax.random.key(3))
    theirs = their_environment(name, state.physics)
    np.testing.assert_allclose(observation, first_observation(theirs), atol=1e-6)
    for _ in range(1000):
        put(theirs, state.physics)
        action = random_action(name, random)
        ours, expected = step(state, action, jax.random.key(0)), theirs.step(action)
        compare(ours, expected, 2e-4)
        state = ours[0]
        if expected[2] or expected[3]:
            break
    assert expected[2] or expected[3]


def first_observation(theirs):
    inner = theirs.unwrapped
    return inner._get_ob() if hasattr(inner, "_get_ob") else getattr(inner, "_get_obs", lambda: inner.state)()


@pytest.mark.parametrize("name", NAMES)
def test_thirty_steps_on_their_own_stay_near_gymnasium(name):
    random, step = np.random.default_rng(4), compiled_step(name)
    state, _ = CLASSIC[name]().reset(jax.random.key(5))
    theirs = their_environment(name, state.physics)
    for _ in range(30):
        action = random_action(name, random)
        ours, expected = step(state, action, jax.random.key(0)), theirs.step(action)
        compare(ours, expected, 2e-3)
        state = ours[0]
        if expected[2]:
            break


@pytest.mark.parametrize("name", NAMES)
def test_the_limit_truncates_when_gymnasium_does_even_where_it_terminates_too(name):
    limit = gymnasium.spec(name).max_episode_steps
    environment, step = CLASSIC[name](), compiled_step(name)
    assert environment.limit == limit
    quiet = {"CartPole-v1": np.zeros(4), "Acrobot-v1": np.zeros(4), "Pendulum-v1": np.zeros(2)}.get(name, [-0.5, 0.0])
    over = {"CartPole-v1": [0, 0, 1.0, 0], "Acrobot-v1": [3.14, 0, 0, 0]}.get(name, [0.59, 0.05])
    action = 1 if isinstance(environment.spec.action, Discrete) else np.zeros(1, np.float32)
    state, _ = environment.reset(jax.random.key(0))
    physics = jnp.asarray(quiet, jnp.float32)
    for steps, truncates in ((limit - 2, False), (limit - 1, True)):
        ours = step(state._replace(physics=physics, steps=jnp.int32(steps)), action, jax.random.key(0))
        assert (bool(ours[3]), bool(ours[4])) == (False, truncates)
    if name != "Pendulum-v1":
        last = state._replace(physics=jnp.asarray(over, jnp.float32), steps=jnp.int32(limit - 1))
        ours = step(last, action, jax.random.key(0))
        assert bool(ours[3])
        assert bool(ours[4])


@pytest.mark.parametrize("name", NAMES)
def test_first_states_spread_as_gymnasium_spreads_them(name):
    ours = jax.vmap(CLASSIC[name]().reset)(jax.random.split(jax.random.key(6), 2000))[0].physics
    theirs = gymnasium.make(name).unwrapped
    samples = []
    for seed in range(500):
        theirs.reset(seed=seed)
        samples.append(np.asarray(theirs.state, np.float64))
    width = np.ptp(samples, axis=0) + 1e-6
    np.testing.assert_allclose(ours.min(0), np.min(samples, axis=0), atol=0.03 * width.max())
    np.testing.assert_allclose(ours.max(0), np.max(samples, axis=0), atol=0.03 * width.max())
    np.testing.assert_allclose(np.mean(ours, 0) / width, np.mean(samples, 0) / width, atol=0.06)
