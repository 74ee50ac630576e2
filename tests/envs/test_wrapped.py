"""Streams behind wrappers: whole contracts, exact continuation, tasks, and rewards as the environment gives them."""

import gymnasium
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.classic import CartPole, Pendulum
from ecotone.envs.compiled import CompiledStream
from ecotone.envs.gymnasium import GymnasiumStream
from ecotone.envs.wrapped import LocalWrapped, Wrapped, unwrapped, wrap
from ecotone.envs.wrappers import Clip, ClipReward, Entries, MapAction, PreviousActionReward, ScaleReward, Stack
from ecotone.mistakes import Mistake
from ecotone.spec import Discrete
from ecotone.testing import check_stream
from ecotone.testing.trees import assert_same_values

WRAPPERS = (Stack(3), ScaleReward(0.5))
SHOWN = (Stack(2), PreviousActionReward(), Stack(2, only=("previous_action",)))


def cartpoles(lanes: int = 3, seed: int = 0) -> GymnasiumStream:
    return GymnasiumStream(lambda: gymnasium.make("CartPole-v1", max_episode_steps=15), lanes, seed)


def test_wrapped_streams_keep_their_contract():
    stream = cartpoles()
    step = stream.step
    stream.step = lambda state, action: step(state, np.asarray(action))
    check_stream(wrap(stream, WRAPPERS), 60)
    check_stream(wrap(CompiledStream(CartPole(limit=15), 3), WRAPPERS), 60)


def test_no_wrappers_are_no_layer():
    stream = cartpoles()
    assert wrap(stream, ()) is stream
    assert unwrapped(wrap(stream, WRAPPERS)) is stream
    assert unwrapped(stream) is stream


def test_local_and_compiled_streams_tell_the_same():
    compiled = CompiledStream(CartPole(limit=15), 3)
    start, step = jax.jit(compiled.start), jax.jit(compiled.step)

    class Host:
        spec, lanes = compiled.spec, compiled.lanes

        def start(self, key):
            self.state, now = start(key)
            return None, jax.tree.map(np.asarray, now)

        def step(self, state, action):
            self.state, now = step(self.state, action)
            return None, jax.tree.map(np.asarray, now)

    pure, local = Wrapped(compiled, SHOWN), LocalWrapped(Host(), SHOWN)
    state, theirs = pure.start(jax.random.key(1))
    _, ours = local.start(jax.random.key(1))
    pure_step = jax.jit(pure.step)
    for t in range(40):
        assert_same_values(ours, theirs, f"step {t}", 1e-6)
        assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(ours))
        action = np.array([t % 2, 1, 0], np.int32)
        state, theirs = pure_step(state, action)
        _, ours = local.step(None, action)


def test_a_restored_stream_tells_what_it_would_have_told():
    stream = wrap(cartpoles(seed=3), SHOWN)
    action = lambda t: np.array([t % 2, 1, 0], np.int32)
    stream.start(None)
    for t in range(12):
        _, now = stream.step(None, action(t))
    other = wrap(cartpoles(seed=3), SHOWN)
    other.start(None)
    other.restore(stream.save())
    _, again = other.start(None)
    assert_same_values(again.observation, now.observation, "the step restored")
    for t in range(12, 40):
        assert_same_values(stream.step(None, action(t)), other.step(None, action(t)), f"step {t}")


def test_a_lane_that_cannot_be_repeated_begins_anew():
    stream = wrap(cartpoles(2, seed=3), SHOWN)
    stream.start(None)
    for _ in range(5):
        _, now = stream.step(None, np.array([1, 0]))
    saved = stream.save()
    saved["stream"]["1"]["episode"] += 1
    other = wrap(cartpoles(2, seed=3), SHOWN)
    other.restore(saved)
    _, again = other.start(None)
    np.testing.assert_array_equal(again.is_first, [False, True])
    np.testing.assert_array_equal(again.observation["observation"][0], now.observation["observation"][0])
    first, second = np.split(again.observation["observation"][1], 2)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(again.observation["previous_action"], [[1, 1], [0, 0]])


def test_evaluations_see_raw_rewards_and_the_policy_those_of_training():
    wrappers = (ClipReward(0.25), PreviousActionReward())
    for stream in (cartpoles(), CompiledStream(CartPole(), 3)):
        trained, tried = wrap(stream, wrappers), wrap(stream, wrappers, raw_rewards=True)
        for each, reward in ((trained, 0.25), (tried, 1.0)):
            state, _ = each.start(jax.random.key(0))
            _, now = each.step(state, np.zeros(3, np.int32))
            np.testing.assert_array_equal(now.reward, [reward] * 3)
            np.testing.assert_array_equal(now.observation["previous_reward"], [0.25] * 3)


def test_tasks_reach_through_without_recompiling():
    compiled = []

    @jax.jit
    def once(stream, state):
        compiled.append(1)
        return stream.step(state, jnp.ones(2, jnp.int32))[1].observation

    stream = wrap(CompiledStream(CartPole(), 2), (Clip(-3.0, 3.0), Entries((1, 3))))
    state, _ = stream.start(jax.random.key(0))
    weak, strong = (once(stream.with_task(CartPole(force=force)), state) for force in (5.0, 20.0))
    assert len(compiled) == 1
    assert (strong[:, 0] > weak[:, 0] + 0.1).all()
    with pytest.raises(Mistake, match="no method `set_task`"):
        wrap(cartpoles(), WRAPPERS).set_task(1)


def test_actions_pass_the_wrappers_on_their_way_in():
    table = np.array([[-1.0], [1.0]], np.float32)
    push = MapAction(lambda choice: jnp.asarray(table)[choice], Discrete(2))
    plain, mapped = CompiledStream(Pendulum(), 2), wrap(CompiledStream(Pendulum(), 2), (push,))
    assert mapped.spec.action == Discrete(2)
    (state, _), (outer, _) = plain.start(jax.random.key(0)), mapped.start(jax.random.key(0))
    ours, theirs = mapped.step(outer, jnp.array([0, 1]))[1], plain.step(state, table)[1]
    assert_same_values(ours, theirs, "Pendulum pushed by choice")


def test_what_cannot_be_wrapped_is_told_when_it_is_made():
    with pytest.raises(ValueError, match="entries 0 to 3"):
        wrap(cartpoles(), (Entries((7,)),))
    assert wrap(cartpoles(), (Entries((0,)),)).spec.observation.shape == (1,)
