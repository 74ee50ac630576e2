"""Stable-Baselines3, its contrib and SBX (the same interface) at the works that they can do."""

import importlib
from typing import Any

from hidden import hidden_cartpole
from protocol import EVALUATE_EVERY, EVALUATION_EPISODES, SOLVED, Clock, arguments, report, versions
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_atari_env, make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecFrameStack

PACKAGES = ("stable-baselines3", "torch", "gymnasium", "numpy")
ROLLOUT = {"n_steps": 128, "batch_size": 256, "n_epochs": 4}
LIBRARIES = {
    "sb3": ("stable_baselines3", ()),
    "sb3-contrib": ("sb3_contrib", ("sb3-contrib",)),
    "sbx": ("sbx", ("sbx-rl", "jax")),
}
"""Module and further packages of each."""
ZOO_CARTPOLE = {"n_steps": 32, "batch_size": 256, "n_epochs": 20, "gae_lambda": 0.8, "gamma": 0.98, "ent_coef": 0.0}


def linear(start: float) -> Any:
    """A schedule that falls to nothing with the share of training that remains."""
    return lambda remaining: start * remaining


def pong(seed: int) -> Any:
    """Eight games of Pong with the usual preprocessing."""
    import ale_py
    import gymnasium

    gymnasium.register_envs(ale_py)
    return VecFrameStack(make_atari_env("PongNoFrameskip-v4", n_envs=8, seed=seed), 4)


def make(library: Any, work: str, steps: int, seed: int, block: int) -> Any:
    """The model for a work, with the library's defaults where the work does not say otherwise.

    SAC learns after every `block` steps as often as there were steps, DQN `block` times after four times as many steps.
    """
    common = {"seed": seed, "device": "cpu"}
    if work == "ppo-cartpole":
        return library.PPO("MlpPolicy", make_vec_env("CartPole-v1", 8, seed), **ROLLOUT, **common)
    if work == "recurrent-ppo-cartpole":
        network = {"policy_kwargs": {"lstm_hidden_size": 64, "net_arch": [64, 64]}}
        return library.RecurrentPPO("MlpLstmPolicy", make_vec_env(hidden_cartpole, 8, seed), **ROLLOUT, **network, **common)
    if work == "solve-cartpole":
        tuned = ZOO_CARTPOLE | {"learning_rate": linear(1e-3), "clip_range": linear(0.2)}
        return library.PPO("MlpPolicy", make_vec_env("CartPole-v1", 8, seed), **tuned, **common)
    if work == "ppo-pong":
        tuned = {"learning_rate": linear(2.5e-4), "clip_range": linear(0.1), "ent_coef": 0.01}
        return library.PPO("CnnPolicy", pong(seed), **ROLLOUT, **tuned, **common)
    if work == "dqn-cartpole":
        often = {"train_freq": 4 * block, "gradient_steps": block}
        schedule = {"learning_starts": 1_000, **often, "target_update_interval": 2_000}
        tuned = {"learning_rate": 1e-3, "batch_size": 64, "buffer_size": 100_000, "exploration_fraction": 1e4 / steps}
        network = {"policy_kwargs": {"net_arch": [64, 64]}}
        return library.DQN("MlpPolicy", make_vec_env("CartPole-v1", 1, seed), **schedule, **tuned, **network, **common)
    if work == "dqn-lunarlander":
        often = {"train_freq": 4 * block, "gradient_steps": block}
        schedule = {"learning_starts": 1_000, **often, "target_update_interval": 800}
        tuned = {"learning_rate": 1e-3, "batch_size": 128, "buffer_size": 100_000, "exploration_fraction": 1e4 / steps}
        network = {"policy_kwargs": {"net_arch": [256, 256]}}
        return library.DQN("MlpPolicy", make_vec_env("LunarLander-v3", 1, seed), **schedule, **tuned, **network, **common)
    if work in ("sac-halfcheetah", "td3-halfcheetah"):
        network = {"policy_kwargs": {"net_arch": [256, 256]}}
        schedule = {"learning_starts": 1_000, "batch_size": 256, "train_freq": block, "gradient_steps": block}
        kind = getattr(library, work[:3].upper())
        return kind("MlpPolicy", make_vec_env("HalfCheetah-v5", 1, seed), **schedule, **network, **common)
    raise SystemExit(f"{library.__name__} has no driver for {work}.")


class Timing(BaseCallback):
    """Notes the clock before each collection, when everything about the steps before is done."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def _on_rollout_start(self) -> None:
        self.clock.note(self.num_timesteps)

    def _on_step(self) -> bool:
        return True


class UntilSolved(BaseCallback):
    """Evaluates greedily on a grid of steps and reports the first success."""

    def __init__(self) -> None:
        super().__init__()
        self.due, self.solved = EVALUATE_EVERY, False

    def _on_rollout_start(self) -> None:
        if self.num_timesteps < self.due:
            return
        self.due += EVALUATE_EVERY
        trials = make_vec_env("CartPole-v1", EVALUATION_EPISODES, 1_000_000 + self.num_timesteps)
        mean, _ = evaluate_policy(self.model, trials, EVALUATION_EPISODES, deterministic=True)
        trials.close()
        self.solved = bool(mean >= SOLVED)

    def _on_step(self) -> bool:
        return not self.solved


def main() -> None:
    """Train, and print the result."""
    told = arguments(__doc__ or "", "library", "block")
    module, further = LIBRARIES[told.library]
    model = make(importlib.import_module(module), told.work, told.steps, told.seed, int(told.block or 1))
    known = versions(*PACKAGES, *further)
    if told.work.startswith("solve"):
        model.learn(told.steps, callback=(until := UntilSolved()))
        return report(solved=until.solved, steps=model.num_timesteps, versions=known)
    clock = Clock(told.warmup)
    model.learn(told.steps, callback=Timing(clock))
    clock.note(model.num_timesteps)
    clock.returns.extend(float(episode["r"]) for episode in model.ep_info_buffer)
    report(**clock.result(), versions=known)


main()
