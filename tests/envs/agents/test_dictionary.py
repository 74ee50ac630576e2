"""Copies of environments that speak in dictionaries, as a stream."""

import jax
import numpy as np
import pytest
from gymnasium import spaces

from ecotone.envs.agents.dictionary import DictionaryEnvironment, DictionaryStream
from ecotone.mistakes import Mistake
from ecotone.teams import MultiAgentStream
from tests.envs.agents.told import Count, Told

ONE, TWO = np.ones(2, np.float32), np.full(2, 2.0, np.float32)
OTHER = np.full(3, 3.0, np.float32)


def told(*script, lanes=1, **options):
    """The rows that a script gives in one copy, and the environment; every choice is 0, 1, 2 by agent."""
    stream = DictionaryStream(lambda: Told(script, **options), lanes, seed=0)
    action = {name: np.tile(np.arange(len(team.agents), dtype=np.int32), (lanes, 1)) for name, team in stream.teams.items()}
    rows = [stream.start()[1]]
    rows += [stream.step(None, action)[1] for _ in script[1:]]
    return rows, stream.environments[0]


def flags(now, team):
    """`(is_first, asks, ends, reward, discount)` of a team in copy 0, as lists."""
    return [np.asarray(getattr(now, f)[team][0]).tolist() for f in ("is_first", "asks", "ends", "reward", "discount")]


def test_agents_wait_join_leave_and_return():
    rows, env = told(
        ({"a_0": ONE},),
        ({"a_1": TWO}, {"a_0": 1.0}),  # a_0 waits and is paid, a_1 joins
        ({"a_0": TWO, "b": OTHER}, {"a_0": 2.0, "a_1": 0.5}, {"a_1": True}),  # a_1 leaves without a last look
        ({"a_1": ONE}, {"a_0": 4.0, "a_1": 9.0}, {}, {"b": False}),  # a_1 returns
        ({"a_0": ONE, "a_1": ONE, "b": OTHER}, {"b": 1.0}, {"a_0": True}, {"__all__": True}),
    )
    assert [flags(now, "a") for now in rows] == [
        [[True, False], [True, False], [False, False], [0, 0], [1, 1]],
        [[False, True], [False, True], [False, False], [1, 0], [1, 1]],
        [[False, False], [True, False], [False, True], [2, 0.5], [1, 0]],
        [[False, True], [False, True], [False, False], [4, 9], [1, 1]],
        [[False, False], [False, False], [True, True], [0, 0], [0, 1]],
    ]
    assert [flags(now, "b")[:3] for now in rows[2:]] == [
        [[True], [True], [False]],
        [[False]] * 3,
        [[False], [False], [True]],
    ]
    assert [now.over.tolist() for now in rows] == [[False]] * 4 + [[True]]
    np.testing.assert_array_equal(rows[2].observation["a"][0], [TWO, TWO])
    assert env.taken == [{"a_0": 0}, {"a_1": 1}, {"a_0": 0, "b": 0}, {"a_1": 1}]


def test_an_episode_is_over_when_nobody_is_left_and_the_next_row_begins_another():
    script = ({"a_0": ONE, "b": OTHER},), ({"a_0": TWO}, {"a_0": 1}, {"b": True, "a_0": True})
    stream = DictionaryStream(lambda: Told(script), 2, seed=3)
    action = {"a": np.zeros((2, 2), np.int32), "b": np.zeros((2, 1), np.int32)}
    stream.start()
    assert stream.step(None, action)[1].over.all()
    now = stream.step(None, action)[1]
    assert flags(now, "a") == [[True, False], [True, False], [False, False], [0, 0], [1, 1]]
    assert not now.over.any()
    seeds = [seed for env in stream.environments for seed in env.seeds]
    assert len(set(seeds)) == 4


def test_teams_are_agents_of_equal_spaces():
    teams = DictionaryStream(lambda: Told(()), 1, 0).teams
    assert {name: team.agents for name, team in teams.items()} == {"a": ("a_0", "a_1"), "b": ("b",)}
    teams = DictionaryStream(lambda: Told((), ("x", "y", "b_1", "b_2")), 1, 0).teams
    assert {name: team.agents for name, team in teams.items()} == {"x": ("x", "y"), "b": ("b_1", "b_2")}


