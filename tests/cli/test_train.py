import json
import shutil
from pathlib import Path

import pytest

from ecotone import Run
from ecotone.cli.arguments import sentence
from ecotone.metrics import read_columns
from ecotone.ops.schedules import Constant, Linear

from .conftest import SMALL


def test_the_last_line_is_the_folder_and_all_is_in_it(trained):
    said, folder = trained
    assert folder.parent.name == "ppo-CartPole-v1"
    kept = {path.name.partition(".tfevents")[0] for path in folder.iterdir()}
    assert {"run.json", "progress.csv", "checkpoints", "events.out"} <= kept
    assert "nan" not in said.out.lower()
    columns = read_columns(folder / "progress.csv")
    assert columns["steps"][-1] >= 1000
    assert (columns["evaluation_return_mean"] > 0).sum() == 2


def test_options_reach_the_experiment(run):
    experiment = Run.open(run).experiment
    assert (experiment.seed, experiment.num_envs, experiment.steps) == (3, 2, 1000)
    assert experiment.algorithm.model.encoder.hidden == (8,)
    assert experiment.algorithm.feed.length == 32


def test_resume_goes_on_to_the_new_end(ecotone, tmp_path):
    said = ecotone("train", "ppo", "CartPole-v1", *SMALL, "--out", tmp_path / "all")
    folder = said.out.splitlines()[-1]
    again = ecotone("train", "--resume", folder, "--steps", "1500")
    assert again.code == 0, again.err
    assert again.out.splitlines()[-1] == folder
    steps = read_columns(Run.open(folder).folder / "progress.csv")["steps"]
    assert steps[-1] >= 1500
    assert all(steps[1:] >= steps[:-1])
    done = ecotone("train", "--resume", folder, "--steps", "1200")
    assert done.code == 2
    assert "already has" in done.err


def test_an_experiment_file_is_used_copied_and_overridden(ecotone, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import ecotone\nexperiment = ecotone.Experiment('CartPole-v1', ecotone.PPO(gamma=0.5), title='mine', steps=300)\n"
    )
    said = ecotone("train", file, "--out", tmp_path / "all", "--num-envs", "2", "--algorithm.feed.length", "32")
    assert said.code == 0, said.err
    opened = Run.open(said.out.splitlines()[-1])
    assert opened.folder.parent.name == "mine"
    assert opened.experiment.algorithm.gamma == 0.5
    assert opened.experiment.algorithm.feed.length == 32
    assert file.read_text() in {path.read_text() for path in opened.folder.glob("*.py")}


@pytest.mark.parametrize("name", ["cartpole-ppo", "cartpole_ppo"])
def test_an_experiment_is_trained_by_its_name(ecotone, tmp_path, name):
    said = ecotone("train", name, *SMALL, "--steps", "300", "--out", tmp_path / "all")
    assert said.code == 0, said.err
    folder = Path(said.out.splitlines()[-1])
    assert folder.parent.name == "cartpole-ppo"
    assert '"""PPO on CartPole-v1' in (folder / "experiment.py").read_text()
    assert Run.open(folder).experiment.steps == 300


@pytest.mark.parametrize(
    ("given", "schedule"),
    [
        (["3e-4"], Constant(3e-4)),
        (["linear", "1e-3", "0"], Linear(1e-3, 0.0)),
        (["linear", "1", "0.5", "100"], Linear(1.0, 0.5, 100.0)),
    ],
)
def test_a_schedule_may_be_given_whole(given, schedule):
    from ecotone import PPO
    from ecotone.cli.train import overridden
    from ecotone.experiment import Experiment

    flags = ["--algorithm.optimizer.learning-rate", *given, "--steps", "1e3", "--overlap", "true", "--env-kwargs.a-b", "[1]"]
    made = overridden(Experiment("CartPole-v1", PPO()), None, flags)
    assert made.algorithm.optimizer.learning_rate == schedule
    assert (made.steps, made.overlap, made.env_kwargs) == (1000, True, {"a_b": [1]})


@pytest.mark.parametrize(
    ("given", "clip"),
    [
        (["0.3"], 0.3),
        (["constant", "0.3"], Constant(0.3)),
        (["linear", "0.3", "0"], Linear(0.3, 0.0)),
    ],
)
def test_a_schedule_may_stand_for_a_number(given, clip):
    from ecotone import PPO
    from ecotone.cli.train import overridden
    from ecotone.experiment import Experiment

    assert overridden(Experiment("CartPole-v1", PPO()), None, ["--algorithm.clip", *given]).algorithm.clip == clip


