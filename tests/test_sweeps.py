"""Sweeps: every member is the run that it would be alone, wherever and however many train at a time."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from ecotone import PPO, Checkpointing, EpisodeEnded, Evaluation, Experiment, Run, Stop, Sweep, evaluate, train, train_sweep
from ecotone.feed import Rollout
from ecotone.metrics import read_columns
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.models import ActorCritic
from ecotone.ops.schedules import Constant
from ecotone.sweeping import begin_sweep, resume_sweep
from ecotone.training import begin

SMALL = PPO(model=ActorCritic(Encoder((8,))), feed=Rollout(16), epochs=2, minibatches=2)
OVER = {"algorithm.gamma": (0.9, 0.99)}


def experiment(out, **fields):
    defaults = {"runtime": "compiled", "num_envs": 2, "steps": 300, "evaluation": Evaluation(150, 2), "out": str(out)}
    return Experiment("CartPole-v1", SMALL, **(defaults | fields))


def learned(run):
    training = begin(run.experiment, run)
    leaves = jax.tree.leaves(training.engine.save().tree)
    training.engine.close()
    is_key = lambda x: jax.numpy.issubdtype(x.dtype, jax.dtypes.prng_key)
    return [np.asarray(jax.random.key_data(x) if is_key(x) else x) for x in leaves]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Each member trained by itself."""
    sweep = Sweep(experiment(tmp_path_factory.mktemp("alone")), seeds=2, over=OVER)
    return {name: train(member) for name, member in sweep.members().items()}


@pytest.mark.parametrize("together", [1, 2])
def test_members_are_the_runs_that_they_would_be_alone(alone, together, tmp_path):
    """Bit for bit with a program each; within 2e-5 in one program, whose products add up in another order."""
    swept = train_sweep(Sweep(experiment(tmp_path), seeds=2, over=OVER, together=together))
    assert [run.folder.name for run in swept.runs] == list(alone)
    for run in swept.runs:
        twin = alone[run.folder.name]
        assert Run.open(run.folder).experiment == dataclasses.replace(twin.experiment, out=str(tmp_path))
        ours, theirs = (read_columns(one.folder / "progress.csv") for one in (run, twin))
        for column in ("steps", "return_mean", "evaluation_return_mean"):
            np.testing.assert_array_equal(ours[column], theirs[column])
        for a, b in zip(learned(run), learned(twin), strict=True):
            np.testing.assert_allclose(a, b, rtol=0.0, atol=0.0 if together == 1 else 2e-5)
    assert evaluate(swept.runs[0], 2).returns == evaluate(alone["0-gamma-0.9-seed-0"], 2).returns


@pytest.mark.parametrize("together", [1, 2])
def test_a_sweep_goes_on_where_it_was_left(alone, together, tmp_path):
    sweeping = begin_sweep(Sweep(experiment(tmp_path), seeds=2, over=OVER, together=together))
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - what a signal does in the midst of it
        for _, event in sweeping:
            if event.steps >= 100:
                sweeping.ending = KeyboardInterrupt
    assert any(0 < run.steps() < 300 for run in sweeping.runs)
    for _ in resume_sweep(sweeping.folder):
        pass
    for run in sweeping.runs:
        for a, b in zip(learned(run), learned(alone[run.folder.name]), strict=True):
            np.testing.assert_allclose(a, b, rtol=0.0, atol=0.0 if together == 1 else 2e-5)
    with pytest.raises(Mistake, match="every run in"):
        resume_sweep(sweeping.folder)


def test_members_on_several_devices_follow_one_another(tmp_path):
    sweeping = begin_sweep(Sweep(experiment(tmp_path, devices=2, steps=64, evaluation=Evaluation()), seeds=2))
    assert [len(part) for part in sweeping.parts()] == [1, 1]
    assert sweeping._workers == 1
    told = [run.folder.name for run, _ in sweeping]
    assert told == sorted(told)
    assert all(run.steps() >= 64 for run in sweeping.runs)


