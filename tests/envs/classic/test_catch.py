"""Catch, against its rules and against gymnax's."""

import gymnax
import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.classic import Catch

KEY = jax.random.key(0)


def test_an_episode_is_nine_decisions_and_pays_at_the_end():
    step = jax.jit(Catch().step)
    for seed in range(8):
        state, board = Catch().reset(jax.random.key(seed))
        assert board.shape == (10, 5)
        assert board.dtype == jnp.float32
        assert board[9, 2] == 1
        for t in range(1, 10):
            action = 1 + np.sign(int(state.ball) - int(state.paddle))
            state, board, reward, terminated, truncated = step(state, action, KEY)
            assert bool(terminated) == (t == 9)
            assert not truncated
            assert reward == (1.0 if t == 9 else 0.0)
            assert board.sum() == (1 if t == 9 else 2)


def test_it_equals_gymnax_with_random_actions():
    theirs, params = gymnax.make("Catch-bsuite")
    step, their_step = jax.jit(Catch().step), jax.jit(theirs.step_env)
    random, rewards = np.random.default_rng(0), []
    for seed in range(20):
        state, board = Catch().reset(jax.random.key(seed))
        _, start = theirs.reset_env(KEY, params)
        start = start.replace(ball_x=state.ball, paddle_x=state.paddle)
        np.testing.assert_array_equal(board, theirs.get_obs(start))
        for _ in range(9):
            action = int(random.integers(3))
            state, board, reward, terminated, _ = step(state, action, KEY)
            expected, start, their_reward, done, _ = their_step(KEY, start, action, params)
            np.testing.assert_array_equal(board, expected)
            assert (float(reward), bool(terminated)) == (float(their_reward), bool(done))
        rewards.append(float(reward))
    assert set(rewards) == {-1.0, 1.0}


def test_the_ball_begins_in_every_column():
    states, _ = jax.vmap(Catch().reset)(jax.random.split(KEY, 200))
    assert set(np.asarray(states.ball).tolist()) == set(range(5))


def test_other_sizes():
    state, board = Catch(rows=4, columns=3).reset(KEY)
    assert board.shape == (4, 3)
    assert int(state.paddle) == 1
