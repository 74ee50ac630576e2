"""To and from Gymnasium, PettingZoo, RLlib and OpenSpiel."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import api_test, parallel_api_test

from ecotone.mistakes import Mistake
from ecotone.sim import AllStepManager, DynamicOrderManager, TurnBasedManager
from ecotone.sim.games import MultiCorridor
from ecotone.sim.gymnasium import from_gymnasium, to_gymnasium
from ecotone.sim.openspiel import to_openspiel
from ecotone.sim.pettingzoo import from_pettingzoo, sim_to_pettingzoo, to_aec, to_parallel
from ecotone.sim.rllib import from_rllib, to_rllib
from ecotone.sim.wrappers import RavelDiscreteWrapper
from tests.sim.test_managers import Named

LEFT, STAY, RIGHT = MultiCorridor.Actions
MANAGERS = {"all": AllStepManager, "turns": TurnBasedManager}


def play(manager, steps=60, seed=4):
    """Everything that random actions bring, one line a report; episodes follow each other."""
    told, choose = [], np.random.default_rng(1)
    observations, _ = manager.reset(seed=seed)
    told.append(("reset", observations))
    asked = list(observations)
    for _ in range(steps):
        step = manager.step({name: int(choose.integers(3)) for name in asked})
        over = step[2]["__all__"] or step[3]["__all__"]
        told.append(step[:4])
        asked = [name for name in step[0] if not (step[2][name] or step[3][name])]
        if over:
            observations, _ = manager.reset(seed=seed + 1)
            asked = list(observations)
    return told


@pytest.mark.parametrize("order", MANAGERS)
@pytest.mark.parametrize("way", ["rllib", "pettingzoo"])
def test_there_and_back_again_changes_nothing(order, way):
    manager = lambda: MANAGERS[order](MultiCorridor(3, 2), horizon=9)
    plain = play(manager())
    back = from_rllib(to_rllib(manager())) if way == "rllib" else from_pettingzoo(sim_to_pettingzoo(manager()))
    returned = play(DynamicOrderManager(back))
    assert sum(step[3]["__all__"] for step in plain[1:]) > 0
    assert sum(step[2]["__all__"] for step in plain[1:]) > 0
    for ours, theirs in zip(plain, returned, strict=True):
        assert str(ours[0]) == str(theirs[0])
        assert ours[1:2] == theirs[1:2]
        for mine, other in zip(ours[2:], theirs[2:], strict=True):
            assert {n: f for n, f in mine.items() if n != "__all__"} == {n: f for n, f in other.items() if n != "__all__"}


def test_pettingzoo_finds_nothing_wrong(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # observations that are dicts, and names without a number, are called unusual
        parallel_api_test(to_parallel(AllStepManager(MultiCorridor(4, 3), horizon=20)), num_cycles=60)
        for manager in MANAGERS.values():
            api_test(to_aec(manager(MultiCorridor(4, 3), horizon=20)), num_cycles=40)
    assert "Passed" in capsys.readouterr().out
    with pytest.raises(Mistake, match="with TurnBasedManager agents wait"):
        to_parallel(TurnBasedManager(MultiCorridor()))


def test_rllib_environments_know_who_is_left():
    env = to_rllib(AllStepManager(MultiCorridor(4, 2)))
    env.reset(seed=1, options={"positions": [2, 0]})
    *_, truncated, _ = env.step({"agent0": RIGHT, "agent1": STAY})
    assert (env.agents, truncated["__all__"]) == (["agent1"], False)
    assert list(env.observation_space.spaces) == ["agent0", "agent1"] == env.possible_agents
    with pytest.raises(Mistake, match="object has no `possible_agents`"):
        from_rllib(object())


def test_one_agent_is_a_gymnasium_environment():
    env = to_gymnasium(AllStepManager(MultiCorridor(4, 1), horizon=5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(env, skip_close_check=True)
    env.reset(options={"positions": [2]})
    assert env.step(RIGHT)[1:4] == (16.0, True, False)
    env.reset(options={"positions": [0]})
    assert [env.step(STAY)[3] for _ in range(5)] == [False] * 4 + [True]
    with pytest.raises(Mistake, match="one learning agent, but this simulation has agent0, agent1"):
        to_gymnasium(AllStepManager(MultiCorridor(4, 2)))


def test_gymnasium_environments_are_simulations():
    here, there = gymnasium.make("CartPole-v1", max_episode_steps=6), gymnasium.make("CartPole-v1", max_episode_steps=6)
    env = to_gymnasium(AllStepManager(from_gymnasium(there)))
    for seed in (2, 3):
        np.testing.assert_array_equal(here.reset(seed=seed)[0], env.reset(seed=seed)[0])
        for _ in range(6):
            mine, other = here.step(1), env.step(1)
            np.testing.assert_array_equal(mine[0], other[0])
            assert mine[1:4] == other[1:4]
        assert other[3]


def test_openspiel_is_shown_everybody_until_the_end():
    env = to_openspiel(AllStepManager(RavelDiscreteWrapper(MultiCorridor(4, 2))), {"agent0": 0.9, "agent1": 1})
    first = env.reset(positions=[2, 0])
    assert first.first()
    assert first.rewards is first.discounts is None
    assert first.observations["legal_actions"] == {"agent0": [0, 1, 2], "agent1": [0, 1, 2]}
    step = env.step([RIGHT, STAY])
    assert (step.mid(), step.rewards, step.discounts) == (True, {"agent0": 16, "agent1": -1}, {"agent0": 0.9, "agent1": 1})
    assert step.observations["current_player"] == "agent1"
    at_end = step.observations["info_state"]["agent0"]
    for reward in (-1, -1, 16):
        step = env.step([LEFT, RIGHT])  # what is chosen for the one who is done is dropped
        assert step.rewards == {"agent0": 0, "agent1": reward}
        assert step.observations["info_state"]["agent0"] == at_end
    assert step.last()
    assert step.discounts == {"agent0": 0.0, "agent1": 0.0}
    assert env.step([0, 0]).first(), "behind an end, the next episode begins"
    assert env.observation_spec()["agent0"] == {"info_state": (16,), "legal_actions": (3,), "current_player": ()}
    assert env.action_spec()["agent1"] == {"num_actions": 3, "min": 0, "max": 2, "dtype": int}


def test_openspiel_takes_turns_and_trains_its_own_agents():
    from open_spiel.python.algorithms.tabular_qlearner import QLearner

    env = to_openspiel(TurnBasedManager(RavelDiscreteWrapper(MultiCorridor(4, 2)), horizon=30))
    learners = {name: QLearner(player_id=name, num_actions=3) for name in env.agents}

    def length(seed: int, greedy: bool) -> int:
        step, taken = env.reset(seed=seed), 0
        while not step.last():
            player = step.observations["current_player"]
            step, taken = env.step([learners[player].step(step, is_evaluation=greedy).action]), taken + 1
        for learner in learners.values():
            learner.step(step, is_evaluation=greedy)
        return taken

    np.random.seed(0)  # noqa: NPY002 (OpenSpiel's learners draw from NumPy's global generator)
    before = np.mean([length(seed, greedy=True) for seed in range(20)])
    for seed in range(200):
        length(seed, greedy=False)
    after = np.mean([length(seed, greedy=True) for seed in range(20)])
    assert after < 0.5 * before, "who has learned walks straight to the end"


@pytest.mark.parametrize(
    ("manager", "discounts", "says"),
    [
        (lambda: AllStepManager(MultiCorridor()), 1.0, "agent 'agent0' has other spaces: use RavelDiscreteWrapper"),
        (lambda: DynamicOrderManager(Named()), 1.0, "no dynamic order"),
        (lambda: AllStepManager(RavelDiscreteWrapper(MultiCorridor(4, 2))), {"agent0": 1}, "one for each of agent0, agent1"),
    ],
)
def test_what_openspiel_cannot_do_is_said(manager, discounts, says):
    with pytest.raises(Mistake, match=says):
        to_openspiel(manager(), discounts)
    env = to_openspiel(AllStepManager(RavelDiscreteWrapper(MultiCorridor(4, 2))))
    env.reset()
    with pytest.raises(Mistake, match="1 actions were given, but agent0, agent1 choose"):
        env.step([0])


def test_a_gymnasium_space_is_enough():
    sim = from_gymnasium(gymnasium.make("FrozenLake-v1"), null_observation=0, null_action=0)
    assert sim.agents["agent"].action_space == Discrete(4)
    assert sim.agents["agent"].null_action == 0


class Late:
    """`b` joins at the second step, is paid although it waits, and `c` never comes; then everything is cut short."""

    possible_agents = ("a", "b", "c")
    observation_spaces = action_spaces = dict.fromkeys(possible_agents, Discrete(5))

    def reset(self, seed=None, options=None):
        self.steps = 0
        return {"a": 1}, {}

    def step(self, actions):
        self.steps += 1
        shown = ({}, {"b": 2}, {"a": 3}, {"a": 4, "b": 4})[self.steps] if actions else {}
        return shown, {"b": 1.0} if self.steps > 1 else {}, {}, {"__all__": self.steps == 3}, {}


def test_agents_that_join_wait_or_never_come():
    manager = DynamicOrderManager(from_rllib(Late()))
    assert manager.reset()[0] == {"a": 1}
    assert manager.step({"a": 0})[:2] == ({"b": 2}, {"b": 0.0})
    assert manager.step({"b": 0})[:2] == ({"a": 3}, {"a": 0.0})
    told = manager.step({"a": 0})
    assert told.observations == {"a": 4, "b": 4, "c": 0}
    assert told.rewards == {"a": 0.0, "b": 2.0, "c": 0.0}
    assert told.truncations == {"a": True, "b": True, "c": True, "__all__": True}
