"""Runs with wrappers: what is reported, what stands in run.json, and a deployed policy that takes raw observations."""

import dataclasses
import json

import gymnasium
import jax
import numpy as np
import pytest

from ecotone import PPO, Evaluation, Experiment, Policy, Run, evaluate, load, run, train
from ecotone.envs.classic import CartPole
from ecotone.envs.wrapped import LocalWrapped
from ecotone.envs.wrappers import ClipReward, Entries, Flatten, MapAction, PreviousActionReward, ScaleReward, Stack
from ecotone.feed import Rollout
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.networks.recurrent import GRU
from ecotone.runtime.events import Evaluated
from ecotone.spec import Discrete
from ecotone.trajectory import TimeStep

SMALL = PPO(model=ActorCritic(Encoder((8,))), feed=Rollout(32), epochs=1, minibatches=2)
WRAPPERS = (Entries((0, 2)), Stack(3), ScaleReward(0.1), PreviousActionReward(), Flatten())
EXPERIMENT = Experiment("CartPole-v1", SMALL, num_envs=2, steps=128, wrappers=WRAPPERS)


@pytest.fixture(scope="module", params=["feed-forward", "with memory"])
def trained(request, tmp_path_factory):
    out = str(tmp_path_factory.mktemp("runs"))
    model = SMALL.model if request.param == "feed-forward" else ActorCritic(Encoder((8,)), core=GRU(8))
    algorithm = dataclasses.replace(SMALL, model=model, minibatches=1)
    return train(dataclasses.replace(EXPERIMENT, out=out, algorithm=algorithm))


def play(policy, **told):
    """Actions of the policy in one CartPole, two episodes long."""
    env, actions, memory = gymnasium.make("CartPole-v1"), [], ()
    for episode in range(2):
        observation, _ = env.reset(seed=episode)
        reward, over, first = 0.0, False, True
        while not over:
            given = {"reward": [reward]} | told
            action, memory = policy(observation[None], memory, [first], **given)
            observation, reward, terminated, truncated, _ = env.step(action[0])
            actions.append(int(action[0]))
            over, first = terminated or truncated, False
    return actions


def test_a_deployed_policy_takes_raw_observations_and_chooses_as_behind_a_wrapped_stream(trained):
    policy = load(trained.folder)
    assert policy.spec.observation.shape == (4,)

    class Played:
        """CartPole with the seeds of `play`, as a stream of raw steps."""

        spec, lanes = policy.spec, 1

        def __init__(self):
            self.env, self.episode, self.over = gymnasium.make("CartPole-v1"), -1, True

        def begin(self):
            self.episode, self.over = self.episode + 1, False
            return self.step_of(self.env.reset(seed=self.episode)[0], True, 0.0, False)

        def step_of(self, observation, first, reward, terminated):
            one = np.ones(1, np.float32)
            asks = np.array([not self.over])
            return TimeStep(observation[None], np.array([first]), asks, reward * one, one - terminated)

        def start(self, key):
            return None, self.begin()

        def step(self, state, action):
            if self.over:
                return None, self.begin()
            observation, reward, terminated, truncated, _ = self.env.step(int(action[0]))
            self.over = terminated or truncated
            return None, self.step_of(observation, False, reward, terminated)

    stream = LocalWrapped(Played(), WRAPPERS)
    inner, actions = Policy(policy.algorithm, policy.params, stream.spec), []
    _, now = stream.start(None)
    memory = inner.initial_memory(1)
    while stream.stream.episode < 2:
        action, memory = inner.act(now, memory)
        if now.asks[0]:
            actions.append(int(action[0]))
        _, now = stream.step(None, action)
    assert play(policy) == actions


