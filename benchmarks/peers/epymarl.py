"""EPyMARL's QMIX on simple_spread: runs the user's checkout with its own settings, without test episodes."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import torch
import yaml
from mpe2 import simple_spread_v3
from protocol import Clock, arguments, report, versions

KEY = "pz-mpe-simple-spread-v3"
NEVER = 10**9


def configuration(source: Path, steps: int, seed: int) -> dict[str, Any]:
    """Its defaults, those for Gymnasium's environments, and those of QMIX, in this order."""
    told: dict[str, Any] = {}
    for file in ("default", "envs/gymma", "algs/qmix"):
        told |= yaml.safe_load((source / "config" / f"{file}.yaml").read_text())
    told["env_args"] = {"key": KEY, "time_limit": 25, "pretrained_wrapper": None, "seed": seed}
    never = {"test_interval": NEVER, "test_nepisode": 1, "learner_log_interval": NEVER}
    return told | never | {"t_max": steps, "use_cuda": False, "runner_log_interval": 1_000, "seed": seed}


def main() -> None:
    """Train, and print the result."""
    told = arguments(__doc__ or "", "checkout")
    if told.work != "qmix-spread":
        raise SystemExit(f"EPyMARL has no driver for {told.work}.")
    source = Path(told.checkout).resolve() / "src"
    sys.path.insert(0, str(source))
    sys.modules["pettingzoo.mpe.simple_spread_v3"] = simple_spread_v3  # where it was when EPyMARL was written
    sys.modules.setdefault("smaclite", ModuleType("smaclite"))  # its battles are imported whatever is played
    where = {"lib_name": "mpe", "env_name": "simple_spread_v3"}
    gymnasium.register(KEY, entry_point="envs.pz_wrapper:PettingZooWrapper", kwargs=where)
    from learners.q_learner import QLearner
    from run import args_sanity_check, run_sequential
    from utils.logging import Logger, get_logger

    torch.set_num_threads(1)  # as its own main program does
    torch.manual_seed(told.seed)
    np.random.seed(told.seed)  # noqa: NPY002
    clock, learn, log = Clock(told.warmup), QLearner.train, Logger.log_stat

    def timed(self: Any, batch: Any, steps: int, episode: int) -> None:
        learn(self, batch, steps, episode)
        clock.note(steps)

    def heard(self: Any, key: str, value: Any, *rest: Any) -> None:
        log(self, key, value, *rest)
        if key == "return_mean":
            clock.returns.append(float(value))

    QLearner.train, Logger.log_stat = timed, heard
    console = get_logger()
    settings = args_sanity_check(configuration(source, told.steps, told.seed), console)
    settings |= {"device": "cpu", "unique_token": "benchmark"}
    run_sequential(args=SimpleNamespace(**settings), logger=Logger(console))
    report(**clock.result(), versions=versions("torch", "gymnasium", "pettingzoo", "mpe2", "numpy"))


main()
