"""Files and objects written for Abmarl, as they are."""

import dataclasses
import random
import sys
import warnings

import numpy as np
import pytest

from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.mistakes import Mistake
from ecotone.parameters import EpisodesTotal
from ecotone.runs import Run, read_experiment
from ecotone.runtime.events import EpisodeEnded, Stop
from ecotone.sim.abmarl import stand_ins
from ecotone.sim.dones import DonesEnvironment, TurnBasedManager, environment_of
from ecotone.sim.games import MultiCorridor
from ecotone.training import train

FILE = '''
import random

import numpy as np
from abmarl.external import MultiAgentWrapper
from abmarl.managers import AllStepManager
from abmarl.sim import Agent, AgentBasedSimulation, PrincipleAgent
from abmarl.tools import Box
from gymnasium.spaces import Discrete
from ray.tune.registry import register_env


class Seesaw(AgentBasedSimulation):
    """Two on a plank; everybody draws from the shared generators."""

    def __init__(self):
        self.agents = {
            name: Agent(id=name, action_space=Discrete(3), observation_space={"height": Box(-9, 9, (1,), int)}, seed=1)
            for name in ("left", "right")
        }
        self.agents["plank"] = PrincipleAgent(id="plank")
        self.finalize()

    def reset(self, **kwargs):
        self.height = int(np.random.randint(-3, 4))
        self.reward = {agent.id: 0 for agent in self.agents.values()}

    def step(self, action_dict, **kwargs):
        for agent_id, action in action_dict.items():
            self.height += (action - 1) * (1 if agent_id == "left" else -1)
            self.reward[agent_id] -= 1
        self.height += random.choice([0, 0, 1])

    def render(self, fig=None, **kwargs):
        pass

    def get_obs(self, agent_id, **kwargs):
        return {"height": [max(-9, min(9, self.height))]}

    def get_reward(self, agent_id, **kwargs):
        reward = self.reward[agent_id]
        self.reward[agent_id] = 0
        return reward

    def get_done(self, agent_id, **kwargs):
        return self.get_all_done()

    def get_all_done(self, **kwargs):
        return abs(self.height) > 5

    def get_info(self, agent_id, **kwargs):
        return {}


sim = MultiAgentWrapper(AllStepManager(Seesaw(), randomize_action_input=True))
register_env("Seesaw", lambda config: sim)
agents = sim.sim.agents
params = {
    "experiment": {"title": "Seesaw", "sim_creator": lambda config=None: sim},
    "ray_tune": {
        "run_or_experiment": "PPO",
        "checkpoint_freq": 1,
        "stop": {"episodes_total": 12},
        "verbose": 2,
        "config": {
            "env": "Seesaw",
            "horizon": 10,
            "env_config": {},
            "multiagent": {
                "policies": {
                    side: (None, agents[side].observation_space, agents[side].action_space, {"gamma": 0.9})
                    for side in ("left", "right")
                },
                "policy_mapping_fn": lambda agent_id, *args, **kwargs: agent_id,
                "policies_to_train": ["left"],
            },
            "lr": 0.001,
            "lambda": 0.8,
            "train_batch_size": 64,
            "num_sgd_iter": 1,
            "model": {"fcnet_hiddens": [8]},
            "num_workers": 7,
        },
    },
}
'''


@pytest.fixture
def file(tmp_path):
    """An experiment file in Abmarl's style."""
    path = tmp_path / "seesaw.py"
    path.write_text(FILE)
    return path


@pytest.fixture
def changed(file):
    """Reads the file with a piece of its text replaced."""

    def read(old, new):
        assert FILE.count(old) == 1
        file.write_text(FILE.replace(old, new))
        return read_experiment(file)

    return read


def test_an_experiment_file_trains_as_it_is(file, tmp_path):
    with pytest.warns(UserWarning, match="checkpoint_freq, num_workers, verbose: they say how RLlib runs"):
        experiment = read_experiment(file)
    assert not [name for name, each in sys.modules.items() if str(vars(each).get("__doc__")).startswith("Stands in")]
    assert (experiment.name, experiment.steps) == ("Seesaw", 120)
    left, right = experiment.groups["left"], experiment.groups["right"]
    assert (left.agents, right.agents, left.train, right.train) == (("left",), ("right",), True, False)
    algorithm = left.algorithm
    assert (algorithm.gamma, algorithm.trace, algorithm.epochs, algorithm.feed.length) == (0.9, 0.8, 1, 8)
    assert float(algorithm.optimizer.learning_rate(0)) == pytest.approx(1e-3)
    assert algorithm.model.encoder.hidden == (8,)
    ended = []
    run = train(
        dataclasses.replace(experiment, out=str(tmp_path / "runs")),
        source=file,
        watch=lambda event: ended.append(event) if isinstance(event, EpisodeEnded) else None,
    )
    assert 12 <= len(ended) < 12 + experiment.lanes
    assert max(event.length for event in ended) == 10
    assert set(ended[0].agents) == {"left", "right"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = Run.open(run.folder).experiment
    assert again.groups["left"].agents == ("left",)


@pytest.mark.filterwarnings("ignore:.*RLlib runs")
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('"title": "Seesaw", ', "", r"params\['experiment'\]\['title'\] is missing"),
        ('"PPO"', '"PPPO"', r"no algorithm 'PPPO'. Did you mean .*'ppo'"),
        ('"gamma": 0.9', '"gama": 0.9', r"\['config'\] has 'gama', which is not understood. Did you mean 'gamma'"),
        ('"episodes_total"', '"training_iteration"', r"\['stop'\] has 'training_iteration': say episodes_total or"),
        ('"horizon": 10,', "", "at episodes_total with a horizon"),
        ('"stop"', '"resources"', r"params\['ray_tune'\] has 'resources'"),
        (
            "agent_id, *args, **kwargs: agent_id",
            "agent_id: 'up'",
            "maps agent 'left' to 'up', but the policies are left, right",
        ),
        ("(None, agents", "(Seesaw, agents", "policy 'left' has a class of its own"),
        ('"PPO"', '"PG"', "PG has no setting for 'lambda': leave it out"),
        (
            "from abmarl.tools import Box",
            "from abmarl.sim.gridworld.base import X",
            "needs abmarl.sim.gridworld.*install Abmarl",
        ),
        ("params = {", "parameters = {", "defines no `experiment = Experiment"),
    ],
)
def test_what_cannot_be_honoured_is_named(changed, old, new, says):
    with pytest.raises(Mistake, match=says):
        changed(old, new)


