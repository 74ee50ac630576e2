"""`ecotone search`: what is tried, what is cut short, how it goes on, and what the best trial leaves."""

import csv
import math
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("optuna")

from ecotone import PPO, Experiment, optuna
from ecotone.mistakes import Mistake
from ecotone.ops.schedules import Constant, Linear
from ecotone.optuna import begin_search, resume_search
from ecotone.runs import read_experiment
from ecotone.runtime.events import Evaluated
from ecotone.search import Among, Between, Search, amended, best, differences

from .conftest import SMALL

CODE = 'import ecotone\n\nexperiment = ecotone.Experiment("CartPole-v1", ecotone.PPO())\n'


def test_trials_are_runs_and_the_best_is_a_file_that_trains(ecotone, tmp_path):
    ranges = ["--search", "algorithm.optimizer.learning-rate=1e-4:1e-2:log", "--search", "algorithm.epochs=1,2"]
    options = [*SMALL, "--steps", "300", "--evaluation.every", "150"]
    said = ecotone("search", "ppo", "CartPole-v1", *ranges, "--trials", "2", *options, "--out", tmp_path / "all")
    assert said.code == 0, said.err
    folder = Path(said.out.splitlines()[-1])
    rows = list(csv.DictReader((folder / "trials.csv").open()))
    assert [row["state"] for row in rows] == ["done"] * 2
    assert all(1e-4 <= float(row["algorithm.optimizer.learning_rate"]) <= 1e-2 for row in rows)
    assert {row["algorithm.epochs"] for row in rows} <= {"1", "2"}
    assert all((folder / f"trial-{row['trial']:0>3}" / "run.json").is_file() for row in rows)
    top = max(rows, key=lambda row: float(row["score"]))
    made = read_experiment(folder / "best.py")
    assert made.algorithm.optimizer.learning_rate == Constant(float(top["algorithm.optimizer.learning_rate"]))
    assert (made.algorithm.epochs, made.algorithm.feed.length, made.steps) == (int(top["algorithm.epochs"]), 32, 300)

    assert ecotone("search", "--resume", folder).code == 2
    again = ecotone("search", "--resume", folder, "--trials", "3")
    assert again.code == 0, again.err
    kept = list(csv.DictReader((folder / "trials.csv").open()))
    assert kept[:2] == rows
    assert len(kept) == 3


@pytest.fixture
def scored(monkeypatch):
    """Trials that train nothing: their evaluations are what the function put into the list makes of gamma."""
    scores = []

    def follow(training, watch):
        for i in range(1, 5):
            watch(Evaluated(i, (scores[0](training.experiment.algorithm.gamma, i),), (1,), 0.0))
            if training.ending is not None:
                break

    monkeypatch.setattr(optuna, "follow", follow)
    monkeypatch.setattr(optuna, "make_engine", lambda experiment: SimpleNamespace(lanes=1, stream=None))
    return scores


def searching(tmp_path, trials, **over):
    experiment = Experiment("CartPole-v1", PPO(), runtime="compiled", steps=400, out=str(tmp_path / "all"))
    return begin_search(Search(experiment, over or {"algorithm.gamma": Between(0.1, 0.9)}, trials), CODE)


def test_what_falls_behind_is_cut_short_and_never_the_best(scored, tmp_path):
    scored.append(lambda gamma, i: gamma)
    made = searching(tmp_path, 12)
    trials = list(made)
    pruned, done = ([t for t in trials if t.state == state] for state in ("pruned", "done"))
    assert len(pruned) + len(done) == 12
    assert [t.state for t in trials[: optuna.UNPRUNED]] == ["done"] * optuna.UNPRUNED
    assert pruned
    assert best(trials).score == max(t.values["algorithm.gamma"] for t in done)
    assert max(t.score for t in pruned) < best(trials).score
    assert read_experiment(made.folder / "best.py").algorithm.gamma == best(trials).values["algorithm.gamma"]


