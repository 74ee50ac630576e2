"""What groups see of many agents: folded, central, joint, padded; in the order of the world."""

import jax
import numpy as np
import pytest
from gymnasium import spaces

from ecotone import DQN, PPO, QMIX, Group, NormalizeObservations
from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.envs.agents.grouped import LocalGrouped
from ecotone.envs.agents.seats import seats
from ecotone.groups import ALL, World, divide, only_group
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Dict, Discrete, MultiDiscrete
from tests.envs.agents.told import Count, Told

ONE, TWO, OTHER = np.ones(2, np.float32), np.full(2, 2.0, np.float32), np.full(3, 3.0, np.float32)
SCRIPT = (
    ({"a_0": ONE, "b": OTHER},),
    ({"a_1": TWO}, {"a_0": 1.0, "b": 0.5}),
    ({"a_0": TWO, "b": OTHER}, {"a_0": 2.0, "a_1": 0.25}, {"a_1": True}),
    ({"a_0": ONE, "b": OTHER}, {"b": 1.0}, {"a_0": True}, {"__all__": True}),
    (),
)
"""The fourth step ends the episode; at the fifth another begins as the first did."""


def play(groups, script=SCRIPT, make=None):
    """Time steps of one copy as groups see them, and the environment."""
    stream = DictionaryStream(make or (lambda: Told(script)), 1, seed=0)
    world = World.of(stream)
    grouped = LocalGrouped(stream, world, seats(groups, world))
    state, now = grouped.start()
    rows = [now]
    for _ in script[1:]:
        spaces_of = {name: spec.action for name, spec in grouped.spec.items()}
        action = {n: np.zeros((len(now.asks[n]), *space.shape), space.dtype) for n, space in spaces_of.items()}
        state, now = grouped.step(state, action)
        rows.append(now)
    return rows, grouped


def told(rows, field, name):
    return [np.asarray(getattr(row, field)[name]).tolist() for row in rows]


def test_folded_lanes_and_the_whole():
    rows, grouped = play({"most": Group(PPO(), ("a",)), "rest": Group(DQN())})
    assert grouped.spec["most"].observation == Box((2,), low=0.0, high=9.0)
    assert told(rows, "asks", "most") == [[True, False], [False, True], [True, False], [False, False], [True, False]]
    assert told(rows, "is_first", "most") == [[True, False], [False, True], [False, False], [False, False], [True, False]]
    assert told(rows, "reward", "most") == [[0, 0], [1, 0], [2, 0.25], [0, 0], [0, 0]]
    assert told(rows, "discount", "most")[2:4] == [[1, 0], [0, 1]]
    assert [row.observation[ALL]["most"].tolist() for row in rows][2:4] == [[True, True], [True, False]]
    assert told(rows, "asks", ALL) == [[True], [True], [True], [False], [True]]
    assert told(rows, "is_first", ALL) == [[True], [False], [False], [False], [True]]
    assert told(rows, "reward", ALL)[1:4] == [[[1, 0, 0.5]], [[2, 0.25, 0]], [[0, 0, 1]]]


def test_a_joint_lane_is_asked_while_any_member_is_and_pays_all():
    rows, grouped = play({"team": Group(QMIX(), ("a",)), "rest": Group(PPO())})
    assert grouped.spec["team"].action == MultiDiscrete((3, 3))
    assert told(rows, "asks", "team") == [[True], [True], [True], [False], [True]]
    assert told(rows, "is_first", "team") == [[True], [False], [False], [False], [True]]
    assert told(rows, "reward", "team") == [[0], [1], [2.25], [0], [0]]
    assert told(rows, "discount", "team") == [[1], [1], [1], [0], [1]]
    seen = [row.observation["team"] for row in rows]
    assert [s["present"].tolist() for s in seen[:4]] == [[[1, 0]], [[0, 1]], [[1, 0]], [[0, 0]]]
    assert [s["rewards"].tolist() for s in seen[:4]] == [[[0, 0]], [[1, 0]], [[2, 0.25]], [[0, 0]]]
    np.testing.assert_array_equal(seen[1]["agents"][0, 1], TWO)
    assert grouped.stream.environments[0].taken[0] == {"a_0": 0, "b": 0}


