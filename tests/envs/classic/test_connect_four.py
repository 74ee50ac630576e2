"""Connect four plays as PettingZoo's does."""

import jax
import numpy as np
import pytest

from ecotone.envs import pettingzoo
from ecotone.envs.agents.hosted import Hosted
from ecotone.envs.classic import ConnectFour
from ecotone.testing import check_multi_agent_environment


def test_it_keeps_the_contract():
    check_multi_agent_environment(ConnectFour(), steps=30)


@pytest.fixture(scope="module")
def both():
    return pettingzoo.make("pettingzoo:classic/connect_four_v3"), Hosted(ConnectFour())


def same(theirs, ours):
    for agent, seen in theirs[0].items():
        jax.tree.map(np.testing.assert_array_equal, seen, ours[0][agent])
    for field in range(1, len(theirs) - 1):
        assert {agent: ours[field][agent] for agent in theirs[field]} == theirs[field]


def test_every_step_of_random_games_is_that_of_pettingzoo(both):
    theirs, ours = both
    rng, wins = np.random.default_rng(0), []
    for _ in range(30):
        seen, told = theirs.reset(seed=0), ours.reset()
        same(seen, told)
        over = False
        while not over:
            (agent,) = (agent for agent in seen[0] if seen[0][agent]["action_mask"].any())
            action = {agent: rng.choice(np.flatnonzero(seen[0][agent]["action_mask"]))}
            seen, told = theirs.step(action), ours.step(action)
            same(seen, told)
            over = all(seen[2].values())
        wins.append(seen[1]["player_0"])
    assert {1, -1} <= set(wins)


def test_an_illegal_move_loses(both):
    _, ours = both
    ours.reset()
    for i in range(6):
        ours.step({f"player_{i % 2}": 3})
    _, rewards, terminations, _, _ = ours.step({"player_0": 3})
    assert rewards == {"player_0": -1.0, "player_1": 0.0}
    assert terminations == {"player_0": True, "player_1": True, "__all__": True}


def test_a_full_board_is_a_draw(both):
    theirs, ours = both
    column_order = [0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 2, 3, 2, 3, 3, 2, 3, 2, 2, 3, 2, 3]
    column_order += [4, 5, 4, 5, 5, 4, 5, 4, 4, 5, 4, 5, 6, 6, 6, 6, 6, 6]
    for each in both:
        each.reset(seed=0)
    for i, column in enumerate(column_order[:-1]):
        same(*(each.step({f"player_{i % 2}": column}) for each in both))
    told = ours.step({"player_1": column_order[-1]})
    same(theirs.step({"player_1": column_order[-1]}), told)
    assert told[1] == {"player_0": 0.0, "player_1": 0.0}
    assert told[2] == {"player_0": True, "player_1": True, "__all__": True}
