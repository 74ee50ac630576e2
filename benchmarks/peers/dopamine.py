"""Dopamine's Rainbow and IQN (JAX) on Pong: its agents, replay and preprocessing, with the settings of its gin files."""

import sys
from pathlib import Path

sys.path.remove(str(Path(__file__).resolve().parent))  # this file has the package's name
import gin
from dopamine.discrete_domains import atari_lib
from dopamine.jax.agents.implicit_quantile.implicit_quantile_agent import JaxImplicitQuantileAgent
from dopamine.jax.agents.rainbow.rainbow_agent import JaxRainbowAgent

sys.path.append(str(Path(__file__).resolve().parent))
from protocol import Clock, arguments, report, versions

SHARED = {"update_horizon": 3, "min_replay_history": 1_000, "update_period": 4, "target_update_period": 8_000}
AGENTS = {
    "rainbow-pong": (JaxRainbowAgent, {"num_atoms": 51, "vmax": 10.0, "replay_scheme": "prioritized"}),
    "iqn-pong": (
        JaxImplicitQuantileAgent,
        {"num_tau_samples": 64, "num_tau_prime_samples": 64, "num_quantile_samples": 32, "replay_scheme": "uniform"},
    ),
}
BINDINGS = (
    "ReplayBuffer.max_capacity = 20_000",
    "ReplayBuffer.batch_size = 32",
    "PrioritizedSamplingDistribution.max_capacity = 20_000",
)


def main() -> None:
    """Play and learn, and print the result."""
    told = arguments(__doc__ or "")
    if told.work not in AGENTS:
        raise SystemExit(f"Dopamine has no driver for {told.work}.")
    gin.parse_config(BINDINGS)
    kind, settings = AGENTS[told.work]
    env = atari_lib.create_atari_environment(game_name="Pong", sticky_actions=True)
    agent = kind(num_actions=env.action_space.n, seed=told.seed, **SHARED, **settings)
    clock, action, total = Clock(told.warmup), agent.begin_episode(env.reset()), 0.0
    for step in range(1, told.steps + 1):
        seen, reward, over, _ = env.step(action)
        total += reward
        if over:
            agent.end_episode(reward, over)
            clock.returns.append(total)
            action, total = agent.begin_episode(env.reset()), 0.0
        else:
            action = agent.step(reward, seen)
        clock.note(step)
    report(**clock.result(), versions=versions("dopamine-rl", "jax", "flax", "tensorflow", "ale-py", "numpy"))


main()