@pytest.mark.parametrize(
    ("first", "given", "importance"),
    [
        ("DQN", "--algorithm.replay.importance linear 0.4 1 --algorithm.replay.priority 0.6", Linear(0.4, 1.0)),
        ("DQN", "--algorithm.replay.importance=0.5 --algorithm.replay.priority=0.6", Constant(0.5)),
        ("Rainbow", "--algorithm.replay.importance none", None),
    ],
)
def test_a_schedule_may_stand_where_there_is_none(first, given, importance):
    import ecotone
    from ecotone.cli.train import overridden

    made = overridden(ecotone.Experiment("CartPole-v1", getattr(ecotone, first)()), None, given.split()).algorithm
    assert made.replay.importance == importance
    assert made.replay.priority == (0.6 if first == "DQN" else 0.5)


@pytest.mark.parametrize(
    ("given", "overlap"),
    [
        ([], None),
        (["--overlap"], True),
        (["--no-overlap"], False),
        (["--overlap=false"], False),
        (["--overlap", "none"], None),
    ],
)
def test_overlap_may_be_left_to_the_algorithm(given, overlap):
    from ecotone import PPO
    from ecotone.cli.train import overridden
    from ecotone.experiment import Experiment
    from ecotone.feed import Rollout

    made = overridden(Experiment("CartPole-v1", PPO(feed=Rollout(8, overlap=True))), None, [*given, "--seed", "3"])
    assert (made.overlap, made.seed) == (overlap, 3)
    assert made.overlaps == (overlap is not False)


@pytest.mark.parametrize(
    "what", [["train"], ["train", "--help"], ["--help"], ["evaluate", "--help"], ["train", "ppo", "--help"]]
)
def test_help_is_printed(ecotone, what):
    said = ecotone(*what)
    assert said.code == (2 if what == ["train"] else 0)
    assert "usage: ecotone" in said.out
    assert not said.err


MISTAKES = {
    "trian": "no command 'trian'. Did you mean 'train'?",
    "train td3 Pendulum-v1 --algorithm.noise.deviation 0.2": "set it in an experiment file",
    "train ppo CartPole-v1 --algorithm.clip high": "--algorithm.clip wants a number, `constant VALUE` or `linear START",
    "train dqn CartPole-v1 --algorithm.replay.importance": "--algorithm.replay.importance wants a number, `constant VALUE`",
    "train pppo CartPole-v1": "no algorithm or experiment 'pppo'. Did you mean 'ppo' or 'appo' or",
    "train ppo": "train ppo on what?",
    "train --steps 3": "what to train comes before --steps",
    "train ppo CartPol-v1": "unknown environment 'CartPol-v1'. Did you mean 'CartPole-v1'",
    "train ppo CartPole-v1 --algorithm.gama 0.9": "no option --algorithm.gama. Did you mean --algorithm.gamma?",
    "train ppo CartPole-v1 --gamma 0.9": "Did you mean --algorithm.gamma?",
    "train ppo CartPole-v1 --stpes 3": "Did you mean --steps?",
    "train ppo CartPole-v1 --algorithm.gamma x": "--algorithm.gamma wants a number, not 'x'",
    "train ppo CartPole-v1 --algorithm.epochs 1.5": "--algorithm.epochs wants a whole number, not '1.5'",
    "train ppo CartPole-v1 --threads one": "--threads wants a whole number or None, not 'one'",
    "train ppo CartPole-v1 --devices 2 --runtime ray": "the ray runtime learns on one device",
    "train ppo CartPole-v1 --devices 2 --num-envs 5": "equal shares of 5 environments: say --num-envs 6",
    "train ppo CartPole-v1 --algorithm.value-clip x": "--algorithm.value-clip wants a number or None, not 'x'",
    "train ppo CartPole-v1 --algorithm.feed 3": "--algorithm.feed is made of --algorithm.feed.length",
    "train ppo CartPole-v1 --algorithm.optimizer.learning-rate linear 1": "linear START END",
    "train ppo CartPole-v1 --runtime fast": "--runtime is one of 'auto', 'local', 'compiled', 'ray', not 'fast'",
    "train ppo CartPole-v1 --ray.collectors 2": "add --runtime ray",
    "train ppo CartPole-v1 --steps": "--steps wants a value",
    "train ppo CartPole-v1 --steps -3": "steps is -3",
    "train ppo CartPole-v1 --env-kwargs.colour red": "colour",
    "train ppo CartPole-v1 more": "do not know what to do with 'more'",
    "train sac CartPole-v1": "continuous actions",
    "train dqn Pendulum-v1": "discrete",
    "train nothing.py": "no experiment file nothing.py",
    "train --resume nowhere": "no run at nowhere",
    "train --resume nowhere --seed 3": "only --steps can change, not --seed",
    "evaluate": "RUN is missing",
    "evaluate nowhere": "no run at nowhere",
    "evaluate nowhere --episodes 0": "--episodes is 0",
    "analyze": "analyze what?",
    "analyze nowhere": "no run at nowhere",
    "visualize nowhere": "no display",
    "visualize nowhere --record film.avi": "--record writes .html, .mp4, .gif or .npz, not '.avi'",
    "list": "list what?",
    "list algoritms": "no list of 'algoritms'. Did you mean 'algorithms'?",
}


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_gets_one_line_and_code_2(ecotone, line):
    said = ecotone(*line.split())
    assert said.code == 2
    assert MISTAKES[line] in said.err
    assert said.err.count("\n") == 1
    assert not said.out


