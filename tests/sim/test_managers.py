"""Who reports, who acts, and how episodes end."""

# ruff: noqa: NPY002 - simulations draw from the shared generators, and copies must not disturb each other

import copy
import random
from collections import Counter

import numpy as np
import pytest
from gymnasium.spaces import Discrete

from ecotone.mistakes import Mistake
from ecotone.sim import (
    Agent,
    AgentBasedSimulation,
    AllStepManager,
    DynamicOrderManager,
    DynamicOrderSimulation,
    PrincipleAgent,
    TurnBasedManager,
)
from ecotone.sim.games import MultiCorridor

LEFT, STAY, RIGHT = MultiCorridor.Actions


class Named(DynamicOrderSimulation):
    """Who acts is done; actions name who is next. There is an entity that nobody asks."""

    def __init__(self, count=4):
        learning = {
            f"agent{i}": Agent(id=f"agent{i}", observation_space=Discrete(9), action_space=Discrete(2)) for i in range(count)
        }
        self.agents = {"wall": PrincipleAgent(id="wall"), **learning}
        self.finalize()

    def reset(self, first="agent3", **kwargs):
        self.next_agent, self.done, self.cut, self.order = first, set(), set(), []

    def step(self, action_dict, **kwargs):
        self.order.append(list(action_dict))
        self.done |= set(action_dict)
        self.next_agent = {name for named in action_dict.values() for name in named}

    def render(self, **kwargs):
        return np.zeros((2, 3, 3), np.uint8)

    def get_obs(self, agent_id, **kwargs):
        return int(agent_id[-1])

    def get_reward(self, agent_id, **kwargs):
        return 1.0

    def get_done(self, agent_id, **kwargs):
        return agent_id in self.done

    def get_all_done(self, **kwargs):
        return False

    def get_info(self, agent_id, **kwargs):
        return {"about": agent_id}

    def get_truncated(self, agent_id, **kwargs):
        return agent_id in self.cut


class Drawing(Named):
    """Observations, order and all come from the three generators that a simulation may draw from."""

    def reset(self, **kwargs):
        super().reset(first=list(self.agents)[1:])

    def step(self, action_dict, **kwargs):
        self.order.append(list(action_dict))

    def get_obs(self, agent_id, **kwargs):
        return int(np.random.randint(3) + random.randrange(3) + self.generator.integers(3))


def dones(stepped):
    return {name: stepped.terminations[name] or stepped.truncations[name] for name in stepped.terminations}


def test_dynamic_order_gives_the_golden_trace():
    manager = DynamicOrderManager(Named())
    assert manager.reset() == ({"agent3": 3}, {"agent3": {}})
    stepped = manager.step({"agent3": ["agent0", "agent3"]})
    assert stepped.observations == {"agent0": 0, "agent3": 3}
    assert dones(stepped) == {"agent0": False, "agent3": True, "__all__": False}
    assert stepped.rewards == {"agent0": 1.0, "agent3": 1.0}
    assert stepped.infos == {name: {"about": name} for name in ("agent0", "agent3")}
    stepped = manager.step({"agent0": ["agent1"]})
    assert stepped.observations == {"agent1": 1}
    assert dones(stepped) == {"agent1": False, "__all__": False}
    stepped = manager.step({"agent1": ["agent0", "agent2"]})
    assert dones(stepped) == {"agent0": True, "agent2": False, "__all__": False}
    stepped = manager.step({"agent2": ["agent1", "agent2"]})
    assert dones(stepped) == {"agent1": True, "agent2": True, "__all__": True}


def test_dynamic_order_needs_somebody_alive_and_a_simulation_that_names_them():
    manager = DynamicOrderManager(Named())
    manager.reset()
    with pytest.raises(Mistake, match="step 1: `next_agent` names nobody who is alive"):
        manager.step({"agent3": ["agent3"]})
    with pytest.raises(Mistake, match="'agent9' is none of the simulation's: wall, agent0"):
        manager.reset(first="agent9")
    with pytest.raises(Mistake, match="MultiCorridor is no DynamicOrderSimulation"):
        DynamicOrderManager(MultiCorridor())


def test_turns_go_round_and_begin_anew_with_every_episode():
    """Abmarl's cycle goes on where the episode before ended, so that its second episode begins with another agent."""
    manager = TurnBasedManager(MultiCorridor())
    observations, _ = manager.reset(positions=[8, 7, 6, 4, 5])
    assert observations == {"agent0": {"position": [8], "left": [1], "right": [0]}}
    for name, reward in (("agent1", 0), ("agent2", 0), ("agent3", 0), ("agent4", -2)):
        stepped = manager.step({next(iter(observations)): RIGHT})
        observations = stepped.observations
        assert stepped.rewards == {name: reward}
        assert dones(stepped) == {name: False, "__all__": False}
    stepped = manager.step({"agent4": RIGHT})
    assert stepped.observations == {
        "agent0": {"position": [9], "left": [1], "right": [0]},
        "agent1": {"position": [8], "left": [1], "right": [0]},
    }
    assert stepped.rewards == {"agent0": 100, "agent1": -1}
    assert stepped.terminations == {"agent0": True, "agent1": False, "__all__": False}
    with pytest.raises(Mistake, match="step 5 has an action for 'agent0', but it is done"):
        manager.step({"agent0": STAY})
    manager.step({"agent1": RIGHT})
    assert list(manager.reset()[0]) == ["agent0"]


