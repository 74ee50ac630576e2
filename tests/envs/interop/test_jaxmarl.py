"""JaxMARL's environments of many agents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.names import make_compiled
from ecotone.envs.streams import is_multi_agent, only_compiled
from ecotone.mistakes import Mistake
from ecotone.spec import ACTION_MASK, Box, Dict, Discrete, MultiBinary
from ecotone.teams import MultiAgentEnvironment

jaxmarl = pytest.importorskip("jaxmarl")
SPREAD, BATTLE = "jaxmarl:MPE_simple_spread_v3", "jaxmarl:HeuristicEnemySMAX"


def test_steps_are_jaxmarls_own_and_its_limit_truncates():
    environment = make_compiled(SPREAD, max_steps=1)
    assert isinstance(environment, MultiAgentEnvironment)
    assert is_multi_agent(SPREAD)
    assert only_compiled(SPREAD)
    assert environment.teams["agent"].spec.action == Discrete(5)
    theirs, reset, step = jaxmarl.make("MPE_simple_spread_v3", max_steps=1), jax.random.key(1), jax.random.key(2)
    state, first = environment.reset(reset)
    seen, their_state = theirs.reset(reset)
    one_step = jax.jit(environment.step)
    stack = lambda by_agent: np.stack([by_agent[agent] for agent in theirs.agents])
    np.testing.assert_array_equal(first.observation["agent"], stack(seen))
    for over in (False, True):  # JaxMARL counts its limit from the step after
        state, shown = one_step(state, {"agent": jnp.array([1, 2, 3])}, step)
        actions = dict(zip(theirs.agents, (1, 2, 3), strict=True))
        seen, their_state, reward, *_ = theirs.step_env(step, their_state, actions)
        np.testing.assert_allclose(shown.observation["agent"], stack(seen), rtol=1e-5)
        np.testing.assert_allclose(shown.reward["agent"], stack(reward), rtol=1e-5)
        assert bool(shown.over) is over
        assert shown.truncated["agent"].tolist() == [over] * 3
        assert shown.asks["agent"].tolist() == [not over] * 3
        assert not shown.terminated["agent"].any()


def test_a_battle_has_legal_choices_and_a_state():
    environment = make_compiled(BATTLE, scenario="3m")
    (team,) = environment.teams.values()
    assert team.agents == ("ally_0", "ally_1", "ally_2")
    assert team.spec.observation == Dict({"observation": Box((75,)), ACTION_MASK: MultiBinary((8,), "int8")})
    assert environment.state_space == Box((72,))
    _, shown = jax.eval_shape(environment.reset, jax.random.key(0))
    assert shown.observation["ally"][ACTION_MASK].shape == (3, 8)
    assert shown.state.shape == (72,)


@pytest.mark.slow
def test_who_falls_in_battle_is_asked_no_more():
    environment = make_compiled(BATTLE, scenario="3m")

    def fall(key):
        """What is shown before and after a step into which one goes with no health left."""
        state, first = environment.reset(key)
        health = state.state.unit_health.at[1].set(0.0)
        hurt = state.replace(state=state.state.replace(unit_health=health, unit_alive=health > 0))
        return first, environment.step(hurt, {"ally": jnp.full(3, 4)}, key)[1]

    first, shown = jax.jit(fall)(jax.random.key(0))
    assert first.observation["ally"][ACTION_MASK].sum(-1).tolist() == [5, 5, 5]  # nobody is near enough to be shot at
    assert shown.asks["ally"].tolist() == [True, False, True]
    assert shown.terminated["ally"].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("jaxmarl:MPE_simple_spraed_v3", {}, "Did you mean 'MPE_simple_spread_v3'"),
        (BATTLE, {"scenario": "3n"}, "SMAX has no map named '3n'. Did you mean '3m'"),
        (BATTLE, {"wings": 2}, "was not built: .*'wings'"),
    ],
)
def test_wrong_names_and_options_are_told(name, options, message):
    with pytest.raises(Mistake, match=message):
        make_compiled(name, **options)
