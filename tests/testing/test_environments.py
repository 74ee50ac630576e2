"""Environments of the package keep their contract, and the checks notice those that do not."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import pytest

from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.compiled import CompiledStream
from ecotone.spec import Box
from ecotone.testing import check_environment, check_stream, probes

PROBES = [
    probes.ConstantReward(),
    probes.ConstantReward(Box((2,), low=-1.0, high=1.0)),
    probes.ReadableReward(),
    probes.DelayedReward(),
    probes.Endless(),
    probes.Choice(),
    probes.ReadableChoice(),
    probes.Recall(),
    probes.Target(),
    probes.ReadableTarget(),
    probes.Combination(),
]


@pytest.mark.parametrize("environment", [*PROBES, CartPole()], ids=lambda e: type(e).__name__)
def test_environments_keep_their_contract(environment):
    check_environment(environment, steps=20)


@pytest.mark.parametrize("environment", [probes.Endless(), probes.DelayedReward(), CartPole(limit=3)])
def test_compiled_streams_keep_the_grammar(environment):
    check_stream(CompiledStream(environment, 3), steps=12)


class Broken(probes.Choice):
    """A probe with one fault."""

    def __init__(self, fault):
        object.__setattr__(self, "fault", fault)

    def step(self, state, action, key):
        state, observation, reward, terminated, truncated = super().step(state, action, key)
        return {
            "a flag that is a number": (state, observation, reward, terminated.astype(jnp.float32), truncated),
            "a reward with an axis": (state, observation, reward[None], terminated, truncated),
            "a state of another type": (state.astype(jnp.int32), observation, reward, terminated, truncated),
            "an observation of another shape": (state, jnp.zeros(2), reward, terminated, truncated),
            "a reward that is not finite": (state, observation, reward / 0.0, terminated, truncated),
            "four things": (state, observation, reward, terminated),
        }[self.fault]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("a flag that is a number", "not one bool"),
        ("a reward with an axis", "one number"),
        ("a state of another type", "changed its"),
        ("an observation of another shape", "changed its"),
        ("a reward that is not finite", "not finite"),
        ("four things", "gives 4 things"),
    ],
)
def test_faults_of_environments_are_told(fault, told):
    with pytest.raises(AssertionError, match=told):
        check_environment(Broken(fault), steps=3)


@dataclass(frozen=True)
class Spoiled:
    """A stream whose steps are changed by a function of the step before and the new one."""

    stream: CompiledStream
    spoil: object

    @property
    def spec(self):
        return self.stream.spec

    @property
    def lanes(self):
        return self.stream.lanes

    def start(self, key):
        state, now = self.stream.start(key)
        return (state, now), now

    def step(self, state, action):
        inner, now = self.stream.step(state[0], action)
        return (inner, now), self.spoil(now)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda now: now._replace(is_first=~now.is_first), "must be is_first|show the final observation"),
        (lambda now: now._replace(discount=0.0 * now.discount), "discount 0 on a row"),
        (lambda now: now._replace(discount=0.9 * now.discount), "neither 0 nor 1"),
        (lambda now: now._replace(reward=now.reward + 1.0), "nothing was chosen before it"),
        (lambda now: now._replace(reward=now.reward[None]), "`reward` is"),
        (lambda now: now._replace(asks=now.asks.astype(jnp.int32)), "`asks` is"),
        (lambda now: now._replace(observation=now.observation + 9), "outside the spec's"),
        (lambda now: now._replace(reward=now.reward * jnp.nan), "not finite"),
    ],
)
def test_faults_of_streams_are_told(spoil, told):
    stream = Spoiled(CompiledStream(probes.ReadableReward(), 2), spoil)
    with pytest.raises(AssertionError, match=told):
        check_stream(stream, steps=4)


def test_a_delay_is_part_of_the_program_and_the_spec():
    slow = replace(probes.DelayedReward(), delay=4)
    assert slow.spec.observation.n == 5
    state, _ = slow.reset(jax.random.key(0))
    rewards = []
    for _ in range(4):
        state, _, reward, over, _ = slow.step(state, 0, jax.random.key(0))
        rewards.append((float(reward), bool(over)))
    assert rewards == [(0.0, False)] * 3 + [(1.0, True)]
