"""The ray runtime with one and two collectors beside the local one, alternated in one run, on a slow environment.

python benchmarks/collectors.py --milliseconds 1

The environment is CartPole with so much arithmetic in every step; figures are environment steps a second of whole runs,
without the time in which Ray and the processes start, the best of several turns. PPO learns in step, IMPALA is overlapped.
"""

import argparse
import time
from dataclasses import replace
from typing import Any

import gymnasium

from ecotone import IMPALA, PPO, Cluster, Experiment
from ecotone.training import make_engine


class Slow(gymnasium.Wrapper):
    """Keeps a processor busy for so long in every step."""

    def __init__(self, env: gymnasium.Env, milliseconds: float) -> None:
        super().__init__(env)
        self._seconds = milliseconds / 1000

    def step(self, action: Any) -> Any:
        """Take the action, slowly."""
        end = time.thread_time() + self._seconds
        while time.thread_time() < end:
            pass
        return self.env.step(action)


def slow(milliseconds: float) -> gymnasium.Env:
    """A slow CartPole."""
    return Slow(gymnasium.make("CartPole-v1"), milliseconds)


def steps_per_second(experiment: Experiment) -> float:
    """Of the experiment's steps, after one update in which programs are compiled."""
    engine = make_engine(experiment)
    try:
        engine.advance(1)
        began, steps = time.perf_counter(), 0
        while steps < experiment.steps:
            steps += sum(int(piece.acted[:-1].sum()) for piece in engine.advance(experiment.steps - steps))
        return steps / (time.perf_counter() - began)
    finally:
        engine.close()


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--milliseconds", type=float, default=1.0, help="of a step")
    parser.add_argument("--steps", type=int, default=16_000, help="of each turn")
    parser.add_argument("--turns", type=int, default=3, help="of each, alternated")
    asked = parser.parse_args()
    fields = {"num_envs": 8, "steps": asked.steps, "env_kwargs": {"milliseconds": asked.milliseconds}}
    runtimes: dict[str, dict[str, Any]] = {
        "local": {"runtime": "local"},
        "ray, 1 collector": {"runtime": "ray", "ray": Cluster(collectors=1)},
        "ray, 2 collectors": {"runtime": "ray", "ray": Cluster(collectors=2)},
    }
    print("| algorithm | " + " | ".join(runtimes) + " |\n|" + "---|" * (len(runtimes) + 1))
    for algorithm in (PPO(), IMPALA()):
        experiment = Experiment(slow, algorithm, **fields)
        best = dict.fromkeys(runtimes, 0.0)
        for _ in range(asked.turns):
            for name, chosen in runtimes.items():
                best[name] = max(best[name], steps_per_second(replace(experiment, **chosen)))
        cells = [f"{best[name]:,.0f} ({best[name] / best['local']:.2f})" for name in runtimes]
        print(f"| {type(algorithm).__name__} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
