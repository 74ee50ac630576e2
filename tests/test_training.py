"""Training as an iterator of events, and what users can get wrong."""

import dataclasses
import math
import sys

import gymnasium
import numpy as np
import pytest

from ecotone import (
    DQN,
    IMPALA,
    PPO,
    SAC,
    Cluster,
    Collected,
    EpisodeEnded,
    Evaluated,
    Evaluation,
    Experiment,
    Run,
    Saved,
    SetTask,
    Stop,
    Updated,
    evaluate,
    load,
    run,
    train,
)  # fmt: skip
from ecotone.envs.classic import CLASSIC
from ecotone.feed import Rollout
from ecotone.mistakes import MissingExtra, Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic

SMALL = PPO(model=ActorCritic(Encoder((8,))), feed=Rollout(32), epochs=2, minibatches=2)


def experiment(tmp_path, **fields):
    defaults = {"env": "CartPole-v1", "algorithm": SMALL, "num_envs": 4, "steps": 600, "out": str(tmp_path / "runs")}
    return Experiment(**(defaults | fields))


@pytest.mark.parametrize("runtime", ["local", "compiled"])
def test_events_tell_what_happens(tmp_path, runtime):
    events = list(run(experiment(tmp_path, runtime=runtime, evaluation=Evaluation(every=300, episodes=4))))
    kinds = [type(event) for event in events]
    assert {Collected, EpisodeEnded, Updated, Evaluated, Saved} == set(kinds)
    steps = [event.steps for event in events]
    assert steps == sorted(steps)
    assert 600 <= steps[-1] < 600 + 4 * 32
    ended = [event for event in events if isinstance(event, EpisodeEnded)]
    assert all(event.episode_return == event.length for event in ended), "CartPole pays 1 per step"
    assert all(math.isfinite(value) for e in events if isinstance(e, Updated) for value in e.metrics.values())
    assert all(len(event.returns) == 4 for event in events if isinstance(event, Evaluated))


def test_a_warming_replay_reports_no_metrics(tmp_path):
    events = list(run(experiment(tmp_path, algorithm=DQN(), num_envs=None, steps=200)))
    updates = [event for event in events if isinstance(event, Updated)]
    assert updates
    assert all(event.updates == 0 and event.metrics == {} for event in updates)


def test_the_seed_decides_everything(tmp_path):
    returns = [
        [e.episode_return for e in run(experiment(tmp_path, seed=seed)) if isinstance(e, EpisodeEnded)] for seed in (3, 3, 4)
    ]
    assert returns[0] == returns[1] != returns[2]


def test_a_callback_can_stop(tmp_path):
    def stop(event):
        if isinstance(event, EpisodeEnded):
            raise Stop

    events = list(run(experiment(tmp_path, callbacks=(stop,))))
    assert events[-1].steps < 600
    assert isinstance(events[-1], Saved)


def test_callbacks_are_told_every_event(tmp_path):
    told = []
    asked = experiment(tmp_path, evaluation=Evaluation(every=300, episodes=2), callbacks=(told.append,))
    events = list(run(asked))
    assert [type(event) for event in told] == [type(event) for event in events]
    assert Saved in map(type, told)


