import numpy as np
import pytest

from tests.envs.agents.told import Count, Told


def test_a_sound_environment_is_described(ecotone):
    said = ecotone("check", "Taxi-v4", "--steps", "20", "--env-kwargs.is-rainy", "true")
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        "sees: one of 500",
        "does: one of 6",
        "sound: two copies, 20 random decisions each, seed 0",
    ]


EXPERIMENT = """
from ecotone import PPO, Experiment, Group
from tests.cli.test_check import Count, make_drifting, make_unsound

experiment = Experiment({}, groups={{"one": Group(PPO(), {})}}, env_kwargs={})
"""


def make_unsound(reward=0.0):
    """Two agents; the second vanishes at step 1."""
    both = {"a_0": np.ones(2, np.float32), "a_1": np.ones(2, np.float32)}
    return Told([(both,), ({"a_0": both["a_0"]}, {"a_0": reward})], ("a_0", "a_1"), simultaneous=True)


class Drifting(Count):
    """Heeds no seed."""

    def reset(self, seed=None, options=None):
        return super().reset(seed=None)


def make_drifting():
    return Drifting()


@pytest.mark.parametrize(
    ("env", "kwargs", "code", "told"),
    [
        ("Count", "{}", 0, "global state: int32 [2] from 0 to 99 every agent acts at every step group one: a_0, a_1"),
        ("make_unsound", "{}", 2, "agent 'a_1' is missing from the observations at step 1 of the episode (copy 0)"),
        ("make_unsound", "{'reward': float('nan')}", 2, "agent 'a_0' got the reward nan at step 1"),
        ("make_drifting", "{}", 2, "draw every random number from"),
    ],
)
def test_environments_of_experiment_files_are_checked(ecotone, tmp_path, env, kwargs, code, told):
    file = tmp_path / "mine.py"
    file.write_text(EXPERIMENT.format(env, "()", kwargs))
    said = ecotone("check", file, "--steps", "12")
    assert (said.code, told in " ".join((said.out + said.err).split())) == (code, True), said.err


def test_agents_without_a_group_are_told(ecotone, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(EXPERIMENT.format("Count", "('a_0',)", "{}"))
    said = ecotone("check", file, "--steps", "3")
    assert (said.code, "a_1" in said.err) == (2, True), said.err


def test_what_cannot_be_checked_is_told(ecotone):
    assert "unknown environment" in ecotone("check", "CartPole-v7000").err
    assert ecotone("check", "Taxi-v4", "--steps", "0").code == 2
    assert ecotone("check").code == 2


def test_environments_of_many_agents_are_listed(ecotone):
    listed = ecotone("list", "environments").out
    rows = {line.split()[0]: line.split() for line in listed.splitlines()}
    assert "many" in rows["MultiAgentCartPole-v0"]
    assert "many" in rows["jaxmarl:NAME"]
    assert any(name.startswith("pettingzoo:mpe2/") for name in rows)
