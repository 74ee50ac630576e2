"""Gymnasium environments whose spaces are tuples with an entry for each agent."""

import gymnasium
import numpy as np
import pytest

from ecotone.envs.agents.tuples import TupleAgents
from ecotone.envs.streams import is_multi_agent, multi_agent_stream
from ecotone.mistakes import Mistake

FORAGING, WAREHOUSE = "lbforaging:Foraging-8x8-2p-2f-coop-v3", "rware:rware-tiny-2ag-v2"


@pytest.mark.parametrize(("name", "package", "limit"), [(FORAGING, "lbforaging", 50), (WAREHOUSE, "rware", 20)])
def test_a_time_limit_truncates_and_observations_keep_to_their_spaces(name, package, limit):
    pytest.importorskip(package)
    assert is_multi_agent(name)
    stream = multi_agent_stream(name, 2, {"max_steps": limit} if package == "rware" else {}, seed=2)
    (team,) = stream.teams.values()
    assert team.agents == ("agent_0", "agent_1")
    assert stream.simultaneous
    stream.start()
    draw = np.random.default_rng(0)
    for _ in range(limit):
        _, now = stream.step(None, {"agent": draw.integers(0, 5, (2, 2)).astype(np.int32)})
    assert now.over.all()
    assert now.ends["agent"].all()
    assert (now.discount["agent"] == 1).all()


def test_eating_all_food_terminates():
    pytest.importorskip("lbforaging")
    stream = multi_agent_stream(FORAGING, 1, {}, seed=0)
    stream.start()
    stream.environments[0].env.unwrapped.field[:] = 0
    _, now = stream.step(None, {"agent": np.zeros((1, 2), np.int32)})
    assert now.over.all()
    assert not now.discount["agent"].any()


def test_other_environments_are_told():
    with pytest.raises(Mistake, match="its spaces are no tuples"):
        TupleAgents(gymnasium.make("CartPole-v1"))


def test_wrong_names_are_told():
    pytest.importorskip("lbforaging")
    with pytest.raises(Mistake, match="unknown environment 'lbforaging:Foraging-8x8-2p-2f-coop-v9'"):
        multi_agent_stream("lbforaging:Foraging-8x8-2p-2f-coop-v9", 1, {}, 0)
