"""Connect four by self-play: points per game against random moves, from both sides, and the Elo table of its checkpoints.

python benchmarks/connect_four.py ppo --seeds 3 --first-seed 21
python benchmarks/connect_four.py dqn --steps 200000

One policy plays both sides in turns, with legal moves by mask. A win is a point, a draw half of one.
"""

import argparse
import tempfile

from ecotone import DQN, PPO, Checkpointing, Experiment, train
from ecotone.league import RANDOM, league
from ecotone.ops.schedules import Linear
from ecotone.protocols import Algorithm

NAME = "pettingzoo:classic/connect_four_v3"
ALGORITHMS: dict[str, tuple[Algorithm, int]] = {
    "ppo": (PPO(), 16),
    "dqn": (DQN(epsilon=Linear(1.0, 0.05, over=50_000)), 8),
}
"""With the number of copies that each learns from."""


def main() -> None:
    """Train the seeds, and print what each scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("algorithm", choices=ALGORITHMS)
    parser.add_argument("--steps", type=int, default=200_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=21)
    parser.add_argument("--games", type=int, default=200, help="of each pair and side")
    parser.add_argument("--keep", type=int, default=3, help="checkpoints in the league")
    asked = parser.parse_args()
    algorithm, copies = ALGORITHMS[asked.algorithm]
    saved = Checkpointing(every=asked.steps // asked.keep, keep=asked.keep)
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        with tempfile.TemporaryDirectory() as out:
            made = Experiment(NAME, algorithm, num_envs=copies, steps=asked.steps, seed=seed, checkpoint=saved, out=out)
            table = league([train(made)], asked.games)
        for each in table:
            score = "" if each.name == RANDOM else f", {100.0 * each.against_random:.1f}% against random moves"
            print(f"seed {seed} {each.name}: Elo {each.rating:.0f}{score}", flush=True)


if __name__ == "__main__":
    main()
