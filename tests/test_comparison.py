import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from ecotone import DQN, PPO, Experiment
from ecotone.comparison import Told, group, score, settings
from ecotone.curves import band, smooth, thousands, together
from ecotone.metrics import COLUMNS
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant, Linear
from ecotone.report import return_panels


def told(seed=0, env="CartPole-v1", algorithm=None, title="", evaluated=500.0, returned=100.0):
    experiment = Experiment(env, algorithm or PPO(), title=title, seed=seed)
    columns = {name: np.full(4, math.nan) for name in COLUMNS}
    columns |= {"steps": np.arange(4.0), "seconds": np.arange(4.0), "return_mean": np.full(4, returned)}
    columns["evaluation_return_iqm"] = np.array([math.nan, 1.0, evaluated, math.nan])
    columns["evaluation_return_low"] = columns["evaluation_return_high"] = columns["evaluation_return_iqm"]
    return Told(Path("x"), title or "PPO on CartPole-v1", env, settings(experiment), columns)


def stepping(schedule):
    return PPO(optimizer=Adam(schedule))


def test_runs_that_differ_in_their_seed_only_are_one_group():
    (only,) = group([told(0), told(1), told(2, env="Acrobot-v1")])
    assert len(only.runs) == 3
    assert len(only.on("CartPole-v1")) == 2


@pytest.mark.parametrize(
    ("runs", "labels"),
    [
        ([told(title="a"), told(title="b")], ["a", "b"]),
        ([told(), told(algorithm=DQN())], ["PPO", "DQN"]),
        ([told(), told(algorithm=dataclasses.replace(PPO(), gamma=0.9))], ["gamma 0.99", "gamma 0.9"]),
        ([told(algorithm=stepping(Constant(v))) for v in (1e-3, 1e-4)], ["learning rate 0.001", "learning rate 0.0001"]),
        ([told(algorithm=stepping(Linear(v, 0.0))) for v in (1.0, 2.0)], ["learning rate start 1", "learning rate start 2"]),
    ],
)
def test_groups_are_named_by_what_sets_them_apart(runs, labels):
    assert [each.label for each in group(runs)] == labels


def test_scores_are_of_the_last_evaluation_else_of_the_end_of_training():
    one = score("CartPole-v1", "x", [told()])
    assert (one.value, one.evaluated, one.interval) == (500.0, True, (500.0, 500.0))
    several = score("CartPole-v1", "x", [told(s, evaluated=v) for s, v in enumerate((1.0, 2.0, 3.0, 100.0))])
    assert several.value == 2.5
    assert several.interval[0] < 2.5 < several.interval[1]
    silent = {"evaluation_return_iqm": np.full(4, math.nan)}
    bare = score("CartPole-v1", "x", [told()._replace(columns=told().columns | silent)])
    assert (bare.value, bare.evaluated, bare.interval) == (100.0, False, None)


def test_series_meet_on_the_stretch_that_all_cover():
    x, y = together([(np.array([0.0, 10.0]), np.array([0.0, 10.0])), (np.array([5.0, 20.0]), np.array([1.0, 1.0]))], 11)
    assert (x[0], x[-1]) == (5.0, 10.0)
    np.testing.assert_allclose(y[:, 0], x)
    np.testing.assert_allclose(y[:, 1], 1.0)


def test_a_band_holds_its_line():
    series = [(np.arange(5.0), np.arange(5.0) + shift) for shift in (0.0, 1.0, 2.0, 3.0)]
    line = band(series, "x", "red")
    np.testing.assert_allclose(line.y, np.arange(5.0) + 1.5)
    assert ((line.low <= line.y) & (line.y <= line.high)).all()
    assert (line.high - line.low > 0.5).all()


def test_smoothing_keeps_constants_and_shortens_at_the_ends():
    np.testing.assert_allclose(smooth(np.full(7, 3.0), 5), 3.0)
    np.testing.assert_allclose(smooth(np.arange(5.0), 3), [0.5, 1.0, 2.0, 3.0, 3.5])
    assert [thousands(v) for v in (0, 1000, 25_000, 1.5e6)] == ["0", "1000", "25k", "1.5M"]


def test_repetitions_of_very_different_speed_are_drawn_against_their_mean_time():
    slow = told(1)
    slow.columns["seconds"] = slow.columns["seconds"] + 100.0
    _, panel = return_panels(group([told(0), slow]))
    (line,) = panel.lines
    np.testing.assert_allclose(line.x, [51.0, 52.0])
