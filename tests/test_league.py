"""Who wins how often, and what rating that comes to."""

from dataclasses import replace

import numpy as np
import pytest

from ecotone import Checkpointing, Experiment, Group, Random, Run, Scripted, train
from ecotone.cli import main
from ecotone.frozen import frozen
from ecotone.league import league, ratings, wins_against_random
from ecotone.mistakes import Mistake
from ecotone.testing.probes import InTurn


def test_ratings_are_those_that_make_the_games_most_likely():
    """With one drawn game added to a pair, 3 wins of 4 are 3.5 points of 5: odds of 7 to 3."""
    counts = np.zeros((2, 2, 3), int)
    counts[0, 1], counts[1, 0] = (3, 0, 1), (1, 0, 3)
    rated = ratings(counts)
    np.testing.assert_allclose(rated.mean(), 1000.0)
    np.testing.assert_allclose(rated[0] - rated[1], 400.0 * np.log10(7 / 3), rtol=1e-6)
    counts = np.zeros((3, 3, 3), int)
    for better, worse in ((0, 1), (1, 2)):
        counts[better, worse, 0] = counts[worse, better, 2] = 8
    rated = ratings(counts)
    assert rated[0] > rated[1] > rated[2]
    np.testing.assert_allclose(rated[0] - rated[1], rated[1] - rated[2], rtol=1e-6)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """One who always names what it sees, and one who never does, on both sides."""
    out, function = str(tmp_path_factory.mktemp("runs")), {"right": lambda seen: seen, "wrong": lambda seen: 1 - seen}
    made = {}
    for name, say in function.items():
        groups = {"both": Group(Scripted(say))}
        experiment = Experiment(InTurn(2, 6), groups=groups, num_envs=4, steps=500, out=out, title=name)
        made[name] = train(replace(experiment, checkpoint=Checkpointing(keep=1)))
    return made


def test_the_better_ones_win_from_both_sides(runs):
    table = league(list(runs.values()), episodes=8)
    assert [each.name.split(" ")[0] for each in table] == [runs["right"].folder.name, "random", runs["wrong"].folder.name]
    best, middle, worst = table
    assert (best.won + best.drawn, best.lost) == (32, 0)
    assert worst.won == 0
    assert best.against_random > 0.8
    assert middle.against_random == 0.5


@frozen
class Sober(Scripted):
    """Errs where it explores."""

    def act(self, params, observation, is_first, memory, key, explore):
        """What is right, or wrong."""
        return self.function(1 - observation if explore else observation), (), memory


def test_games_against_random_are_greedy_and_from_both_sides(runs):
    assert wins_against_random(runs["wrong"], episodes=4) == 0.0
    experiment = replace(runs["right"].experiment, groups={"both": Group(Sober(lambda seen: seen))})
    assert wins_against_random(replace(runs["right"], experiment=experiment), episodes=8) > 0.8


def test_a_league_needs_two_agents(runs):
    groups = {"all": Group(Random())}
    one = replace(runs["right"], experiment=replace(runs["right"].experiment, env=InTurn(3), groups=groups))
    other = train(replace(one.experiment, title="three"))
    with pytest.raises(Mistake, match="another environment"):
        league([runs["right"], other])
    with pytest.raises(Mistake, match="two agents"):
        league([other])


def test_the_command_line_reaches_groups_and_prints_the_table(tmp_path, capsys):
    file = tmp_path / "turns.py"
    file.write_text(
        "import ecotone\nfrom ecotone.testing.probes import InTurn\n"
        'groups = {"both": ecotone.Group(ecotone.Random())}\n'
        f"experiment = ecotone.Experiment(InTurn(), groups=groups, num_envs=2, steps=300, out={str(tmp_path / 'runs')!r})\n"
    )
    options = ["--checkpoint.keep", "1", "--groups.both.no-shared", "--groups.both.train", "false"]
    assert main(["train", str(file), *options]) == 0
    folder = capsys.readouterr().out.splitlines()[-1]
    group = Run.open(folder).experiment.groups["both"]
    assert (group.shared, group.train, group.ids) == (False, False, False)
    assert main(["train", str(file), "--groups.both.shard", "true"]) == 2
    assert "no option --groups.both.shard. Did you mean --groups.both.shared?" in capsys.readouterr().err
    assert main(["analyze", folder, "--league", "--games", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["player", "Elo", "won", "drawn", "lost", "against", "random"]
    assert len(lines) == 4
    assert main(["evaluate", folder, "--episodes", "4"]) == 0
    assert "  both" in capsys.readouterr().out
