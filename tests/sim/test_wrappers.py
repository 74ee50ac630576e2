"""Wrappers of simulations."""

import warnings

import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from ecotone.mistakes import Mistake
from ecotone.sim import Agent, AllStepManager, DynamicOrderManager, PrincipleAgent, is_agent
from ecotone.sim.games import MultiCorridor
from ecotone.sim.spaces import zeros
from ecotone.sim.wrappers import (
    CommunicationHandshakeWrapper,
    FlattenActionWrapper,
    FlattenWrapper,
    RavelDiscreteWrapper,
    SARWrapper,
    SuperAgentWrapper,
)
from ecotone.sim.wrappers.flatten import flatten, flatten_space, unflatten
from ecotone.sim.wrappers.ravel import ravel, ravel_space, unravel
from tests.sim.test_managers import Named

GOLDEN = Dict(
    {
        "a": MultiDiscrete([5, 3]),
        "b": MultiBinary(4),
        "c": Box(np.array([[-2, 6, 3], [0, 0, 1]]), np.array([[2, 12, 5], [2, 4, 2]]), dtype=int),
        "d": Dict({"1": Discrete(3), "2": Box(1, 3, (2,), int)}),
        "e": Tuple([MultiDiscrete([4, 1, 5]), MultiBinary(2), Dict({"my_dict": Discrete(11)})]),
        "f": Discrete(6),
    }
)
POINT = {
    "a": [3, 1],
    "b": [0, 1, 1, 0],
    "c": np.array([[0, 7, 5], [1, 3, 1]]),
    "d": {"1": 2, "2": np.array([1, 3])},
    "e": ([1, 0, 4], [1, 1], {"my_dict": 5}),
    "f": 1,
}


def same(x, y):
    """Whether two points are alike, nested as they are."""
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(same(x[key], y[key]) for key in x)
    if isinstance(x, tuple):
        return len(x) == len(y) and all(map(same, x, y))
    return np.array_equal(x, y)


def test_ravel_gives_the_golden_numbers():
    assert ravel_space(GOLDEN) == Discrete(107775360000)
    assert ravel(GOLDEN, POINT) == 74748022765
    found = unravel(GOLDEN, 74748022765)
    assert same(found, POINT)
    assert found in GOLDEN


def test_flatten_gives_the_golden_row():
    row = flatten(GOLDEN, POINT)
    assert row.tolist() == [3, 1, 0, 1, 1, 0, 0, 7, 5, 1, 3, 1, 2, 1, 3, 1, 0, 4, 1, 1, 5, 1]
    assert row.dtype == flatten_space(GOLDEN).dtype == np.int64
    assert row in flatten_space(GOLDEN)
    assert same(unflatten(GOLDEN, row), POINT)
    mixed = Dict({"x": Box(0, 1, (2, 1), np.float64), "k": Discrete(4, start=-1)})
    assert flatten_space(mixed) == Box(np.array([-1.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0]), dtype=np.float64)
    found = unflatten(mixed, np.array([1.9, 0.25, 0.5]))
    assert found["k"] == 2
    assert found in mixed


def test_zeros_lie_in_their_space():
    assert zeros(GOLDEN) in GOLDEN
    assert same(
        zeros(Tuple([Discrete(3, start=-1), Box(2, 3, (1,)), MultiDiscrete([2, 2], start=[1, 5])])), (-1, [2.0], [1, 5])
    )


def test_every_point_has_a_number_of_its_own():
    space = Tuple(
        [Discrete(3, start=-1), MultiBinary((2, 1)), Box(-1, 1, (1,), np.int8), MultiDiscrete([2, 2], start=[1, 5])]
    )
    points = [unravel(space, number) for number in range(144)]
    assert ravel_space(space).n == 144
    assert all(point in space for point in points)
    assert [ravel(space, point) for point in points] == list(range(144))


@pytest.mark.parametrize(
    "space", [Box(0, 1, (2,)), Dict({"a": Box(0, np.iinfo(np.int32).max, (1,), np.int32)}), MultiBinary(63)]
)
def test_what_cannot_be_counted_is_named(space):
    sim = MultiCorridor()
    sim.agents["agent2"].observation_space = space
    with pytest.raises(
        Mistake, match=r"the observation space of agent 'agent2': .*(cannot be counted|more than one choice)"
    ):
        RavelDiscreteWrapper(sim)


