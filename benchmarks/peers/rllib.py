"""RLlib (its new stack, in one process, as suits two cores) at PPO on CartPole, and on simple_spread with one policy."""

from typing import Any

import gymnasium
import numpy as np
import ray
import torch
from mpe2 import simple_spread_v3
from protocol import EVALUATE_EVERY, EVALUATION_EPISODES, SOLVED, Clock, arguments, report, versions
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env


def make(seed: int, solve: bool, spread: bool) -> Any:
    """PPO as the work says; where CartPole is to be solved, with the settings of RLlib's tuned example."""
    rates = {"lr": 3e-4, "num_epochs": 6, "vf_loss_coeff": 0.01} if solve else {"num_epochs": 4}
    name, agents = "CartPole-v1", 1
    if spread:
        name, agents = "spread", 3
        register_env(name, lambda _: ParallelPettingZooEnv(simple_spread_v3.parallel_env()))
    configuration = (
        PPOConfig()
        .environment(name)
        .env_runners(num_env_runners=0, num_envs_per_env_runner=8, rollout_fragment_length=128)
        .learners(num_learners=0)
        .training(train_batch_size_per_learner=1_024, minibatch_size=256 * agents, **rates)
        .rl_module(model_config=DefaultModelConfig(fcnet_hiddens=[64, 64], fcnet_activation="tanh"))
        .debugging(seed=seed, log_level="ERROR")
    )
    if spread:
        configuration = configuration.multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, *_, **__: "shared")
    return configuration.build_algo()


def greedy_return(module: Any, seed: int) -> float:
    """Mean return of one episode in each of the evaluation environments, always the likeliest choice."""
    trials = gymnasium.make_vec("CartPole-v1", EVALUATION_EPISODES)
    observation, _ = trials.reset(seed=seed)
    total, alive = np.zeros(EVALUATION_EPISODES), np.ones(EVALUATION_EPISODES, bool)
    while alive.any():
        with torch.no_grad():
            logits = module.forward_inference({"obs": torch.as_tensor(observation)})["action_dist_inputs"]
        observation, reward, terminated, truncated, _ = trials.step(logits.argmax(-1).numpy())
        total += reward * alive
        alive &= ~(terminated | truncated)
    trials.close()
    return float(total.mean())


def main() -> None:
    """Train, and print the result."""
    told = arguments(__doc__ or "")
    solve = told.work == "solve-cartpole"
    spread = told.work == "ppo-spread"
    if not solve and not spread and told.work != "ppo-cartpole":
        raise SystemExit(f"RLlib has no driver for {told.work}.")
    ray.init("local", include_dashboard=False, log_to_driver=False, configure_logging=False)
    algorithm, clock = make(told.seed, solve, spread), Clock(told.warmup)
    steps, due, solved = 0, EVALUATE_EVERY, False
    known = versions("ray", "torch", "gymnasium", "mpe2", "numpy")
    while steps < told.steps and not solved:
        told_by_rllib = algorithm.train()
        steps = int(told_by_rllib["num_env_steps_sampled_lifetime"])
        clock.note(steps)
        if solve and steps >= due:
            due += EVALUATE_EVERY
            solved = greedy_return(algorithm.get_module(), 1_000_000 + steps) >= SOLVED
    if solve:
        return report(solved=solved, steps=steps, versions=known)
    clock.returns.append(float(told_by_rllib["env_runners"]["episode_return_mean"]))
    report(**clock.result(), versions=known)


main()
