"""The command as a process of its own: exit codes, Ctrl-C, and how soon help comes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .conftest import SMALL

COMMAND = [sys.executable, "-m", "ecotone"]


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from ecotone.cli import main; main(['--help']);"
        "print(sorted({'jax', 'numpy', 'tyro', 'rich', 'gymnasium', 'matplotlib'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("usage: ecotone")
    assert told.stdout.splitlines()[-1] == "[]"


def test_exit_codes_of_the_process():
    assert subprocess.run([*COMMAND, "--help"], capture_output=True, check=False).returncode == 0
    wrong = subprocess.run([*COMMAND, "trian"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr.count("\n") == 1


def test_an_interrupt_saves_and_says_how_to_resume(tmp_path):
    options = [*SMALL, "--steps", "100000000", "--out", str(tmp_path / "all")]
    process = subprocess.Popen(
        [*COMMAND, "train", "ppo", "CartPole-v1", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline()  # it is at work
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    folder = Path(err.split("ecotone train --resume ")[1].strip())
    assert list((folder / "checkpoints").iterdir())