BEGIN = ({"a_0": ONE, "a_1": ONE},)


@pytest.mark.parametrize(
    ("script", "simultaneous", "message"),
    [
        (
            [BEGIN, ({"a_0": ONE},)],
            True,
            r"agent 'a_1' is missing from the observations at step 1 .*\(copy 0\).*simultaneous",
        ),
        ([({"a_0": ONE},), ({"a_0": ONE, "a_1": ONE},)], True, r"agent 'a_1' joined .* at step 1"),
        ([({"a_O": ONE},)], False, r"agent 'a_O' in the observations at step 0 .*Did you mean 'a_1' or 'a_0'"),
        ([BEGIN, ({"a_0": ONE}, {"c": 1.0})], False, "agent 'c' in the rewards at step 1"),
        ([BEGIN, ({"a_0": ONE}, {"__all__": 1.0})], False, "agent '__all__' in the rewards at step 1"),
        ([BEGIN, ({"a_0": ONE}, {}, {}, {"c": False})], False, "agent 'c' in the truncations at step 1"),
        ([BEGIN, (None,)], False, "the observations at step 1 .* are a NoneType, not a dict by agent"),
        (
            [BEGIN, ({"a_0": OTHER},)],
            False,
            r"agent 'a_0' at step 1 .*: its observation has the shape \(3,\), .* says \(2,\)",
        ),
        ([BEGIN, ({"a_1": 10 * ONE},)], False, "agent 'a_1' at step 1 .*: its observation has 10.0 in it, .* 0.0 to 9.0"),
        ([BEGIN, ({"a_1": np.nan * ONE},)], False, r"agent 'a_1' at step 1 .*: its observation is not finite \(nan\)"),
        (
            [BEGIN, ({"a_1": np.array(["x", "y"])},)],
            False,
            "agent 'a_1' at step 1 .*: its observation has elements of type <U1",
        ),
        (
            [BEGIN, ({"a_0": ONE}, {"a_1": float("nan")})],
            False,
            "agent 'a_1' got the reward nan at step 1.*one finite number",
        ),
        ([BEGIN, ({"a_0": ONE}, {"a_1": "much"})], False, "agent 'a_1' got the reward much at step 1"),
        ([BEGIN, ({"a_0": ONE}, {"b": 1.0})], False, "agent 'b' got the reward 1 before it was there at step 1"),
        (
            [BEGIN, ({"a_0": ONE}, {}, {}, {"a_1": True})],
            False,
            "agent 'a_1' was truncated without a final observation at step 1",
        ),
        ([BEGIN, ({},)], False, "nobody is asked for an action at step 1 .*: agents are there, but none is observed"),
        ([BEGIN, ({}, {}, {"a_0": True, "a_1": True, "__all__": False})], False, "nobody is asked .*: no agent is left"),
        ([({},)], False, "nobody is asked for an action at step 0"),
    ],
)
def test_what_is_malformed_is_told_with_agent_and_step(script, simultaneous, message):
    with pytest.raises(Mistake, match=message):
        told(*script, simultaneous=simultaneous)


def test_ends_are_told_once_and_zero_rewards_of_the_absent_are_nothing():
    rows, _ = told(BEGIN, (BEGIN[0], {"b": 0.0}, {"a_0": True}), (BEGIN[0], {}, {"a_0": True}), simultaneous=True)
    assert flags(rows[2], "a")[:3] == [[False, False], [False, True], [False, False]]


def test_wrong_numbers_in_parts_and_choices_are_told():
    seen = spaces.Dict({"at": spaces.Discrete(4, start=2), "action_mask": spaces.MultiBinary(3)})
    shown = lambda at, mask: ({"a": {"at": at, "action_mask": np.array(mask)}},)
    with pytest.raises(Mistake, match=r"agent 'a' at step 0 .*: its observation's part 'at' has 6 in it, .* 2 to 5"):
        told(shown(6, [1, 1, 1]), agents=("a",), seen=seen)
    with pytest.raises(Mistake, match=r"agent 'a' at step 0 .*: its part 'action_mask' lets it choose nothing"):
        told(shown(2, [0, 0, 0]), agents=("a",), seen=seen)
    with pytest.raises(
        Mistake, match=r"agent 'a' at step 0 .*: its observation does not fit its space: .*\['action_mask', 'at'\]"
    ):
        told(({"a": {"at": 2}},), agents=("a",), seen=seen)
    with pytest.raises(Mistake, match=r"agent 'a' at step 0 .*: its observation's part 'at' has elements of type float64"):
        told(shown(2.5, [1, 1, 1]), agents=("a",), seen=seen)
    rows, _ = told(shown(5, [0, 1, 0]), agents=("a",), seen=seen)
    np.testing.assert_array_equal(rows[0].observation["a"]["at"], [[3]])