def test_a_return_that_is_no_number_fails_its_trial_alone(scored, tmp_path):
    scored.append(lambda gamma, i: math.nan if gamma > 0.5 else gamma)
    trials = list(searching(tmp_path, 6))
    assert {t.state for t in trials if t.values["algorithm.gamma"] > 0.5} == {"failed"}
    assert {t.state for t in trials if t.values["algorithm.gamma"] <= 0.5} <= {"done", "pruned"}
    assert best(trials).values["algorithm.gamma"] <= 0.5


def test_what_was_left_half_way_is_begun_again(scored, tmp_path):
    left = []

    def leave(gamma, i):
        left.append(gamma)
        if len(left) == 6:  # the second trial's second evaluation
            raise KeyboardInterrupt
        return gamma

    scored.append(leave)
    made = searching(tmp_path, 3)
    with pytest.raises(KeyboardInterrupt):
        list(made)
    assert len(made.trials) == 1
    trials = list(resume_search(made.folder))
    assert trials[0].values["algorithm.gamma"] == left[4] != left[0]
    assert len(resume_search(made.folder, 4).trials) == 3


def test_choices_may_be_of_any_kind(scored, tmp_path):
    scored.append(lambda gamma, i: gamma)
    values = (Linear(1e-3, 0.0), Constant(1e-3))
    over = {"algorithm.optimizer.learning_rate": Among(values), "algorithm.model.encoder.hidden": Among(((8,), (8, 8)))}
    made = searching(tmp_path, 4, **over)
    trials = list(made)
    assert {t.values["algorithm.optimizer.learning_rate"] for t in trials} <= set(values)
    assert {t.values["algorithm.model.encoder.hidden"] for t in trials} <= {(8,), (8, 8)}
    assert resume_search(made.folder, 5).trials == trials


def test_a_file_keeps_what_it_defines_and_runs_with_the_best_settings(tmp_path):
    code = CODE + '\nif __name__ == "__main__":\n    trained = experiment.algorithm.gamma\n'
    base = Experiment("CartPole-v1", PPO())
    wanted = Experiment("CartPole-v1", PPO(gamma=0.5, clip=Linear(0.3, 0.1)), runtime="compiled")
    text = amended(code, "why", dict(differences(base, wanted)))
    world = {"__name__": "__main__"}
    exec(text, world)
    assert world["experiment"] == wanted
    assert world["trained"] == 0.5


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({}, "search over what"),
        ({"algorithm.gama": Between(0.1, 0.9)}, "no setting 'algorithm.gama'. Did you mean 'algorithm.gamma'"),
        ({"algorithm.normalise": Between(0, 1)}, "has no range"),
        ({"algorithm.epochs": Between(0.5, 2.5)}, "give whole ends, `algorithm.epochs=1:3`"),
        ({"seed": Between(0, 3)}, "is no setting"),
    ],
)
def test_ranges_that_make_no_sense(over, said):
    with pytest.raises(Mistake, match=said):
        Search(Experiment("CartPole-v1", PPO()), over)


MISTAKES = {
    "ppo CartPole-v1 --search algorithm.gamma=0.9:0.1": "to a larger one, not from 0.9 to 0.1",
    "ppo CartPole-v1 --search algorithm.gamma=0:1:log": "begins above 0, not at 0",
    "ppo CartPole-v1 --search algorithm.gamma": "--search wants FIELD=LOW:HIGH",
    "ppo CartPole-v1 --search algorithm.gamma=a:b": "--search wants algorithm.gamma=LOW:HIGH",
    "ppo CartPole-v1 --search algorithm.epochs=1,x": "--algorithm.epochs wants a whole number, not 'x'",
    "ppo CartPole-v1 --search": "--search wants FIELD=LOW:HIGH or FIELD=A,B",
    "ppo CartPole-v1 --trials none --search algorithm.gamma=0.1:0.9": "--trials wants a whole number of at least 1",
    "ppo --search algorithm.gamma=0.1:0.9": "search ppo on what?",
    "--resume nowhere": "nowhere is not the folder of a search",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_gets_one_line_and_code_2(ecotone, line):
    said = ecotone("search", *line.split())
    assert said.code == 2
    assert MISTAKES[line] in said.err
    assert said.err.count("\n") == 1