def test_an_empty_memory_begins_afresh(trained):
    policy = load(trained)
    seen = np.random.default_rng(0).normal(size=(3, 4))
    first, memory = policy(seen)
    again, _ = policy(seen, policy.initial_memory(3), [True] * 3)
    np.testing.assert_array_equal(first, again)
    forgotten, after = policy(seen, memory, [True] * 3, [1.0] * 3)
    np.testing.assert_array_equal(first, forgotten)
    jax.tree.map(np.testing.assert_array_equal, after, memory)


def test_a_policy_that_is_shown_rewards_asks_for_them(trained):
    policy = load(trained)
    _, memory = policy(np.zeros((1, 4)))
    with pytest.raises(Mistake, match="hand it what the previous action brought"):
        policy(np.zeros((1, 4)), memory)


def test_wrappers_stand_in_the_runs_file(trained):
    told = json.loads((trained.folder / "run.json").read_text())["experiment"]["wrappers"]
    assert told[1] == {"class": "ecotone.envs.wrappers.observations.Stack", "count": 3, "only": []}
    assert Run.open(trained.folder).experiment.wrappers == WRAPPERS


@pytest.mark.parametrize("env", ["CartPole-v1", CartPole()], ids=["local", "compiled"])
def test_evaluations_report_the_environments_own_rewards(env, tmp_path):
    wrapped = Experiment(
        env,
        SMALL,
        num_envs=2,
        steps=64,
        out=str(tmp_path),
        wrappers=(ClipReward(0.5), Stack(2), PreviousActionReward(), Flatten()),
        evaluation=Evaluation(64, 2),
    )
    told = [event for event in run(wrapped) if isinstance(event, Evaluated)]
    assert told[0].returns == tuple(map(float, told[0].lengths))
    folder = next(path.parent for path in tmp_path.rglob("run.json"))
    if env == "CartPole-v1":
        again = evaluate(Run.open(folder), 2)
        assert again.returns == tuple(map(float, again.lengths))


def swap(action):
    return 1 - action


def test_functions_need_the_experiments_file(tmp_path):
    swapped = dataclasses.replace(EXPERIMENT, steps=64, out=str(tmp_path), wrappers=(MapAction(swap, Discrete(2)),))
    trained = train(swapped)
    with pytest.raises(Mistake, match="keep it in an experiment file"):
        Run.open(trained.folder)
    source = tmp_path / "mine.py"
    source.write_text(
        "from ecotone import Experiment\nfrom tests.test_wrapped_runs import SMALL, MapAction, Discrete, swap\n"
        "experiment = Experiment('CartPole-v1', SMALL, num_envs=2, steps=64, wrappers=(MapAction(swap, Discrete(2)),),"
        f" out={str(tmp_path)!r})\n"
    )
    from ecotone.runs import read_experiment

    again = Run.open(train(read_experiment(source), source=source).folder)
    assert again.experiment.wrappers[0].space == Discrete(2)
    plain = Policy(again.experiment.algorithm, load(again).params, load(again).spec)
    seen = np.random.default_rng(0).normal(size=(5, 4))
    np.testing.assert_array_equal(load(again)(seen)[0], 1 - plain(seen)[0])


def test_wrappers_stand_in_a_tuple():
    assert dataclasses.replace(EXPERIMENT, wrappers=list(WRAPPERS)).wrappers == WRAPPERS
    with pytest.raises(Mistake, match="stand in a tuple"):
        dataclasses.replace(EXPERIMENT, wrappers=Stack(2))


@pytest.mark.parametrize("wrong", [Stack, 3, lambda step: step])
def test_what_is_no_wrapper_is_told(wrong):
    with pytest.raises(Mistake, match="is no wrapper"):
        dataclasses.replace(EXPERIMENT, wrappers=(wrong,))


def test_what_cannot_be_wrapped_leaves_no_folder(tmp_path):
    with pytest.raises(Mistake, match="entries 0 to 3"):
        train(dataclasses.replace(EXPERIMENT, wrappers=(Entries((9,)),), out=str(tmp_path)))
    assert not list(tmp_path.iterdir())
