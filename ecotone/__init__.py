"""Reinforcement learning for any simulation: every algorithm on one stable API."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ecotone.algorithms import (
        A2C,
        A3C,
        APPO,
        C51,
        DDPG,
        DQN,
        IMPALA,
        IQN,
        MADDPG,
        MAPPO,
        MATD3,
        PG,
        PPO,
        PQN,
        PQNVDN,
        QMIX,
        QRDQN,
        R2D2,
        SAC,
        TD3,
        TQC,
        VDN,
        DiscreteSAC,
        Rainbow,
    )
    from ecotone.algorithms.normalized import NormalizeObservations, NormalizeRewards
    from ecotone.algorithms.scripted import Random, Scripted
    from ecotone.evaluation import evaluate
    from ecotone.experiment import Checkpointing, Cluster, Evaluation, Experiment
    from ecotone.groups import Group, Past
    from ecotone.playing import play
    from ecotone.policy import Policy, load
    from ecotone.runs import Run
    from ecotone.runtime.events import Collected, EpisodeEnded, Evaluated, Saved, SetTask, Stop, Updated
    from ecotone.sweeping import begin_sweep, resume_sweep, train_sweep
    from ecotone.sweeps import Sweep
    from ecotone.training import begin, run, train

_PLACES = {
    "algorithms": (
        "A2C",
        "A3C",
        "APPO",
        "C51",
        "DDPG",
        "DQN",
        "IMPALA",
        "IQN",
        "MADDPG",
        "MAPPO",
        "MATD3",
        "PG",
        "PPO",
        "PQN",
        "PQNVDN",
        "QMIX",
        "QRDQN",
        "R2D2",
        "SAC",
        "TD3",
        "TQC",
        "VDN",
        "DiscreteSAC",
        "Rainbow",
    ),
    "algorithms.scripted": ("Random", "Scripted"),
    "algorithms.normalized": ("NormalizeObservations", "NormalizeRewards"),
    "evaluation": ("evaluate",),
    "experiment": ("Checkpointing", "Cluster", "Evaluation", "Experiment"),
    "groups": ("Group", "Past"),
    "playing": ("play",),
    "policy": ("Policy", "load"),
    "runs": ("Run",),
    "runtime.events": ("Collected", "EpisodeEnded", "Evaluated", "Saved", "SetTask", "Stop", "Updated"),
    "sweeping": ("begin_sweep", "resume_sweep", "train_sweep"),
    "sweeps": ("Sweep",),
    "training": ("begin", "run", "train"),
}
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [  # noqa: RUF022 - in the order in which a user meets them
    "Experiment", "Group", "Past", "Evaluation", "Checkpointing", "Cluster",
    "train", "run", "begin", "Run", "evaluate", "play", "load", "Policy",
    "Sweep", "train_sweep", "begin_sweep", "resume_sweep",
    "PPO", "APPO", "IMPALA", "A2C", "A3C", "PG", "PQN", "DQN", "C51", "QRDQN", "IQN", "Rainbow", "R2D2",
    "SAC", "DiscreteSAC", "TD3", "DDPG", "TQC", "QMIX", "VDN", "PQNVDN", "MAPPO", "MADDPG", "MATD3",
    "NormalizeObservations", "NormalizeRewards", "Random", "Scripted",
    "EpisodeEnded", "Collected", "Updated", "Evaluated", "Saved", "Stop", "SetTask",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Public names are imported on first use, so that `ecotone --help` need not wait for JAX."""
    if name not in _PLACE_OF:
        raise AttributeError(f"module 'ecotone' has no attribute '{name}'")
    return getattr(importlib.import_module(f"ecotone.{_PLACE_OF[name]}"), name)
