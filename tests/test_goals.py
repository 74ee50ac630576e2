"""What happens in episodes is counted, and an experiment may be judged by that instead of by its return."""

import dataclasses
import json

import numpy as np
import pytest

from ecotone.cli.evaluate import main
from ecotone.evaluation import evaluate
from ecotone.mistakes import Mistake
from ecotone.training import begin, follow
from ecotone.tuned import read

FILE = '''"""Nobody learns to walk a corridor."""

import ecotone

reach = 0.5


def goal(played):
    return played.counted("agent/arrived") / 2


def measure(run, episodes):
    return run.experiment.seed + episodes / 100


kwargs = {"length": 4, "agents": 2, "horizon": 12}
experiment = ecotone.Experiment("grid:multi_corridor", ecotone.Random(), env_kwargs=kwargs, steps=1, num_envs=1)
'''


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    file = tmp_path_factory.mktemp("goals") / "corridor.py"
    file.write_text(FILE)
    return file, read(file)


def test_counts_explain_returns_and_goals(tuned, tmp_path, capsys):
    file, said = tuned
    run = follow(begin(dataclasses.replace(said.experiment, out=str(tmp_path)), source=file))
    played = evaluate(run, episodes=8, seed=3)
    walked, bad, bumped, arrived = (played.counted(f"agent/{name}") for name in ("walked", "bad_move", "bumped", "arrived"))
    np.testing.assert_allclose(played.returns, 16 * arrived - walked - 5 * bad - 2 * bumped)
    assert played.counted("agent/ended").tolist() == arrived.tolist()
    assert len(set(arrived)) > 1
    assert played.counted("agent/acted").tolist() == [float(length) for length in played.lengths]
    assert said.score(played) == pytest.approx(arrived.mean() / 2)
    with pytest.raises(Mistake, match="'agent/arived'"):
        played.counted("agent/arived")
    assert main([str(run.folder), "--episodes", "8", "--seed", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["goal"] == pytest.approx(said.score(played))
    assert told["measure"] == pytest.approx(run.experiment.seed + 0.08) == said.result(run, 8)
    assert told["counts"]["agent/arrived"] == pytest.approx(arrived.mean())
