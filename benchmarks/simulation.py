"""Steps of a managed simulation on the host, Abmarl's and Ecotone's, alternated in one run.

python benchmarks/simulation.py PATH

PATH is a checkout of Abmarl. The simulation is the multi-corridor of both, with five agents and random actions, without
learning; figures are environment steps a second of the processor's time, the best of several turns.
"""

import argparse
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ecotone.sim import AllStepManager, TurnBasedManager
from ecotone.sim.games import MultiCorridor


def steps_per_second(manager: Any, seconds: float) -> float:
    """Random actions for so long; episodes follow each other, and those of more than 200 steps are left."""
    choices = np.random.default_rng(0).integers(0, 3, 100_000).tolist()
    began, steps, used = time.process_time(), 0, 0
    while time.process_time() - began < seconds:
        observations = manager.reset()
        asked = list(observations[0] if isinstance(observations, tuple) else observations)
        for _ in range(200):
            actions = {name: choices[(used + i) % len(choices)] for i, name in enumerate(asked)}
            used += len(asked)
            told = manager.step(actions)
            steps += 1
            if told[2]["__all__"] or told[3].get("__all__"):
                break
            asked = [name for name in told[0] if not told[2][name]]
    return steps / (time.process_time() - began)


def abmarls(path: str) -> dict[str, Callable[[], Any]]:
    """What makes Abmarl's managed corridors, from a checkout."""
    sys.path.insert(0, path)
    from abmarl.examples.sim.multi_corridor import MultiCorridor as Corridor
    from abmarl.managers import AllStepManager as AllSteps
    from abmarl.managers import TurnBasedManager as Turns

    return {"all step": lambda: AllSteps(Corridor()), "turn based": lambda: Turns(Corridor())}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", help="a checkout of Abmarl")
    parser.add_argument("--turns", type=int, default=5, help="of each, alternated")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    asked = parser.parse_args()
    ours = {"all step": lambda: AllStepManager(MultiCorridor()), "turn based": lambda: TurnBasedManager(MultiCorridor())}
    theirs = abmarls(asked.path)
    print("| manager | Abmarl | Ecotone | ratio |\n|---|---|---|---|")
    for name in ours:
        best = [0.0, 0.0]
        for _ in range(asked.turns):
            for i, make in enumerate((theirs[name], ours[name])):
                best[i] = max(best[i], steps_per_second(make(), asked.seconds))
        print(f"| {name} | {best[0]:,.0f} | {best[1]:,.0f} | {best[1] / best[0]:.2f} |")


if __name__ == "__main__":
    main()
