"""Episodes told play by play."""

import io

import imageio.v3 as imageio
import numpy as np
import pytest

from ecotone.playbook import written

CORRIDOR = """
import ecotone
from ecotone.sim import TurnBasedManager
from ecotone.sim.games import MultiCorridor


def corridor(end=5):
    return TurnBasedManager(MultiCorridor(end, 2), horizon=50)


experiment = ecotone.Experiment(corridor, ecotone.PPO(), title="corridor")
"""


@pytest.fixture
def corridor(tmp_path):
    """An experiment file, and beside it a policy that always goes right."""
    (tmp_path / "right.py").write_text("def act(agent, observation):\n    return 2\n")
    (tmp_path / "corridor.py").write_text(CORRIDOR)
    return tmp_path / "corridor.py"


def told(said):
    """The folder that a command named last."""
    assert said.code == 0, said.err
    from pathlib import Path

    return Path(said.out.splitlines()[-1])


def test_a_script_plays_and_both_views_are_written(ecotone, corridor):
    said = ecotone("debug", corridor, "--policy", "right.py", "--env-kwargs.end", "3", "--render")
    folder = told(said)
    assert folder.parts[:2] == ("debug", "corridor")
    assert "episode 1: over after " in said.out
    events = (folder / "Episode_1_by_event.txt").read_text()
    assert events.startswith("Reset\n  Observation\n    agent0  left: [")
    assert "Step 1\n  Action\n    agent0  2\n  Observation\n" in events
    assert events.endswith("  The episode is over.\n")
    agents = (folder / "Episode_1_by_agent.txt").read_text()
    for name in ("agent0", "agent1"):
        life = agents[agents.index(f"{name}: return ") :].split("\n\n")[0]
        assert "\n  Observations\n" in life
        assert "\n  Terminated at step " in life
    assert imageio.imread(folder / "Episode_1.gif").shape[1:] == (480, 640, 3)


def test_random_episodes_follow_their_seeds_and_are_left_after_some_steps(ecotone, corridor):
    read = lambda *options: [
        (told(ecotone("debug", corridor, "-s", "5", *options)) / f"Episode_{i}_by_event.txt").read_text() for i in (1, 2)
    ]
    first, second = read("-n", "2")
    assert first.count("\nStep ") == second.count("\nStep ") == 5
    assert first != second
    assert second == read("-n", "2", "--seed", "1")[0]


def test_one_agent_of_gymnasium_and_of_jax_is_told_too(ecotone):
    for name in ("Pendulum-v1", "gymnax:Catch-bsuite"):
        agent = (told(ecotone("debug", name, "-s", "3")) / "Episode_1_by_agent.txt").read_text()
        assert agent.startswith("agent: return ")
        assert agent.count("\n    3  ") == 3


def test_a_runs_policy_plays(ecotone, run):
    said = ecotone("debug", run, "-s", "400", "--seed", "2")
    again = ecotone("debug", "CartPole-v1", "--policy", run, "-s", "400", "--seed", "2")
    assert said.out.splitlines()[0] == again.out.splitlines()[0]
    assert ecotone("debug", "Acrobot-v1", "--policy", run).err.endswith("other observations or actions than these.\n")


def test_steps_wait_for_a_key(ecotone, corridor, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n\nq\n"))
    said = ecotone("debug", corridor, "--step", "-n", "3")
    assert said.out.count("[enter] next step") == 3
    assert "episode 1: left after 2 steps" in said.out
    assert "episode 2" not in said.out
    monkeypatch.setattr("sys.stdin", io.StringIO("c\n"))
    assert ecotone("debug", corridor, "--step", "-s", "4").out.count("\nStep ") == 4


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("corridor.py", "--policy", "nobody"), "--policy is `random`, a Python file"),
        (("corridor.py", "--policy", "wrong.py"), r"`act('agent0', ...)` gave 7, which is no action of Discrete"),
        (("corridor.py", "--policy", "corridor.py"), "corridor.py defines no function `act(agent, observation)`"),
        (("corridor.py", "--steps", "0"), "--episodes and --steps must be at least 1"),
        (("gymnax:Catch-bsuite", "--render"), "exists in compiled form alone"),
        (("CartPoel-v1",), "unknown environment 'CartPoel-v1'. Did you mean"),
    ],
)
def test_mistakes_are_told_in_a_line(ecotone, corridor, tmp_path, arguments, says):
    (tmp_path / "wrong.py").write_text("def act(agent, observation):\n    return 7\n")
    said = ecotone("debug", *arguments)
    assert said.code == 2
    assert says in said.err
    assert said.err.count("\n") == 1


@pytest.mark.filterwarnings("default:it is steep")
def test_what_a_file_warns_of_is_told_in_a_line(ecotone, corridor):
    corridor.write_text(f"import warnings\n\nwarnings.warn('it is steep')\n{CORRIDOR}")
    assert ecotone("debug", corridor, "-s", "1").err == "ecotone: it is steep\n"


def test_values_are_written_short():
    assert (
        written({"a": np.array([0.123456, 2.0]), "b": np.bool_(True), "c": (1, 2.5)}) == "a: [0.1235 2], b: 1, c: (1, 2.5)"
    )
    assert written({"a": np.eye(2, dtype=int), "b": 1}) == "a: [[1 0]\n    [0 1]]\nb: 1"