SPOILED = """
import gymnasium
import numpy as np
import ecotone
from ecotone.feed import Rollout


class Spoiled(gymnasium.Wrapper):
    def step(self, action):
        observation, *rest = self.env.step(action)
        self.taken = getattr(self, "taken", 0) + 1
        return (observation * np.nan if self.taken == 5 else observation, *rest)


experiment = ecotone.Experiment(
    lambda: Spoiled(gymnasium.make("CartPole-v1")), ecotone.PPO(feed=Rollout(8)), num_envs=2, title="spoiled"
)
"""


def test_an_environment_that_returns_nan_is_a_mistake(ecotone, tmp_path):
    (tmp_path / "spoiled.py").write_text(SPOILED)
    said = ecotone("train", "spoiled.py")
    assert said.code == 2
    assert "environment 0 returned an observation that is not finite" in said.err
    assert "at its step 5" in said.err
    assert said.err.count("\n") == 1


def test_more_minibatches_than_rows_are_a_mistake(ecotone):
    said = ecotone(
        "train", "ppo", "CartPole-v1", "--num-envs", "2", "--algorithm.feed.length", "8", "--algorithm.minibatches", "17"
    )
    assert said.code == 2
    assert "16 rows cannot be cut into 17 minibatches" in said.err
    assert said.err.count("\n") == 1


def test_a_checkpoint_of_another_algorithm_is_a_mistake(ecotone, run, tmp_path):
    flags = ["--steps", "64", "--num-envs", "1", "--out", tmp_path / "all", "--algorithm.replay.warmup", "16"]
    said = ecotone("train", "dqn", "CartPole-v1", *flags, "--algorithm.replay.capacity", "64")
    other = Path(said.out.splitlines()[-1])
    shutil.rmtree(other / "checkpoints")
    shutil.copytree(run / "checkpoints", other / "checkpoints")
    again = ecotone("train", "--resume", other, "--steps", "2000")
    assert again.code == 2
    assert "it was written for another algorithm, model or environment" in again.err
    assert again.err.count("\n") == 1
    looked = ecotone("evaluate", other)
    assert looked.code == 2
    assert "it was written for another algorithm, model or environment" in looked.err


def test_an_experiment_file_without_experiment_is_a_mistake(ecotone, tmp_path):
    (tmp_path / "empty.py").write_text("nothing = 1\n")
    said = ecotone("train", "empty.py")
    assert said.code == 2
    assert "experiment = Experiment(...)" in said.err


def test_run_json_is_json(run):
    assert json.loads((run / "run.json").read_text())["experiment"]["seed"] == 3


def test_the_gist_of_a_message_is_found_in_both_kinds_of_boxes():
    boxed = (
        "\x1b[31m╭─ Value error ─╮\x1b[0m\n│ Error parsing --x: could │\n│ not be read │\n│ ───── │\n│ helptext │\n╰───╯\n"
    )
    ascii_only = " Value error \n -----------\n  Error parsing --x: could\n  not be read  \n  -------\n  helptext\n"
    assert sentence(boxed) == sentence(ascii_only) == "--x: could not be read."