class Ladder(gymnasium.Env):
    """One step an episode; the reward is the task."""

    observation_space = gymnasium.spaces.Box(-1, 1, (2,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    task = 0.0

    def set_task(self, task):
        self.task = task

    def reset(self, *, seed=None, options=None):
        return np.zeros(2, np.float32), {}

    def step(self, action):
        return np.zeros(2, np.float32), self.task, True, False, {}


def test_a_callback_can_change_the_task(tmp_path):
    harder = lambda event: SetTask(7.0) if isinstance(event, Updated) and event.steps < 300 else None
    events = run(experiment(tmp_path, env=Ladder, callbacks=(harder,)))
    rewards = [event.episode_return for event in events if isinstance(event, EpisodeEnded)]
    assert rewards[0] == 0.0
    assert rewards[-1] == 7.0


def test_a_callback_can_change_a_compiled_task(tmp_path):
    easy, short = CLASSIC["CartPole-v1"](), CLASSIC["CartPole-v1"](force=0.1)
    change = lambda event: SetTask(short) if isinstance(event, Updated) else None
    events = run(experiment(tmp_path, env=easy, callbacks=(change,)))
    assert len([event for event in events if isinstance(event, EpisodeEnded)]) > 0


def test_a_task_that_the_environment_does_not_have_is_a_mistake(tmp_path):
    change = lambda event: SetTask(1) if isinstance(event, Updated) else None
    with pytest.raises(Mistake, match="set_task"):
        list(run(experiment(tmp_path, callbacks=(change,))))


def test_a_run_can_be_read_back_evaluated_and_asked(tmp_path):
    trained = train(experiment(tmp_path))
    again = Run.open(trained.folder)
    assert again.experiment == trained.experiment
    one, two = evaluate(again, episodes=4), evaluate(again, episodes=4)
    assert one.returns == two.returns
    policy = load(trained.folder)
    action, memory = policy(np.zeros((3, 4)))
    assert action.shape == (3,)
    assert memory == ()


def test_continuous_policies_speak_the_units_of_the_environment(tmp_path):
    trained = train(experiment(tmp_path, env="Pendulum-v1", steps=300))
    action, _ = load(trained.folder)(np.random.default_rng(0).normal(size=(64, 3)) * 100)
    low, high = -2.0, 2.0
    assert action.shape == (64, 1)
    assert (action >= low).all()
    assert (action <= high).all()


@pytest.mark.parametrize(("overlap", "fresh"), [(None, False), (False, True)])
def test_an_algorithm_may_ask_for_rows_that_are_one_update_old(tmp_path, overlap, fresh):
    """The weights of V-trace tell: they are 1 on fresh rows alone."""
    algorithm = IMPALA(ActorCritic(Encoder((8,))), feed=Rollout(8, overlap=True))
    made = experiment(tmp_path, algorithm=algorithm, num_envs=2, steps=64, overlap=overlap)
    ratios = [float(event.metrics["ratio"]) for event in run(made) if isinstance(event, Updated)]
    assert len(ratios) > 3
    np.testing.assert_allclose(ratios[0], 1.0, rtol=1e-6)
    assert np.allclose(ratios, 1.0, rtol=1e-6) == fresh


class Broken(Ladder):
    """Returns NaN at its fifth step."""

    steps = 0

    def step(self, action):
        self.steps += 1
        return np.zeros(2, np.float32), math.nan if self.steps == 5 else 0.0, False, False, {}


MISTAKES = {
    "unknown environment": ({"env": "CartPol-v1"}, "unknown environment 'CartPol-v1'.*CartPole"),
    "unknown compiled": ({"env": "Catsh-v0", "runtime": "compiled"}, "Catch-v0"),
    "sac on choices": ({"algorithm": SAC()}, "continuous"),
    "dqn on numbers": ({"algorithm": DQN(), "env": "Pendulum-v1"}, "discrete"),
    "nan": ({"env": Broken}, r"environment 0 returned a reward that is not finite .* at its step 4"),
    "cluster elsewhere": ({"ray": Cluster(collectors=2)}, "add --runtime ray"),
    "unequal shares": ({"runtime": "ray", "ray": Cluster(collectors=3)}, "equal shares of 4 environments: say --num-envs 6"),
    "no collectors": ({"runtime": "ray", "ray": Cluster(cpus=0.0)}, "at least one collector"),
    "overlap compiled": ({"runtime": "compiled", "overlap": True}, "does not overlap"),
    "wrong argument": ({"env_kwargs": {"colour": 3}}, "colour"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named_and_leave_nothing_behind(name, tmp_path):
    fields, message = MISTAKES[name]
    with pytest.raises(Mistake, match=message):
        train(experiment(tmp_path, **fields))
    assert not (tmp_path / "runs").exists()


def test_the_ray_runtime_says_how_ray_is_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ecotone\[ray\]'"):
        train(experiment(tmp_path, runtime="ray"))


def test_an_unwritable_folder_is_a_mistake(tmp_path):
    (tmp_path / "runs").write_text("a file, not a folder")
    with pytest.raises(Mistake, match="cannot be written"):
        train(experiment(tmp_path))


@pytest.mark.parametrize("fields", [{"steps": 0}, {"num_envs": 0}, {"seed": -1}])
def test_numbers_out_of_range_are_mistakes(fields, tmp_path):
    with pytest.raises(Mistake, match="at least"):
        experiment(tmp_path, **fields)


def test_periodic_evaluation_does_not_change_training(tmp_path):
    plain = experiment(tmp_path)
    watched = dataclasses.replace(plain, evaluation=Evaluation(every=200, episodes=2))
    ends = [[e.episode_return for e in run(one) if isinstance(e, EpisodeEnded)] for one in (plain, watched)]
    assert ends[0] == ends[1]
