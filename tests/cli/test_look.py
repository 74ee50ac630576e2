"""What one does with a run: evaluate, analyze, visualize; and list."""

import json
import re
import shutil

import imageio.v3 as imageio
import numpy as np

from ecotone.pictures.files import read_recording
from ecotone.playing.alone import magnified


def test_evaluate_prints_one_json_object(ecotone, run):
    said = ecotone("evaluate", run, "--json", "--episodes", "4")
    told = json.loads(said.out)
    keys = ["episodes", "return_mean", "return_std", "return_iqm", "return_ci95", "length_mean", "seconds"]
    assert list(told) == keys
    assert told["episodes"] == 4
    assert told["return_mean"] == told["length_mean"]  # CartPole pays 1 a step
    assert told["return_ci95"][0] <= told["return_iqm"] <= told["return_ci95"][1]


def test_evaluate_prints_a_table_and_takes_the_newest_run_of_a_folder(ecotone, run):
    said = ecotone("evaluate", run.parent, "--episodes", "4")
    assert said.code == 0
    assert re.search(r"^return, IQM \(95%\) +[\d.]+ \([\d.]+ to [\d.]+\)$", said.out, re.MULTILINE)


def test_analyze_writes_a_page_that_needs_nothing_else(ecotone, run, tmp_path):
    said = ecotone("analyze", run, "--out", tmp_path / "report")
    assert said.code == 0, said.err
    page = (tmp_path / "report" / "report.html").read_text()
    assert str(tmp_path / "report" / "report.html") in said.out
    assert "CartPole-v1" in said.out
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert "algorithm.feed.length" in page
    for name in ("return", "length", "learning"):
        assert imageio.imread(tmp_path / "report" / f"{name}.png").std() > 5


def test_analyze_compares_repetitions(ecotone, run, tmp_path):
    for seed in range(3):
        copy = tmp_path / "several" / f"a-{seed}"
        shutil.copytree(run, copy)
        described = json.loads((copy / "run.json").read_text())
        described["experiment"]["seed"] = seed
        (copy / "run.json").write_text(json.dumps(described))
    said = ecotone("analyze", tmp_path / "several")
    assert said.code == 0, said.err
    rows = [line for line in said.out.splitlines() if line.startswith("CartPole-v1")]
    assert len(rows) == 1
    assert re.search(r"PPO on CartPole-v1\s+3\s", rows[0])
    assert (tmp_path / "several" / "comparison" / "report.html").exists()


def test_analyze_calls_a_script(ecotone, run, tmp_path):
    script = tmp_path / "mine.py"
    script.write_text("def analyze(run):\n    print('seed', run.experiment.seed)\n")
    assert ecotone("analyze", run, "--script", script).out == "seed 3\n"
    script.write_text("analyse = 3\n")
    said = ecotone("analyze", run, "--script", script)
    assert said.code == 2
    assert "no function `analyze(run)`" in said.err


def test_visualize_records_real_frames(ecotone, run, tmp_path):
    for name in ("film.gif", "film.mp4"):
        said = ecotone("visualize", run, "--record", tmp_path / name)
        assert said.code == 0, said.err
        length = int(re.search(r"length (\d+)", said.out)[1])
        frames = imageio.imread(tmp_path / name, index=None if name.endswith("gif") else ...)
        assert len(frames) >= min(length, 2)
        assert frames.shape[1:3] == (400, 600)
        assert frames[0].std() > 10  # the cart and its pole are there
        assert np.abs(frames[0].astype(int) - frames[-1]).max() > 50  # and move


def test_visualize_writes_a_page_and_the_recording_itself(ecotone, run, tmp_path):
    for name in ("page.html", "told.npz"):
        said = ecotone("visualize", run, "--record", tmp_path / "new" / name)
        assert said.code == 0, said.err
    told = read_recording(tmp_path / "new" / "told.npz")
    length = int(re.search(r"length (\d+)", said.out)[1])
    assert told.episodes[0].rows == len(told.episodes[0].pictures) == length + 1
    assert told.episodes[0].tracks["agent"].reward.sum() == length
    page = (tmp_path / "new" / "page.html").read_text()
    assert page.count('"type": "uint8"') > length  # every picture is there
    assert f'"shape": [{length + 1}, 1, 4]' in page
    (tmp_path / "file").write_text("")
    said = ecotone("visualize", run, "--record", tmp_path / "file" / "page.html")
    assert said.code == 2
    assert "cannot be written" in said.err


def test_lists(ecotone, tmp_path):
    algorithms = ecotone("list", "algorithms").out
    assert re.search(r"^ppo +rollout +Proximal", algorithms, re.MULTILINE)
    environments = ecotone("list", "environments").out
    assert re.search(r"^CartPole-v1 +gymnasium classic_control +one +local, compiled$", environments, re.MULTILINE)
    assert not re.search(r"^CartPole-v0", environments, re.MULTILINE)
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "one.py").write_text(
        '"""The first."""\nimport ecotone\nexperiment = ecotone.Experiment("CartPole-v1", ecotone.PPO(), steps=5_000)\n'
    )
    (tmp_path / "experiments" / "bad_one.py").write_text("import nothing_like_it\n")
    listed = ecotone("list", "experiments").out
    assert re.search(r"^one +CartPole-v1 +ppo +5,000 +The first\.$", listed, re.MULTILINE)
    assert re.search(r"^bad-one .*cannot be read: No module named 'nothing_like_it'$", listed, re.MULTILINE)
    assert re.search(r"^cartpole-ppo +CartPole-v1 +ppo +100,000 +475 +PPO on CartPole-v1", listed, re.MULTILINE)


def test_frames_become_bytes_that_one_can_see():
    small = np.zeros((10, 10, 3))
    small[2, 3] = 1.0
    shown = magnified(small)
    assert (shown.shape, shown.dtype) == ((160, 160, 3), np.uint8)
    assert (shown[32:48, 48:64] == 255).all()
    assert shown.sum() == 255 * 3 * 16 * 16
    whole = np.zeros((400, 600, 3), np.uint8)
    assert magnified(whole).shape == whole.shape