def with_nulls():
    """A corridor whose first agent has null points, one of them 0."""
    sim = MultiCorridor(5, 2)
    sim.agents["agent0"].null_action = 0
    sim.agents["agent0"].null_observation = {"position": [2], "left": [1], "right": [0]}
    return sim


@pytest.mark.parametrize(
    ("wrap", "observation", "null", "action"),
    [
        (RavelDiscreteWrapper, 1 + 2 * (3 + 5 * 0), 2 + 5 * (0 + 2 * 1), 2),
        (FlattenWrapper, [0, 3, 0], [1, 2, 0], np.array([2])),
        (FlattenActionWrapper, None, None, np.array([2])),
    ],
)
def test_wrapped_corridors_step_as_they_did(wrap, observation, null, action):
    sim = with_nulls()
    wrapped = wrap(sim)
    manager = AllStepManager(wrapped)
    assert manager.possible_agents == ["agent0", "agent1"]
    manager.reset(positions=[3, 0])
    stepped = manager.step({"agent0": action, "agent1": action})
    assert stepped.rewards == {"agent0": 25, "agent1": -1}
    for name in ("agent0", "agent1"):
        assert stepped.observations[name] in manager.observation_space(name)
        assert sim.agents[name].action_space == Discrete(3), "the agents inside were changed"
    ravelled = isinstance(wrapped, RavelDiscreteWrapper)
    assert wrapped.agents["agent0"].null_action == 0 if ravelled else wrapped.agents["agent0"].null_action.tolist() == [0]
    assert wrapped.agents["agent1"].null_action is None
    if observation is not None:
        inside = sim.get_obs("agent1")
        assert same(wrapped.unwrap_observation(sim.agents["agent1"], wrapped.get_obs("agent1")), inside)
        assert wrapped.unwrap_action(sim.agents["agent1"], 2) == 2
        assert np.array_equal(
            wrapped.agents["agent0"].null_observation,
            null if not ravelled else ravel(sim.agents["agent0"].observation_space, sim.agents["agent0"].null_observation),
        )


def test_wrappers_hand_on_what_a_getter_is_asked():
    """Abmarl's drops the arguments of `get_obs`, so that messages are never fused in a wrapper around one."""

    class Asked(MultiCorridor):
        def get_obs(self, agent_id, fusion_matrix=None, **kwargs):
            self.fusion = fusion_matrix
            return super().get_obs(agent_id)

    sim = Asked()
    talking = CommunicationHandshakeWrapper(SARWrapper(sim))
    talking.reset()
    talking.get_obs("agent0")
    assert sim.fusion == {"agent1": False, "agent2": False, "agent3": False, "agent4": False}


def test_messages_are_offered_and_then_taken():
    sim = with_nulls()
    sim.get_obs = lambda name, fusion_matrix: dict(
        MultiCorridor.get_obs(sim, name), position=[int(any(fusion_matrix.values()))]
    )
    manager = AllStepManager(CommunicationHandshakeWrapper(sim))
    observations, _ = manager.reset(positions=[2, 0])
    assert observations["agent0"]["message_buffer"] == {"agent1": 0}
    assert manager.action_space("agent0")["send"] == Dict({"agent1": Discrete(2)})

    def step(sends, receives):
        actions = {
            name: {"action": 1, "send": {other: sends[name]}, "receive": {other: receives[name]}}
            for name, other in (("agent0", "agent1"), ("agent1", "agent0"))
        }
        seen = manager.step(actions).observations
        assert all(seen[name] in manager.observation_space(name) for name in seen)
        buffered = tuple(seen[name]["message_buffer"][other] for name, other in (("agent0", "agent1"), ("agent1", "agent0")))
        return buffered, tuple(int(seen[name]["obs"]["position"][0]) for name in seen)

    nobody, first, both = ({"agent0": a, "agent1": b} for a, b in ((0, 0), (1, 0), (1, 1)))
    assert step(first, both) == ((0, 1), (0, 0)), "taken before it was offered"
    assert step(nobody, both) == ((0, 0), (0, 1)), "the offer is taken, and the buffer cleared"
    assert step(both, both) == ((1, 1), (0, 0))
    assert step(nobody, first) == ((0, 0), (1, 0)), "taken only by those who consent"


