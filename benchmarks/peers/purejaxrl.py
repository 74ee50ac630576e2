"""PureJaxRL at PPO on CartPole: imports the user's checkout and times the second call of its compiled training."""

import sys
import time
from pathlib import Path

import jax
from protocol import arguments, report, versions

CONFIGURATION = {
    "ENV_NAME": "CartPole-v1",
    "LR": 2.5e-4,
    "ANNEAL_LR": True,
    "NUM_ENVS": 8,
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
}


def main() -> None:
    """Train twice, time the second, and print the result."""
    told = arguments(__doc__ or "", "checkout")
    if told.work != "ppo-cartpole-compiled":
        raise SystemExit(f"PureJaxRL has no driver for {told.work}.")
    sys.path.insert(0, str(Path(told.checkout).resolve() / "purejaxrl"))
    from ppo import make_train

    train = jax.jit(make_train(CONFIGURATION | {"TOTAL_TIMESTEPS": told.steps - told.warmup}))
    jax.block_until_ready(train(jax.random.PRNGKey(told.seed)))
    begin = time.perf_counter()
    metrics = jax.block_until_ready(train(jax.random.PRNGKey(told.seed + 1)))["metrics"]
    seconds = time.perf_counter() - begin
    steps = int(metrics["returned_episode"].size)
    ended = metrics["returned_episode_returns"][metrics["returned_episode"]]
    known = versions("jax", "gymnax", "flax", "distrax")
    rate = {"steps": steps, "seconds": seconds, "steps_per_second": steps / seconds}
    report(**rate, **{"return": float(ended[-100:].mean())}, versions=known)


main()
