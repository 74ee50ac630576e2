"""Programs have as many threads as an experiment says."""

import os
import subprocess
import sys

import jax
import pytest

from ecotone import PPO, Experiment
from ecotone.mistakes import Mistake
from ecotone.training import make_engine

SCRIPT = """
import os, jax
from ecotone import PPO, Experiment
from ecotone.training import make_engine
from tests.algorithms.small import small_ppo
made = Experiment("CartPole-v1", small_ppo(), runtime="compiled", threads={threads}, num_envs=2)
for _ in range(2):
    make_engine(made)
names = [open(f"/proc/self/task/{{task}}/comm").read().strip() for task in os.listdir("/proc/self/task")]
print(sum("XLAEigen" in name for name in names), "NPROC" in os.environ)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_xla_makes_as_many_threads(threads):
    ran = subprocess.run([sys.executable, "-c", SCRIPT.format(threads=threads)], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == [str(threads), "False"]


@pytest.mark.parametrize("options", ["--threads 1", "--devices 2"])
def test_sweeps_choose_before_jax_begins(options, tmp_path):
    command = "train ppo CartPole-v1 --runtime compiled --seeds 2 --steps 64 --num-envs 2 --algorithm.feed.length 16"
    words = [*command.split(), *options.split(), "--algorithm.minibatches", "1", "--out", str(tmp_path)]
    free = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    ran = subprocess.run([sys.executable, "-m", "ecotone", *words], capture_output=True, text=True, env=free, check=False)
    assert ran.returncode == 0, ran.stderr


def test_threads_after_jax_has_begun_are_a_mistake():
    jax.devices()
    with pytest.raises(Mistake, match="threads=3 comes too late"):
        make_engine(Experiment("CartPole-v1", PPO(), threads=3))


def test_no_threads_are_a_mistake():
    with pytest.raises(Mistake, match="threads is 0"):
        Experiment("CartPole-v1", PPO(), threads=0)
