import math

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event as BoardEvent

from ecotone import metrics
from ecotone.metrics import COLUMNS, Recorder, Tally, board_tag, read_columns, read_rows
from ecotone.runtime.events import EpisodeEnded, Evaluated, Updated


class Watched(Updated):
    """Counts how often its metrics are read."""

    reads = 0

    @property
    def metrics(self):
        Watched.reads += 1
        return {"loss": float(self.steps)}


def record(folder, first, last, steps=1000, begin=0):
    recorder = Recorder(folder, steps, begin)
    for step in range(first, last + 1):
        if step % 4 == 0:
            recorder(EpisodeEnded(step, 0, float(step), 7))
        recorder(Watched(step, 1, {}))
    recorder.close()


def test_rows_are_few_and_losses_lag_by_one_update(tmp_path):
    Watched.reads = 0
    record(tmp_path, 1, 1000)
    columns = read_columns(tmp_path / "progress.csv")
    assert len(columns["steps"]) == pytest.approx(200, abs=2)
    assert Watched.reads <= 201
    there = np.isfinite(columns["loss"])
    assert (columns["loss"][there][:-1] == columns["steps"][there][:-1] - 1).all()
    assert columns["loss"][-1] == 1000
    assert columns["episodes"][-1] == 250


def test_returns_are_of_whole_episodes_since_the_row_before_and_empty_without(tmp_path):
    recorder = Recorder(tmp_path, 200)
    for step in (1, 2, 3):
        if step == 2:
            recorder(EpisodeEnded(step, 0, 10.0, 5))
            recorder(EpisodeEnded(step, 1, 20.0, 6))
        recorder(Updated(step, 0, {}))
    recorder.close()
    first, second, third, *_ = read_rows(tmp_path / "progress.csv")
    assert "return_mean" not in first
    assert (second["return_mean"], second["length_mean"]) == (15.0, 5.5)
    assert "return_mean" not in third
    assert "nan" not in (tmp_path / "progress.csv").read_text()


def test_a_resumed_run_goes_on_without_doubled_steps(tmp_path):
    record(tmp_path, 1, 600)
    before = read_columns(tmp_path / "progress.csv")["seconds"].max()
    record(tmp_path, 501, 1000, begin=500)
    columns = read_columns(tmp_path / "progress.csv")
    assert (np.diff(columns["steps"]) >= 0).all()
    assert columns["steps"][-1] == 1000
    assert columns["seconds"][-1] >= 0.5 * before


def test_an_evaluation_has_a_row_of_its_own(tmp_path):
    recorder = Recorder(tmp_path, 1000)
    recorder(Evaluated(10, (1.0, 2.0, 3.0, 50.0), (1, 2, 3, 4), 0.1))
    recorder.close()
    (row,) = read_rows(tmp_path / "progress.csv")
    assert row["evaluation_return_mean"] == 14.0
    assert row["evaluation_return_iqm"] == 2.5
    assert row["evaluation_return_low"] <= 2.5 <= row["evaluation_return_high"]
    assert row["steps"] == 10


def test_a_line_cut_short_is_left_out(tmp_path):
    path = tmp_path / "progress.csv"
    path.write_text("steps,seconds,loss\n1,2,3\n4,5")
    assert read_rows(path) == [{"steps": 1.0, "seconds": 2.0, "loss": 3.0}]
    assert math.isnan(read_columns(path)["return_mean"][0])


def test_nothing_is_written_where_the_folder_is_gone(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    recorder = Recorder(folder, 1000)
    recorder(EpisodeEnded(1, 0, 1.0, 1))
    recorder(Updated(1, 1, {"loss": 1.0}))
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    recorder.close()
    assert not folder.exists()


def test_tensorboard_gets_the_rows(tmp_path):
    record(tmp_path, 1, 10, steps=10)
    (path,) = tmp_path.glob("events.out.tfevents.*")
    assert {"learning/loss", "training/return_mean"} <= tags(path.read_bytes())
    assert board_tag("evaluation_return_iqm") == "evaluation/return_iqm"
    assert {board_tag(name).partition("/")[0] for name in COLUMNS} == {"training", "evaluation"}


def tags(data):
    """Names of the scalars in a file of TensorBoard events: length (8), its check (4), event, its check (4)."""
    found, at = set(), 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 8], "little")
        event = BoardEvent.FromString(data[at + 12 : at + 12 + size])
        found |= {value.tag for value in event.summary.value}
        at += size + 16
    return found


def test_tally_has_a_rate_and_the_time_left(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(metrics.time, "monotonic", lambda: now[0])
    tally = Tally(1000)
    assert tally.rate() is None
    assert tally.left() is None
    now[0] = 102.0
    tally(Updated(200, 1, {}))
    assert tally.rate() == pytest.approx(100.0)
    assert tally.left() == pytest.approx(8.0)
    tally(Updated(1024, 2, {}))
    assert tally.left() == 0.0  # the last fragment goes over the end
