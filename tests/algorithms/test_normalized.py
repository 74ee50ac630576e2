"""Algorithms that see normalised observations or rewards: what they count, when they use it, and what leaves them alone."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone import PPO, Experiment, NormalizeObservations, NormalizeRewards, load, train
from ecotone.algorithms.normalized import Scaling
from ecotone.experiment import with_schedules
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.protocols import Report
from ecotone.runtime.actor import NumpyActor, acts_in_numpy
from ecotone.spec import Box, Dict, Discrete, MultiBinary, Repeated, Spec, Tuple
from ecotone.testing import check_algorithm, probes
from ecotone.trajectory import TimeStep, Trajectory
from tests.algorithms.small import small_dqn, small_ppo, small_sac

SEEN = Box((3,), low=-50.0, high=50.0)
CHOICE = Spec(SEEN, Discrete(3, start=1))
VECTOR = Spec(SEEN, Box((2,), low=-2.0, high=2.0))
INNER = {"ppo": (small_ppo(), CHOICE), "dqn": (small_dqn(n=3), CHOICE), "sac": (small_sac(), VECTOR)}
AROUND = {
    "observations": NormalizeObservations,
    "rewards": NormalizeRewards,
    "both": lambda algorithm: NormalizeRewards(NormalizeObservations(algorithm)),
}


@pytest.mark.parametrize(
    ("inner", "around"),
    [("ppo", "observations"), ("ppo", "rewards"), ("ppo", "both"), ("dqn", "both"), ("sac", "both")],
)
def test_they_keep_the_contract_of_algorithms(inner, around):
    algorithm, spec = INNER[inner]
    check_algorithm(AROUND[around](algorithm), spec)


@frozen
class Recording:
    """Remembers in its state what it was told last."""

    feed: Rollout = Rollout(4)

    def init(self, key, spec):
        return {"spec": spec, "observed": None, "learned": None}

    def initial_memory(self, lanes):
        return ()

    def policy(self, state):
        return ()

    def act(self, params, observation, is_first, memory, key, explore):
        return observation, (), memory

    def observe(self, state, rows):
        return state | {"observed": rows}

    def update(self, state, rows, key):
        return state | {"learned": rows}, Report({})


def fragment(seen, is_first=None, reward=None, acted=None):
    """Rows `[T + 1, B]` of observations `[T + 1, B, ...]`."""
    shape = jax.tree.leaves(seen)[0].shape[:2]
    zeros = np.zeros(shape, np.float32)
    first = np.zeros(shape, bool) if is_first is None else is_first
    acted = np.ones(shape, bool) if acted is None else acted
    reward = zeros if reward is None else np.asarray(reward, np.float32)
    return jax.tree.map(jnp.asarray, Trajectory(seen, first, acted, zeros, reward, 1 + zeros, (), ()))


def test_every_observation_counts_once_over_fragments():
    drawn = np.random.default_rng(0).normal(5.0, 3.0, (9, 2, 3)).astype(np.float32)
    algorithm = NormalizeObservations(Recording())
    state = algorithm.init(jax.random.key(0), CHOICE)
    for start in (0, 4):
        state = algorithm.observe(state, fragment(drawn[start : start + 5]))
    counted = drawn[:8].reshape(-1, 3)
    assert state.seen.count == len(counted)
    np.testing.assert_allclose(state.seen.mean[0], counted.mean(0), rtol=1e-5)
    scaling = algorithm.policy(state).scaling
    np.testing.assert_allclose(scaling.deviation[0], counted.std(0), rtol=1e-5)
    action, _, _ = algorithm.act(algorithm.policy(state), jnp.asarray(drawn[0]), None, (), None, True)
    np.testing.assert_allclose(action, (drawn[0] - counted.mean(0)) / counted.std(0), rtol=1e-4)


def test_a_fragment_is_learned_from_as_it_was_acted_in():
    algorithm, drawn = NormalizeObservations(Recording()), np.random.default_rng(0).normal(9.0, 2.0, (5, 2, 3))
    state = algorithm.init(jax.random.key(0), CHOICE)
    state = algorithm.observe(state, fragment(drawn.astype(np.float32)))
    acted = algorithm.policy(state)
    rows = fragment(np.float32(drawn + 4.0))
    state = algorithm.observe(state, rows)
    state, _ = algorithm.update(state, rows, None)
    for told in ("observed", "learned"):
        np.testing.assert_array_equal(state.inner[told].observation, acted.scaling(rows.observation))
    assert not np.allclose(algorithm.policy(state).scaling(rows.observation), acted.scaling(rows.observation))


def test_far_numbers_are_clipped():
    scaling = Scaling((jnp.zeros(1),), (jnp.ones(1),), jnp.float32(10.0), (0,))
    np.testing.assert_array_equal(scaling(jnp.array([[-99.0], [3.0], [99.0]])), [[-10.0], [3.0], [10.0]])


def test_bytes_choices_masks_and_lists_stay():
    space = Dict(
        {
            "action_mask": Box((3,), low=0.0, high=1.0),
            "image": Box((2, 2, 1), "uint8", 0.0, 255.0),
            "friends": Repeated(Box((1,)), 2),
            "rest": Tuple((SEEN, Discrete(3), MultiBinary((2,)), Box(()))),
        }
    )
    algorithm = NormalizeObservations(Recording())
    state = algorithm.init(jax.random.key(0), Spec(space, Discrete(3)))
    inner = state.inner["spec"].observation
    assert inner["rest"].parts[0] == Box((3,))
    assert {name: inner[name] for name, _ in space.parts[:3]} == dict(space.parts[:3])
    generator = np.random.default_rng(0)
    draw = lambda *shape: generator.normal(7.0, 2.0, (5, 2, *shape)).astype(np.float32)
    seen = {
        "action_mask": np.abs(draw(3)),
        "image": draw(2, 2, 1).astype(np.uint8),
        "friends": {"count": draw().astype(np.int32), "items": draw(2, 1)},
        "rest": (draw(3), draw().astype(np.int32), draw(2).astype(np.int8), draw()),
    }
    state = algorithm.observe(state, fragment(seen))
    told = algorithm.policy(state).scaling(seen)
    for name in ("action_mask", "image", "friends"):
        jax.tree.map(np.testing.assert_array_equal, told[name], seen[name])
    for i in (1, 2):
        assert told["rest"][i] is seen["rest"][i]
    for i in (0, 3):
        assert abs(told["rest"][i].mean()) < 1.0


def test_running_returns_go_on_over_fragments_and_begin_anew_with_episodes():
    generator = np.random.default_rng(0)
    reward, first = generator.normal(size=(9, 3)), generator.random((9, 3)) < 0.3
    first[0] = True
    acted = ~np.roll(first, -1, 0)
    reward = np.where(acted, reward, 0.0).astype(np.float32)
    algorithm = NormalizeRewards(Recording(), gamma=0.8, most=5)
    state = algorithm.init(jax.random.key(0), CHOICE)
    for start in (0, 4):
        part = slice(start, start + 5)
        rows = fragment(np.zeros((5, 3, 3)), first[part], reward[part], acted[part])
        state = algorithm.observe(state, rows)
    counted = []
    for lane in range(3):
        total = 0.0
        for t in range(8):
            total = 0.0 if first[t, lane] else total
            if acted[t, lane]:
                total = 0.8 * total + reward[t, lane]
                counted.append(total)
    assert state.seen.count == len(counted)
    state, _ = algorithm.update(state, rows, None)
    expected = np.clip(rows.reward / np.std(counted), -10.0, 10.0)
    np.testing.assert_allclose(state.inner["learned"].reward, expected, rtol=1e-4)


def test_more_lanes_than_can_be_followed_are_told():
    algorithm = NormalizeRewards(Recording(), most=1)
    with pytest.raises(Mistake, match="at most 1 lanes, but there are 2: set `most`"):
        algorithm.observe(algorithm.init(jax.random.key(0), CHOICE), fragment(np.zeros((5, 2, 3))))


def test_observations_without_numbers_are_told():
    with pytest.raises(ValueError, match="no floating-point numbers"):
        NormalizeObservations(small_dqn()).init(jax.random.key(0), Spec(Discrete(3), Discrete(2)))


def test_schedules_inside_are_closed():
    algorithm = with_schedules(NormalizeRewards(NormalizeObservations(PPO())), 500)
    assert algorithm.algorithm.algorithm.optimizer.learning_rate.over == 500.0


@pytest.mark.parametrize("inner", ["ppo", "dqn", "sac"])
def test_they_act_in_numpy_as_in_jax(inner):
    algorithm, spec = INNER[inner]
    algorithm = NormalizeRewards(NormalizeObservations(algorithm))
    state = algorithm.init(jax.random.key(0), spec)
    drawn = np.random.default_rng(0).normal(5.0, 20.0, (5, 2, 3)).astype(np.float32)
    state = algorithm.observe(state, fragment(drawn))
    params, yes, one = algorithm.policy(state), np.ones(2, bool), np.ones(2, np.float32)
    now = TimeStep(drawn[0], yes, yes, one, one)
    assert acts_in_numpy(algorithm, params, now, ())
    ours, _, _ = NumpyActor(algorithm, params, 0, explore=False).act(now, ())
    theirs, _, _ = algorithm.act(params, jnp.asarray(drawn[0]), yes, (), jax.random.key(0), False)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@frozen
class Far:
    """A probe whose observation is hidden in large numbers, and whose rewards are large."""

    environment: probes.ReadableChoice = probes.ReadableChoice()

    @property
    def spec(self):
        return Spec(Box((1,)), Discrete(2))

    def reset(self, key):
        state, observation = self.environment.reset(key)
        return state, 3000.0 + 5.0 * observation

    def step(self, state, action, key):
        state, observation, reward, *over = self.environment.step(state, action, key)
        return state, 3000.0 + 5.0 * observation, 200.0 * reward, *over


def test_what_is_far_from_zero_is_learned(tmp_path):
    ppo = dataclasses.replace(small_ppo(), feed=Rollout(16))
    algorithm = NormalizeRewards(NormalizeObservations(ppo), gamma=0.5)
    trained = train(Experiment(Far(), algorithm, num_envs=8, steps=4_000, out=str(tmp_path), seed=1))
    assert "normalizerewards-normalizeobservations-ppo" in str(trained.folder)
    policy = load(trained)
    chosen, _ = policy(np.array([[2995.0], [3005.0]]))
    np.testing.assert_array_equal(chosen, [0, 1])
    assert float(policy.params.scaling.mean[0][0]) == pytest.approx(3000.0, abs=1.0)