def test_continuous_actions_arrive_in_the_environments_units():
    done = spaces.Box(-2.0, 4.0, (1,), np.float64)
    stream = DictionaryStream(lambda: Told([({"a": ONE},)] * 2, ("a",), done=done), 1, 0)
    stream.start()
    stream.step(None, {"a": np.zeros((1, 1, 1), np.float32)})
    taken = stream.environments[0].taken[0]["a"]
    assert (taken.tolist(), taken.dtype) == ([1.0], np.float64)


def test_an_environment_that_lacks_something_is_told():
    class Lacks(Told):
        observation_space = None

    with pytest.raises(Mistake, match="has no observation space for agent 'a_0'"):
        DictionaryStream(lambda: Lacks(()), 1, 0)
    with pytest.raises(Mistake, match="it needs `possible_agents`"):
        DictionaryStream(object, 1, 0)
    with pytest.raises(Mistake, match=r"agent 'a_0': the action space .* is not supported"):
        DictionaryStream(lambda: Told((), done=spaces.Text(3)), 1, 0)
    with pytest.raises(Mistake, match="must name one agent at least"):
        DictionaryStream(lambda: Told((), ()), 1, 0)


def run(stream, steps, seed=0, state=None):
    """Rows of seeded random choices."""
    draw, rows = np.random.default_rng(seed), []
    for _ in range(steps):
        rows.append(stream.step(state, {"a": draw.integers(0, 2, (2, 2)).astype(np.int32)})[1])
    return rows


def test_a_seed_gives_the_same_rows_twice_and_a_saved_stream_goes_on_as_it_would_have():
    assert isinstance(Count(), DictionaryEnvironment)
    stream, again = (DictionaryStream(Count, 2, seed=5) for _ in range(2))
    assert isinstance(stream, MultiAgentStream)
    assert stream.simultaneous
    assert stream.state_space.dtype == "int32"
    stream.start()
    before = run(stream, 7)
    saved, last = stream.save(), before[-1]
    after = run(stream, 12, seed=1)
    again.restore(saved)
    _, now = again.start()
    for ours, theirs in ((now, last._replace(reward=now.reward, discount=now.discount)), (run(again, 12, seed=1), after)):
        jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    assert not now.reward["a"].any()
    assert sum(row.ends["a"].sum() for row in after) > 2  # both kinds of end were seen
    assert {float(d) for row in after for d in row.discount["a"][row.ends["a"]]} == {0.0, 1.0}
    np.testing.assert_array_equal(after[-1].state, after[-1].observation["a"]["count"])


class Backwards(Count):
    """Names its agents the other way round in every dictionary."""

    def reset(self, seed=None, options=None):
        observations, infos = super().reset(seed)
        return turned(observations), infos

    def step(self, actions):
        return tuple(map(turned, super().step(turned(actions))))


def turned(by_agent):
    return dict(reversed(by_agent.items()))


def test_the_order_of_agents_in_dictionaries_does_not_matter():
    streams = [DictionaryStream(kind, 2, seed=5) for kind in (Count, Backwards)]
    ours, theirs = ([stream.start()[1], *run(stream, 15)] for stream in streams)
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_tasks_reach_every_copy():
    stream = DictionaryStream(Count, 2, seed=0, state=False)
    stream.set_task(9)
    assert [env.most for env in stream.environments] == [9, 9]
    assert stream.start()[1].state == ()
    assert stream.state_space is None
    with pytest.raises(Mistake, match="no method `set_task`"):
        DictionaryStream(lambda: Told((BEGIN,)), 1, 0).set_task(1)