def test_super_agents_see_act_and_earn_for_their_members():
    sim = MultiCorridor(5, 3)
    for agent in sim.agents.values():
        agent.null_observation = {"position": [0], "left": [0], "right": [0]}
    manager = AllStepManager(SuperAgentWrapper(sim, {"team": ["agent0", "agent2"]}))
    assert manager.possible_agents == ["team", "agent1"]
    observations, _ = manager.reset(positions=[3, 1, 0])
    assert observations["team"] in manager.observation_space("team")
    assert same(observations["team"]["mask"], {"agent0": [1], "agent2": [1]})
    stepped = manager.step({"team": {"agent0": 2, "agent2": 1}, "agent1": 1})
    assert stepped.rewards == {"team": 24.0, "agent1": -1}
    assert same(stepped.observations["team"]["agent0"], {"position": [4], "left": [0], "right": [0]}), "its last observation"
    assert same(stepped.observations["team"]["mask"], {"agent0": [0], "agent2": [1]})
    assert not stepped.terminations["team"]
    stepped = manager.step({"team": {"agent0": 0, "agent2": 1}, "agent1": 2})
    assert stepped.rewards == {"team": -1.0, "agent1": -1}, "the action of a member that is done is dropped"
    assert stepped.observations["team"]["agent0"]["position"] == [0], "its null observation"
    for _ in range(2):
        manager.step({"team": {"agent0": 0, "agent2": 1}, "agent1": 2})
    for _ in range(4):
        stepped = manager.step({"team": {"agent0": 0, "agent2": 2}})
    assert stepped.rewards == {"team": 25.0}
    assert stepped.terminations == {"team": True, "__all__": True}


def test_super_agents_warn_once_where_nothing_stands_for_a_member_that_is_done():
    sim = SuperAgentWrapper(MultiCorridor(5, 2), {"team": ["agent0", "agent1"]})
    sim.reset(positions=[3, 0])
    sim.step({"team": {"agent0": 2, "agent1": 1}})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.get_obs("team")
    with pytest.warns(UserWarning, match="'agent0' is done and has no null_observation"):
        sim.get_obs("team")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sim.get_obs("team")


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        (["agent0"], "is a dictionary of lists"),
        ({1: ["agent0"]}, "lists of ids"),
        ({"team": "agent0"}, "lists of ids"),
        ({"agent0": ["agent1"]}, "'agent0' is already the id"),
        ({"team": ["agent7"]}, "'team' is to cover 'agent7', which is no agent"),
        ({"team": ["wall"]}, "'wall' does not learn"),
        ({"team": ["agent0"], "other": ["agent0"]}, "covered by 'team' and by 'other'"),
    ],
)
def test_wrong_super_agents_are_named(mapping, says):
    sim = MultiCorridor(5, 2)
    sim.agents["wall"] = PrincipleAgent(id="wall")
    with pytest.raises(Mistake, match=says):
        SuperAgentWrapper(sim, mapping)


def test_super_agents_cover_dynamic_orders_and_can_change():
    sim = SuperAgentWrapper(Named(), {"team": ["agent0", "agent3"]})
    manager = DynamicOrderManager(sim)
    assert list(manager.reset()[0]) == ["team"]
    stepped = manager.step({"team": {"agent3": ["agent0", "agent1"]}})
    assert list(stepped.observations) == ["team", "agent1"]
    assert not stepped.terminations["team"]
    with pytest.raises(Mistake, match="'agent0' is covered by 'team'"):
        sim.get_reward("agent0")
    sim.super_agent_mapping = {"pair": ["agent1", "agent2"]}
    assert list(sim.agents) == ["pair", "wall", "agent0", "agent3"]
    assert [name for name in sim.agents if is_agent(sim.agents[name])] == ["pair", "agent0", "agent3"]
    assert isinstance(sim.agents["pair"], Agent)
