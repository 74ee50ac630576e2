"""Environments of many agents keep their contract, and the checks notice those that do not."""

import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.envs.classic import MultiAgentCartPole
from ecotone.testing import check_agents, check_multi_agent_environment, check_multi_agent_stream
from tests.envs.agents.told import Count


def test_a_compiled_environment_keeps_its_contract():
    check_multi_agent_environment(MultiAgentCartPole(agents=2), steps=25)


class Weak(MultiAgentCartPole):
    """Rewards are of another type at a step than at the beginning."""

    def step(self, state, action, key):
        state, shown = super().step(state, action, key)
        return state, shown._replace(reward={name: x.astype(jnp.float16) for name, x in shown.reward.items()})


class Nameless(MultiAgentCartPole):
    """Shows what a team does that it does not name."""

    def reset(self, key):
        state, shown = super().reset(key)
        return state, shown._replace(asks={"others": shown.asks["agent"]})


@pytest.mark.parametrize(
    ("kind", "told"), [(Weak, "changed its"), (Nameless, r"`asks` has the teams \['others'\]"), (object, "needs `teams`")]
)
def test_faults_of_compiled_environments_are_noticed(kind, told):
    with pytest.raises(AssertionError, match=told):
        check_multi_agent_environment(kind())


def test_an_environment_that_speaks_in_dictionaries_keeps_its_contract():
    check_agents(Count, steps=30)


class Altered(DictionaryStream):
    """A sound stream whose rows of step 3 are altered."""

    def __init__(self, alter):
        super().__init__(Count, 2, seed=0)
        self.alter, self.t = alter, 0

    def step(self, state, action):
        state, now = super().step(state, action)
        self.t += 1
        return state, now._replace(**self.alter(now)) if self.t == 3 else now


YES, NO = {"a": np.ones((2, 2), bool)}, {"a": np.zeros((2, 2), bool)}


@pytest.mark.parametrize(
    ("alter", "told"),
    [
        (lambda now: {"ends": YES}, "agent 'a_.' in copy 0: it is asked although its episode ends"),
        (lambda now: {"is_first": now.asks}, "`is_first` must be where it is asked"),
        (lambda now: {"asks": NO}, "it neither acts nor ends, but `simultaneous` is true"),
        (lambda now: {"discount": {"a": np.zeros((2, 2), np.float32)}}, "its discount is neither 1 nor"),
        (lambda now: {"over": np.ones(2, bool)}, "it is asked although the copy is over"),
        (lambda now: {"reward": {"a": np.full((2, 2), np.nan, np.float32)}}, "a reward of team 'a' is not finite"),
        (lambda now: {"reward": {"a": np.zeros((2, 2))}}, r"`reward` of 'a' is \(\(2, 2\), 'float64'\)"),
        (lambda now: {"state": now.state + 200}, "the state goes from"),
    ],
)
def test_faults_of_streams_are_noticed(alter, told):
    with pytest.raises(AssertionError, match=rf"Altered, step 3.*{told}"):
        check_multi_agent_stream(Altered(alter), steps=4)
