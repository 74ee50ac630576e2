"""PettingZoo's environments, by name and as they are, in the dictionary interface."""

import numpy as np
import pytest
from gymnasium import spaces

from ecotone.envs import pettingzoo
from ecotone.envs.agents.masks import MaskedAgents
from ecotone.envs.streams import agents_maker, is_multi_agent, multi_agent_stream
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Discrete

mpe2 = pytest.importorskip("mpe2")
SPREAD, CONNECT = "mpe2/simple_spread_v3", "pettingzoo:classic/connect_four_v3"


def test_agents_that_move_together_are_stepped_as_pettingzoo_itself_steps_them():
    from mpe2 import simple_spread_v3

    ours = pettingzoo.make(SPREAD, max_cycles=6, local_ratio=0.3)
    theirs = simple_spread_v3.parallel_env(max_cycles=6, local_ratio=0.3)
    assert type(ours) is pettingzoo.Cycled
    (seen, _), (expected, _) = ours.reset(seed=4), theirs.reset(seed=4)
    for t in range(6):
        actions = {agent: (i + t) % 5 for i, agent in enumerate(expected)}
        (seen, *told, _), (expected, *wanted, _) = ours.step(actions), theirs.step(actions)
        for agent in theirs.possible_agents:
            np.testing.assert_array_equal(seen[agent], expected[agent])
        assert told == [dict(each) for each in wanted]
    assert told[2] == dict.fromkeys(theirs.possible_agents, True)


def test_a_team_moves_at_once_and_sees_its_state():
    stream = multi_agent_stream(SPREAD, 2, {"max_cycles": 3}, seed=1)
    assert stream.simultaneous
    assert stream.teams["agent"].agents == ("agent_0", "agent_1", "agent_2")
    assert stream.state_space == Box((54,))
    _, now = stream.start()
    for _ in range(3):
        assert now.asks["agent"].all()
        np.testing.assert_array_equal(now.state, now.observation["agent"].reshape(2, 54))
        _, now = stream.step(None, {"agent": np.ones((2, 3), np.int32)})
    assert now.over.all()
    assert now.ends["agent"].all()
    assert (now.discount["agent"] == 1).all()  # cut, not terminated
    assert (now.reward["agent"] < 0).all()


def test_continuous_actions_by_argument():
    stream = multi_agent_stream("pettingzoo:mpe2/simple_spread_v3", 1, {"continuous_actions": True}, 0, state=False)
    assert stream.teams["agent"].spec.action == Box((5,), "float32", 0.0, 1.0)
    stream.start()
    stream.step(None, {"agent": np.zeros((1, 3, 5), np.float32)})


def test_a_game_in_turns_is_played_to_its_end_without_empty_steps():
    stream = multi_agent_stream(CONNECT, 1, {}, seed=0)
    assert not stream.simultaneous
    (team,) = stream.teams.values()
    assert (team.agents, team.spec.action) == (("player_0", "player_1"), Discrete(7))
    _, now = stream.start()
    for t in range(7):  # the first player fills column 0, the second column 1
        assert now.asks["player"][0].tolist() == [t % 2 == 0, t % 2 == 1]
        assert now.is_first["player"][0].tolist() == [t == 0, t == 1]
        assert not now.reward["player"].any()
        assert now.observation["player"]["action_mask"][0, t % 2].tolist() == [1] * 7
        _, now = stream.step(None, {"player": np.array([[0, 1]], np.int32)})
    assert now.over.tolist() == [True]
    assert now.ends["player"].tolist() == [[True, True]]
    assert now.reward["player"].tolist() == [[1.0, -1.0]]
    assert now.discount["player"].tolist() == [[0.0, 0.0]]
    assert stream.step(None, {"player": np.array([[0, 0]], np.int32)})[1].is_first["player"].tolist() == [[True, False]]


def test_makers_of_pettingzoo_are_taken_as_they_are():
    from mpe2 import simple_spread_v3
    from pettingzoo.classic import tictactoe_v3
    from pettingzoo.utils.env import ParallelEnv

    class Mine(ParallelEnv):
        possible_agents = ("a",)

        def __init__(self, inner=None):
            self.inner = inner

    assert type(agents_maker(simple_spread_v3.parallel_env, {})()) is pettingzoo.Cycled
    assert type(agents_maker(simple_spread_v3.env, {})()) is pettingzoo.Turns
    mine = agents_maker(Mine, {"inner": 3})()
    assert (mine.simultaneous, mine.inner) == (True, 3)
    Mine.simultaneous = False
    assert not agents_maker(Mine, {})().simultaneous
    assert is_multi_agent(tictactoe_v3.env)
    assert is_multi_agent(Mine, {"inner": 1})
    assert not is_multi_agent("CartPole-v1")
    assert not is_multi_agent(lambda: object())


@pytest.mark.parametrize(
    ("name", "kwargs", "message"),
    [
        ("mpe2/simple_spraed_v3", {}, "Did you mean 'simple_spread_v3'"),
        ("pettingzoo:classic/connect_four_v1", {}, "Did you mean 'connect_four_v3'"),
        ("pettingzoo:simple_spread_v3", {}, "pettingzoo:mpe2/NAME"),
        ("mpe2/simple_spread_v3", {"wheels": 4}, "could not be made: .*'wheels'"),
        ("pettingzoo:classic/leduc_holdem_v4", {}, r"needs rlcard: pip install 'pettingzoo\[classic\]'"),
    ],
)
def test_wrong_names_and_arguments_are_told(name, kwargs, message):
    with pytest.raises(Mistake, match=message):
        pettingzoo.make(name, **kwargs)


class Told:
    """A game of one move by two, in which infos say what is legal."""

    possible_agents = ("a", "b")
    observation_space = staticmethod(lambda agent: spaces.Box(0.0, 1.0, (2,), np.float32))
    action_space = staticmethod(lambda agent: spaces.Discrete(3))

    def __init__(self, infos):
        self.infos, self.seen = infos, {agent: np.zeros(2, np.float32) for agent in self.possible_agents}

    def reset(self, seed=None, options=None):
        return self.seen, self.infos

    def step(self, actions):
        return self.seen, {}, {"__all__": True}, {}, {}


LEGAL = {"a": {"action_mask": [1, 0, 1]}, "b": {"action_mask": [0, 0, 1]}}


def test_masks_in_infos_become_part_of_the_observation():
    stream = multi_agent_stream(lambda: MaskedAgents(Told(LEGAL)), 1, {}, 0)
    _, now = stream.start()
    assert now.observation["a"]["action_mask"].tolist() == [[[1, 0, 1], [0, 0, 1]]]
    _, now = stream.step(None, {"a": np.array([[0, 2]], np.int32)})
    assert now.ends["a"].all()
    assert (now.observation["a"]["action_mask"] == 1).all()


def test_masks_that_are_missing_or_misshapen_are_told():
    with pytest.raises(Mistake, match=r"agent 'a' is asked, but infos\['a'\]\['action_mask'\]"):
        MaskedAgents(Told({})).reset()
    with pytest.raises(Mistake, match=r"agent 'a': its 'action_mask' has the shape \(2,\), but it has 3 choices"):
        MaskedAgents(Told({"a": {"action_mask": [1, 1]}})).reset()
    with pytest.raises(Mistake, match="has a part 'action_mask' already"):
        MaskedAgents(pettingzoo.make(CONNECT))