def test_central_rows_show_the_state_beside_each_agents_own():
    groups = {"all": Group(PPO(), central=True, ids=True)}
    rows, grouped = play(groups, make=Count, script=range(4))
    space = grouped.spec["all"].observation
    assert isinstance(space, Dict)
    assert [name for name, _ in space.parts] == ["action_mask", "agent", "observation", "state"]
    counts = [row.observation["all"]["observation"]["count"].tolist() for row in rows]
    assert [row.observation["all"]["state"].tolist() for row in rows] == [[c, c] for c in counts]
    assert rows[0].observation["all"]["agent"].tolist() == [[1, 0], [0, 1]]
    assert rows[0].observation["all"]["action_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]


def test_without_a_global_state_observations_are_joined_and_the_dead_are_zeros():
    script = ({"a_0": ONE, "a_1": TWO},), ({"a_0": TWO, "a_1": ONE}, {}, {"a_0": True}), ({"a_1": TWO},)
    make = lambda: Told(script, ("a_0", "a_1"), simultaneous=True)
    rows, _ = play({"all": Group(PPO(), central=True)}, script, make)
    assert [row.observation["all"]["state"][0].tolist() for row in rows] == [[1, 1, 2, 2], [2, 2, 1, 1], [0, 0, 2, 2]]


def test_unlike_agents_are_padded_where_they_share_a_policy():
    rows, grouped = play({"all": Group(PPO())})
    spec = grouped.spec["all"]
    assert spec.action == Discrete(3)
    assert rows[0].observation["all"]["observation"].tolist() == [[1, 1, 0], [0, 0, 0], [3, 3, 3]]
    assert rows[0].observation["all"]["action_mask"].tolist() == [[1, 1, 1]] * 3


class Reversed(Count):
    """Names agents in the other order in every dictionary but `possible_agents`."""

    def reset(self, seed=None, options=None):
        return tuple(map(_reversed, super().reset(seed, options)))

    def step(self, actions):
        return tuple(map(_reversed, super().step(actions)))


def _reversed(by_agent):
    return dict(reversed(by_agent.items()))


def test_the_order_of_agents_does_not_matter():
    one, _ = play({"x": Group(PPO(), ("a_0",)), "y": Group(PPO(), ("a_1",))}, range(8), Count)
    two, _ = play({"y": Group(PPO(), ("a_1",)), "x": Group(PPO(), ("a_0",))}, range(8), Reversed)
    jax.tree.map(np.testing.assert_array_equal, one, two)
    both = divide({"all": Group(PPO(), ("a_1", "a_0"))}, World.of(DictionaryStream(Count, 1, 0)))
    assert both == {"all": ("a_0", "a_1")}


WORLD = World.of(DictionaryStream(lambda: Told(SCRIPT), 1, 0))


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"x": ("a_0",), "y": ("b",)}, "agent a_1 is in no group"),
        ({"x": ("a",), "y": lambda name: name != "a_0"}, "agent a_1 is in the groups x and y"),
        ({"x": ("a_2",), "y": ()}, "group x names 'a_2', which is no agent. Did you mean 'a_1' or 'a_0'"),
        ({"x": (), "y": ()}, "groups x and y both take the agents that are left"),
        ({"x": ("a", "b"), "y": ()}, "group y has no agents"),
        ({"x/y": ()}, "'x/y' cannot be a group's name"),
    ],
)
def test_agents_are_in_one_group_each(groups, message):
    with pytest.raises(Mistake, match=message):
        divide({name: Group(PPO(), agents) for name, agents in groups.items()}, WORLD)


def test_actions_of_unlike_kinds_share_no_policy():
    def mixed():
        env = Told(SCRIPT)
        env.action_space = lambda agent: spaces.Box(-1, 1, (2,)) if agent == "b" else spaces.Discrete(3)
        return env

    with pytest.raises(Mistake, match=r"group all holds agents whose actions cannot be padded .* b: Box"):
        play({"all": Group(PPO())}, make=mixed)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": QMIX(), "joint": False}, "learns from joint rows"),
        ({"algorithm": NormalizeObservations(QMIX()), "joint": False}, "learns from joint rows"),
        ({"algorithm": PPO(), "joint": True}, "reads each agent's rows by themselves"),
        ({"algorithm": QMIX(), "shared": False}, "one learner"),
        ({"algorithm": QMIX(), "central": True}, "sees the state anyway"),
    ],
)
def test_groups_that_contradict_themselves(options, message):
    with pytest.raises(Mistake, match=message):
        Group(**options)


def test_an_algorithm_alone_gets_a_group_per_team_or_one_that_is_joint():
    assert {name: group.agents for name, group in only_group(PPO(), WORLD).items()} == {"a": ("a",), "b": ("b",)}
    assert only_group(QMIX(), WORLD)["agents"].joint
    odd = World((("a-b", WORLD.teams[0][1]), ("c", WORLD.teams[1][1])))
    assert {name: group.agents for name, group in only_group(PPO(), odd).items()} == {"a_b": ("a-b",), "c": ("c",)}
    odd = World((("1", WORLD.teams[0][1]), ("c", WORLD.teams[1][1])))
    assert list(only_group(PPO(), odd)) == ["group_0", "group_1"]
