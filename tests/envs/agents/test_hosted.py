"""Compiled environments of many agents, stepped from Python."""

import jax
import numpy as np
import pytest

from ecotone.envs.agents.dictionary import DictionaryEnvironment, DictionaryStream
from ecotone.envs.agents.hosted import Hosted
from ecotone.envs.names import make_compiled
from ecotone.gridworld import CentredView, CrossMove, GridWorld, Kind, TurnBased
from ecotone.mistakes import Mistake

pettingzoo = pytest.importorskip("pettingzoo")


def test_a_grid_world_passes_pettingzoos_own_test():
    from pettingzoo.test import parallel_api_test

    hosted = Hosted(make_compiled("grid:team_battle", agents=4, size=5, horizon=20))
    assert isinstance(hosted, DictionaryEnvironment)
    parallel_api_test(hosted, num_cycles=60)  # type: ignore[arg-type]


def test_it_shows_what_the_compiled_one_shows():
    world = make_compiled("grid:traffic_corridor", horizon=5)
    hosted = Hosted(world)
    seen, _ = hosted.reset(seed=3)
    key, first = jax.random.split(jax.random.key(3))
    state, shown = world.reset(first)
    np.testing.assert_array_equal(seen["red1"], shown.observation["red"][1])
    for t in range(5):
        hosted.action_space("red0").seed(t)
        actions = {agent: hosted.action_space(agent).sample() for agent in hosted.agents}
        by_team = {n: np.stack([actions[a] for a in team.agents]) for n, team in world.teams.items()}
        key, next_key = jax.random.split(key)
        state, shown = world.step(state, by_team, next_key)
        seen, reward, terminated, truncated, _ = hosted.step(actions)
        np.testing.assert_array_equal(seen["green0"], shown.observation["green"][0])
        assert reward["green0"] == shown.reward["green"][0]
        if shown.terminated["red"].any() or shown.terminated["green"].any():
            break
    assert truncated["red0"] == bool(shown.truncated["red"][0])
    assert terminated["red0"] == bool(shown.terminated["red"][0])


def test_turns_are_taken_and_streamed():
    kinds = (Kind("a", 1, 2, view_range=1, move_range=1),)
    world = GridWorld(3, 3, kinds, (CrossMove(),), (CentredView(),), turns=TurnBased(), horizon=3)
    hosted = Hosted(world)
    for _ in range(2):  # every episode begins with the first
        hosted.reset()
        turns = []
        while hosted.agents:
            turns += hosted.agents
            told = hosted.step(dict.fromkeys(hosted.agents, 0))
        assert turns == ["a0", "a1", "a0"]
        assert told[3]["a0"]
        assert told[3]["a1"]
        assert told[2]["__all__"]
    hosted.reset()
    with pytest.raises(Mistake, match="'a1' was not asked"):
        hosted.step({"a1": 0, "a0": 0})
    stream = DictionaryStream(lambda: Hosted(world), 2, seed=0)
    _, now = stream.start()
    assert now.asks["a"].tolist() == [[True, False]] * 2
    _, now = stream.step(None, {"a": np.zeros((2, 2), np.int32)})
    assert now.asks["a"].tolist() == [[False, True]] * 2
