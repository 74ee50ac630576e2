"""JaxMARL's own scripts on simple_spread: imports the user's checkout and times the second call of its compiled training."""

import importlib
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
from protocol import arguments, report, versions

ENVIRONMENT = {"ENV_NAME": "MPE_simple_spread_v3", "ENV_KWARGS": {}}
PPO = {
    "NUM_ENVS": 16,
    "NUM_STEPS": 128,
    "UPDATE_EPOCHS": 4,
    "NUM_MINIBATCHES": 4,
    "GAMMA": 0.99,
    "GAE_LAMBDA": 0.95,
    "CLIP_EPS": 0.2,
    "ENT_COEF": 0.01,
    "VF_COEF": 0.5,
    "MAX_GRAD_NORM": 0.5,
    "ACTIVATION": "tanh",
    "ANNEAL_LR": True,
}
QMIX = {
    "NUM_ENVS": 8,
    "NUM_STEPS": 26,
    "BUFFER_SIZE": 5_000,
    "BUFFER_BATCH_SIZE": 32,
    "HIDDEN_SIZE": 64,
    "MIXER_EMBEDDING_DIM": 32,
    "MIXER_HYPERNET_HIDDEN_DIM": 128,
    "MIXER_INIT_SCALE": 0.001,
    "EPS_START": 1.0,
    "EPS_FINISH": 0.05,
    "EPS_DECAY": 0.1,
    "MAX_GRAD_NORM": 25,
    "TARGET_UPDATE_INTERVAL": 200,
    "TAU": 1.0,
    "NUM_EPOCHS": 1,
    "LR": 0.005,
    "LEARNING_STARTS": 832,
    "LR_LINEAR_DECAY": True,
    "GAMMA": 0.9,
    "TEST_DURING_TRAINING": False,
    "TEST_NUM_ENVS": 8,
    "WANDB_MODE": "disabled",
}
WORKS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ippo-spread-compiled": ("IPPO", "ippo_ff_mpe", PPO | {"LR": 2.5e-4}),
    "mappo-spread-compiled": (
        "MAPPO",
        "mappo_rnn_mpe",
        PPO | {"LR": 2e-3, "FC_DIM_SIZE": 128, "GRU_HIDDEN_DIM": 128, "SCALE_CLIP_EPS": False},
    ),
    "qmix-spread-compiled": ("QLearning", "qmix_rnn", QMIX),
}
"""Folder and name of the script, and its configuration as it comes (without tests, and learning from the first batch on)."""


def main() -> None:
    """Train twice, time the second, and print the result."""
    told = arguments(__doc__ or "", "checkout")
    if told.work not in WORKS:
        raise SystemExit(f"JaxMARL has no driver for {told.work}.")
    folder, name, settings = WORKS[told.work]
    sys.path.insert(0, str(Path(told.checkout).resolve() / "baselines" / folder))
    script = importlib.import_module(name)
    script.wandb = SimpleNamespace(log=lambda metrics: None)  # else it wants an account
    configuration = settings | ENVIRONMENT | {"TOTAL_TIMESTEPS": told.steps - told.warmup}
    environment = (script.env_from_config(configuration)[0],) if folder == "QLearning" else ()
    train = jax.jit(script.make_train(configuration, *environment))
    jax.block_until_ready(train(jax.random.PRNGKey(told.seed)))
    begin = time.perf_counter()
    trained = jax.block_until_ready(train(jax.random.PRNGKey(told.seed + 1)))
    seconds = time.perf_counter() - begin
    steps = configuration["NUM_UPDATES"] * configuration["NUM_ENVS"] * configuration["NUM_STEPS"]
    returns = (trained.get("metrics") or {}).get("returned_episode_returns")
    rate = {"steps": steps, "seconds": seconds, "steps_per_second": steps / seconds}
    mean = None if returns is None else float(returns[-1])
    report(**rate, **{"return": mean}, versions=versions("jaxmarl", "jax", "flax", "distrax", "flashbax"))


main()