@pytest.mark.filterwarnings("ignore:.*RLlib runs")
def test_copies_of_one_simulation_are_apart_and_follow_their_seeds(file):
    make = read_experiment(file).env
    stream = DictionaryStream(make, 2, seed=0)
    assert stream.environments[0].manager.sim is not stream.environments[1].manager.sim
    state = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    stream.start()
    choose = np.random.default_rng(0)
    actions = [{"left": choose.integers(0, 3, (2, 2))} for _ in range(25)]
    told = [stream.step(None, action)[1].observation for action in actions]
    assert state == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    again = DictionaryStream(make, 2, seed=0)
    again.start()
    assert str(told) == str([again.step(None, action)[1].observation for action in actions])


def test_managers_that_speak_of_dones_are_stepped_as_before():
    manager = TurnBasedManager(MultiCorridor(5, 2))
    assert manager.reset(positions=[3, 0]) == {"agent0": {"position": [3], "left": [0], "right": [0]}}
    observations, rewards, dones, infos = manager.step({"agent0": 2})
    assert (list(observations), rewards, dones) == (["agent1"], {"agent1": 0}, {"agent1": False, "__all__": False})
    dones = manager.step({"agent1": 2})[2]
    assert dones == {"agent0": True, "agent1": False, "__all__": False}
    assert infos == {"agent1": {}}


class Forgetful:
    """A manager as Abmarl has it: four dictionaries, and turns that go on where the episode before ended."""

    def __init__(self, sim):
        from itertools import cycle

        self.sim, self.agents, self.done_agents = sim, sim.agents, set()
        self.agent_order = cycle(sim.agents)

    def reset(self, **kwargs):
        self.sim.reset(**kwargs)
        return {(name := next(self.agent_order)): self.sim.get_obs(name)}

    def step(self, action_dict, **kwargs):
        self.sim.step(action_dict)
        name = next(self.agent_order)
        dones = {name: self.sim.get_done(name), "__all__": self.sim.get_all_done()}
        return {name: self.sim.get_obs(name)}, {name: self.sim.get_reward(name)}, dones, {name: {}}


def test_abmarls_own_managers_get_a_horizon_and_turns_that_begin_anew():
    env = environment_of(Forgetful(MultiCorridor(9, 3)), horizon=2)
    assert isinstance(env, DonesEnvironment)
    for _ in range(2):
        observations, _ = env.reset(seed=1)
        assert list(observations) == ["agent0"]
        env.step({"agent0": 1})
        told = env.step({"agent1": 1})
    assert list(told.observations) == ["agent2", "agent0", "agent1"], "who waits is shown at the end too"
    assert told.truncations == {"agent0": True, "agent1": True, "agent2": True, "__all__": True}
    assert not any(told.terminations.values())


def test_whatever_has_a_manager_inside_will_do():
    manager = TurnBasedManager(MultiCorridor())

    class Around:
        def __init__(self, sim):
            self.sim = sim

    assert environment_of(Around(Around(manager))).manager is manager
    with pytest.raises(Mistake, match="object is neither a simulation manager nor"):
        environment_of(object())


def test_episodes_are_counted_anew_in_another_run():
    stop = EpisodesTotal(2)
    ended = lambda steps: EpisodeEnded(steps, 0, 0.0, 1)
    stop(ended(5))
    stop(ended(1))
    with pytest.raises(Stop):
        stop(ended(9))


def test_wrappers_for_others_take_managers_that_speak_of_dones():
    with stand_ins():
        from abmarl.examples.sim.multi_corridor import MultiCorridor as Corridor
        from abmarl.external import GymWrapper, OpenSpielWrapper
        from abmarl.managers import AllStepManager
        from abmarl.sim.wrappers import RavelDiscreteWrapper
    env = GymWrapper(AllStepManager(Corridor(4, 1)))
    env.reset(options={"positions": [2]})
    assert env.step(2)[1:4] == (16.0, True, False)
    spiel = OpenSpielWrapper(AllStepManager(RavelDiscreteWrapper(Corridor(4, 2))))
    assert spiel.reset(seed=1).observations["current_player"] == "agent0"
    assert spiel.step([1, 1]).rewards == {"agent0": -1, "agent1": -1}