def test_all_step_reports_the_end_of_an_agent_once():
    manager = AllStepManager(MultiCorridor(5, 2))
    observations, _ = manager.reset(positions=[3, 0])
    assert list(observations) == ["agent0", "agent1"]
    stepped = manager.step({"agent0": RIGHT, "agent1": LEFT})
    assert stepped.rewards == {"agent0": 25, "agent1": -5}
    assert stepped.terminations == {"agent0": True, "agent1": False, "__all__": False}
    stepped = manager.step({"agent1": RIGHT})
    assert list(stepped.observations) == list(stepped.infos) == ["agent1"]
    for _ in range(3):
        stepped = manager.step({"agent1": RIGHT})
    assert stepped.terminations == {"agent1": True, "__all__": True}
    assert stepped.truncations == {"agent1": False, "__all__": False}
    with pytest.raises(Mistake, match="it is done"):
        manager.step({"agent1": STAY})


def test_a_horizon_cuts_the_episode_short_for_all_who_live():
    manager = TurnBasedManager(MultiCorridor(5, 3), horizon=2)
    manager.reset(positions=[3, 1, 0])
    manager.step({"agent0": RIGHT})
    stepped = manager.step({"agent1": STAY})
    assert list(stepped.observations) == ["agent0", "agent1", "agent2"]
    assert stepped.terminations == {"agent0": True, "agent1": False, "agent2": False, "__all__": False}
    assert stepped.truncations == {"agent0": False, "agent1": True, "agent2": True, "__all__": True}
    with pytest.raises(Mistake, match="horizon is 0"):
        TurnBasedManager(MultiCorridor(), horizon=0)


def test_a_simulation_tells_which_of_its_endings_cut_short():
    manager = AllStepManager(Named(2))
    manager.reset(options={"first": "agent0"})
    manager.sim.cut = {"agent0"}
    stepped = manager.step({"agent0": [], "agent1": []})
    assert stepped.terminations == {"agent0": False, "agent1": True, "__all__": False}
    assert stepped.truncations == {"agent0": True, "agent1": False, "__all__": True}


def test_wrong_actions_are_named():
    manager = TurnBasedManager(Named())
    manager.reset()
    for name, why in (
        ("agent1", "it was not asked"),
        ("nobody", "no such agent: the agents are agent0"),
        ("wall", "both see and act"),
    ):
        with pytest.raises(Mistake, match=f"step 0 has an action for '{name}', but .*{why}"):
            manager.step({name: []})


def test_what_is_no_simulation_is_named():
    with pytest.raises(Mistake, match="dict is no AgentBasedSimulation: it has no reset, step"):
        AllStepManager({})
    with pytest.raises(Mistake, match="no agent that both sees and acts"):
        AllStepManager(Named(0))


def test_a_seed_decides_all_draws_of_a_copy_and_leaves_the_process_alone():
    def play(manager, others=(), seed=7):
        told = [manager.reset(seed=seed)]
        for _ in range(10):
            told.append(manager.step(dict.fromkeys(manager.possible_agents, 0)))
            for other in others:
                other.step(dict.fromkeys(other.possible_agents, 0))
        return told, manager.sim.order

    alone = play(AllStepManager(Drawing(), randomize_action_input=True))
    other = AllStepManager(Drawing())
    other.reset(seed=3)
    random.seed(1)
    np.random.seed(1)
    beside = play(AllStepManager(Drawing(), randomize_action_input=True), [other])
    after = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    assert after == (random.random(), np.random.random())
    assert alone == beside
    assert alone != play(AllStepManager(Drawing(), randomize_action_input=True), seed=8)
    first = Counter(order[0] for order in alone[1])
    assert len(first) > 1, "the order of actions is never changed"


def test_copies_go_their_own_ways():
    manager = AllStepManager(Drawing())
    manager.reset(seed=5)
    twin = copy.deepcopy(manager)
    assert twin.step({"agent0": 0}) == manager.step({"agent0": 0})
    assert twin.sim.agents["agent0"] is not manager.sim.agents["agent0"]


def test_pictures_come_from_figures_or_from_the_simulation():
    manager = AllStepManager(MultiCorridor())
    manager.reset(seed=0)
    drawn = manager.render()
    assert drawn.dtype == np.uint8
    assert drawn.shape == (480, 640, 3)
    assert drawn.std() > 5
    assert AllStepManager(Named()).render().shape == (2, 3, 3)


def test_agents_say_what_is_wrong_with_them():
    with pytest.raises(Mistake, match=r"an agent's id is a string, not None: Agent\(id='agent0'\)"):
        Agent()
    with pytest.raises(Mistake, match="seed of agent 'a' is a whole number"):
        Agent(id="a", seed=1.5)
    with pytest.raises(Mistake, match="the action space of agent 'a' is a Gymnasium space"):
        Agent(id="a", action_space=3)
    with pytest.raises(Mistake, match="agent 'a' needs an observation space"):
        Agent(id="a", action_space=Discrete(2)).finalize()
    with pytest.raises(Mistake, match="the null action of agent 'a' is 5"):
        Agent(id="a", action_space=Discrete(2), null_action=5, observation_space=Discrete(2)).finalize()
    with pytest.raises(Mistake, match="under the key 'b' has the id 'a'"):
        MultiCorridor().agents = {"b": PrincipleAgent(id="a")}
    with pytest.warns(UserWarning, match="PrincipleAgent 'a' has no use for 'colour'"):
        PrincipleAgent(id="a", colour="red")
    spaces = lambda: {"observation_space": {"x": {"y": Discrete(2)}}, "action_space": (Discrete(99), Discrete(99))}
    agent, twin, other = (Agent(id="a", seed=seed, **spaces()) for seed in (3, 3, 4))
    for each in (agent, twin, other):
        each.finalize()
    assert agent.observation_space["x"]["y"] == Discrete(2)
    assert agent.action_space.sample() == twin.action_space.sample() != other.action_space.sample()
    assert agent.configured
    assert isinstance(MultiCorridor(), AgentBasedSimulation)
