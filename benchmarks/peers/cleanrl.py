"""CleanRL at the works that it can do: runs a script of the user's checkout and times the lines that it prints."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from protocol import Clock, arguments, report, versions

PPO = ("--num-envs", "8", "--num-steps", "128", "--num-minibatches", "4", "--update-epochs", "4")
REPLAY = ("--learning-starts", "1000")
WORKS = {
    ("ppo-cartpole", ""): ("ppo.py", "CartPole-v1", PPO, 0, 1_024),
    ("ppo-pong", ""): ("ppo_atari.py", "ale_py:PongNoFrameskip-v4", PPO, 0, 1_024),
    ("ppo-pong", "envpool"): ("ppo_atari_envpool.py", "Pong-v5", PPO, 0, 1_024),
    ("dqn-cartpole", ""): (
        "dqn.py",
        "CartPole-v1",
        (*REPLAY, "--train-frequency", "4", "--batch-size", "64"),
        1_000,
        100,
    ),
    ("sac-halfcheetah", ""): (
        "sac_continuous_action.py",
        "HalfCheetah-v4",
        (*REPLAY, "--batch-size", "256"),
        1_000,
        100,
    ),
}
"""By work and environments: script, environment, options, steps before the first speed line, and between two."""


def main() -> None:
    """Run the script, note the clock at each speed line, and print the result."""
    told = arguments(__doc__ or "", "checkout", "environments")
    if (told.work, told.environments) not in WORKS:
        raise SystemExit(f"CleanRL has no driver for {told.work} {told.environments}.")
    script, environment, options, before, between = WORKS[told.work, told.environments]
    checkout = Path(told.checkout).resolve()
    command = [sys.executable, "-u", str(checkout / "cleanrl" / script), "--env-id", environment, *options]
    command += ["--total-timesteps", str(told.steps), "--seed", str(told.seed), "--no-cuda"]
    clock, steps = Clock(told.warmup), before
    with tempfile.TemporaryDirectory() as folder:
        settings = os.environ | {"PYTHONPATH": str(checkout)}
        with subprocess.Popen(command, cwd=folder, env=settings, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout or ():
                if line.startswith("SPS:"):
                    steps += between
                    clock.note(steps)
                elif "episodic_return=" in line:
                    clock.returns.append(float(line.split("episodic_return=")[1].strip("[]\n ")))
    if process.returncode:
        raise SystemExit(f"{script} ended with exit code {process.returncode}.")
    report(**clock.result(), versions=versions("torch", "gymnasium", "gym", "envpool", "mujoco", "numpy"))


main()