def test_members_may_differ_in_structure_and_runtime(tmp_path):
    plain = experiment(tmp_path, steps=64, evaluation=Evaluation())
    swept = train_sweep(Sweep(plain, over={"runtime": ("local", "compiled"), "algorithm.feed": (Rollout(8),)}))
    assert [run.experiment.runtime for run in swept.runs] == ["local", "compiled"]
    assert all(run.steps() >= 64 for run in swept.runs)
    several = begin_sweep(Sweep(plain, seeds=3, over={"algorithm.epochs": (1, 2), **OVER}, together=4))
    assert [[run.folder.name[:2] for run in part] for part in several.parts()] == [
        ["00", "01", "02", "03"], ["04", "05"], ["06", "07", "08", "09"], ["10", "11"],
    ]  # fmt: skip


def test_whoever_stops_reading_stops_training(tmp_path):
    sweeping = begin_sweep(Sweep(experiment(tmp_path, steps=10**8), seeds=3))
    first = next(run for run, event in sweeping if isinstance(event, EpisodeEnded))
    assert first.folder.parent == sweeping.folder
    assert any(run.steps() for run in sweeping.runs)


def test_a_callback_stops_its_own_member_alone(tmp_path):
    def stop(event):
        if event.steps >= 100 and not stopped:
            stopped.append(event)
            raise Stop

    stopped = []
    kept = Checkpointing(every=10**6)
    swept = train_sweep(Sweep(experiment(tmp_path, callbacks=(stop,), checkpoint=kept), seeds=2))
    assert sorted(run.steps() >= 300 for run in swept.runs) == [False, True]


MISTAKES = {
    "no such setting": ({"over": {"algorithm.gama": (1.0,)}}, "no setting 'algorithm.gama'. Did you mean 'algorithm.gamma'"),
    "seeds as a setting": ({"over": {"seed": (1, 2)}}, "asked for by `seeds`"),
    "no tuple": ({"over": {"algorithm.gamma": 0.9}}, "stand in a tuple"),
    "no seeds": ({"seeds": 0}, "seeds is 0"),
    "a program for several devices": ({"over": {"devices": (2,)}, "together": 2}, "leave --together out"),
    "a member that cannot be": ({"over": {"algorithm.minibatches": (2, 64)}}, "32 rows cannot be cut into 64 minibatches"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_named(name, tmp_path):
    fields, message = MISTAKES[name]
    with pytest.raises(Mistake, match=message):
        train_sweep(Sweep(experiment(tmp_path, evaluation=Evaluation()), **fields))


def test_nothing_is_left_of_a_sweep_that_is_refused(tmp_path):
    refused = Sweep(experiment(tmp_path / "runs"), over={"devices": (2,)}, together=2)
    with pytest.raises(Mistake, match="leave --together out"):
        begin_sweep(refused)
    assert not (tmp_path / "runs").exists()


def test_nothing_is_left_of_a_sweep_that_never_began(tmp_path):
    wrong = dataclasses.replace(experiment(tmp_path / "runs"), env="Catsh-v0")
    with pytest.raises(Mistake, match="Catch-v0"):
        train_sweep(Sweep(wrong, seeds=2))
    assert not (tmp_path / "runs").exists()


def test_a_number_stands_for_a_schedule_and_arguments_of_the_environment_can_vary(tmp_path):
    over = {"algorithm.optimizer.learning_rate": (1e-3,), "env_kwargs.force": (5.0, 10.0)}
    members = Sweep(experiment(tmp_path, env_kwargs={"force": 1.0}), over=over).members()
    assert list(members) == ["0-learning_rate-0.001-force-5-seed-0", "1-learning_rate-0.001-force-10-seed-0"]
    first, second = members.values()
    assert first.algorithm.optimizer.learning_rate == Constant(1e-3)
    assert (first.env_kwargs, second.env_kwargs) == ({"force": 5.0}, {"force": 10.0})
    assert json.dumps(list(members))
