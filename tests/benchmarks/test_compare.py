"""The contest itself, with stand-ins for the contestants' Pythons."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMPARE = Path(__file__).parents[2] / "benchmarks" / "compare.py"


def stand_in(folder: Path, name: str, rate: float, with_one_thread: float, solved: bool = True) -> str:
    """A program that answers as a driver does, with another rate where one thread is asked for."""

    def line(rate: float) -> str:
        told = {"steps": 100, "steps_per_second": rate, "return": None, "solved": solved, "versions": {name: "1.2"}}
        return f"RESULT {json.dumps(told)}"

    path = folder / name
    path.write_text(
        f"#!/bin/sh\nif [ \"$OMP_NUM_THREADS\" = 1 ]; then echo '{line(with_one_thread)}'; else echo '{line(rate)}'; fi\n"
    )
    path.chmod(0o755)
    return str(path)


def compare(folder: Path, *options: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(COMPARE), *options, "--out", str(folder / "out")]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_ratio_is_to_the_better_variant_of_the_peer(tmp_path: Path) -> None:
    ours, theirs = stand_in(tmp_path, "ours", 300.0, 1.0), stand_in(tmp_path, "theirs", 100.0, 150.0)
    compare(
        tmp_path, "ppo-cartpole", "--peers", "sb3", "--python", f"ecotone={ours}", "--python", f"sb3={theirs}"
    ).check_returncode()
    page = (tmp_path / "out" / "ppo-cartpole.md").read_text()
    ratio = next(line for line in page.splitlines() if line.startswith("| Stable-Baselines3 (1 thread) | 2.00"))
    assert ratio.count("2.00 (2.00 – 2.00)") == 2
    assert not any("3.00" in line for line in page.splitlines())
    assert "theirs 1.2" in page


def test_a_contestant_that_fails_is_left_out_and_explained(tmp_path: Path) -> None:
    ours = stand_in(tmp_path, "ours", 300.0, 1.0)
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho no such module >&2\nexit 3\n")
    broken.chmod(0o755)
    ended = compare(tmp_path, "ppo-cartpole", "--peers", "sbx", "--python", f"ecotone={ours}", "--python", f"sbx={broken}")
    assert "no such module" in ended.stderr
    assert "exit code 3" in ended.stderr
    assert "SBX" not in (tmp_path / "out" / "ppo-cartpole.md").read_text()


def test_an_unsolved_task_is_a_failure(tmp_path: Path) -> None:
    ours, theirs = stand_in(tmp_path, "ours", 1.0, 1.0), stand_in(tmp_path, "theirs", 1.0, 1.0, solved=False)
    ended = compare(tmp_path, "solve-cartpole", "--peers", "sbx", "--python", f"ecotone={ours}", "--python", f"sbx={theirs}")
    assert "did not solve" in ended.stderr
    assert "Ecotone (later)" in (tmp_path / "out" / "solve-cartpole.md").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("ppo-cartpole", "--peers", "purejaxrl"), "purejaxrl cannot do ppo-cartpole"),
        (("ppo-cartpole", "--peers", "cleanrl"), "give --checkout cleanrl=PATH"),
        (("ppo-cartpole", "--python", "sb4=x"), "not sb4"),
        (("ppo-cartpole", "--peers", "sb3", "--python", "sb3=/nowhere/python"), "install_peers.py sb3"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ended = compare(tmp_path, *options)
    assert ended.returncode != 0
    assert said in ended.stderr
