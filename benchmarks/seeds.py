"""Times many seeds of compiled PPO on CartPole against one: the whole command, and collecting and learning alone.

python benchmarks/seeds.py --seeds 64 --rounds 3
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from ecotone import PPO, Experiment
from ecotone.runtime.compiled import Compiled
from ecotone.sweeping import cores
from ecotone.training import cache_programs, compiled_parts


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=64)
    parser.add_argument("--steps", type=int, default=100_000, help="environment steps of each seed")
    parser.add_argument("--rounds", type=int, default=3, help="one seed and all seeds in turn; medians are told")
    return parser.parse_args()


def command(steps: int, seeds: int) -> float:
    """Seconds of the whole command, its folder written and thrown away."""
    with tempfile.TemporaryDirectory() as out:
        line = [sys.executable, "-m", "ecotone", "train", "ppo", "CartPole-v1", "--runtime", "compiled", "--out", out]
        line += ["--steps", str(steps), "--seeds", str(seeds)]
        began = time.perf_counter()
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began


def loop(steps: int, seeds: int) -> float:
    """Seconds of collecting and learning alone: nothing is recorded, evaluated or kept."""
    experiment = Experiment("CartPole-v1", PPO(), runtime="compiled", steps=steps)
    parts = compiled_parts(experiment)
    first = Compiled(*parts, 0)
    first.advance(1)
    engines = [first.again(*parts, seed) for seed in range(seeds)]
    began = time.perf_counter()
    with ThreadPoolExecutor(cores()) as pool:
        list(pool.map(lambda engine: go(engine, steps), engines))
    return time.perf_counter() - began


def go(engine: Compiled, steps: int) -> None:
    """Take environment steps and learn from them."""
    taken = 0
    while taken < steps:
        taken += sum(int(piece.acted[:-1].sum()) for piece in engine.advance(steps - taken))


def main() -> None:
    """Time both, and print medians and their ratio."""
    told = parse()
    cache_programs()
    for measure in (command, loop):
        measure(min(told.steps, 5_000), 1)
        rounds = [(measure(told.steps, 1), measure(told.steps, told.seeds)) for _ in range(told.rounds)]
        one, all_ = (statistics.median(times) for times in zip(*rounds, strict=True))
        ratio = statistics.median(many / single for single, many in rounds)
        print(
            f"{measure.__name__}: one seed {one:.2f} s, {told.seeds} seeds {all_:.2f} s, {ratio:.1f} times as long",
            flush=True,
        )


if __name__ == "__main__":
    main()
