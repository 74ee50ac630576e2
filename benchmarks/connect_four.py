"""Connect four by self-play: wins against random moves, greedily and from both sides, and the Elo table of the checkpoints.

python benchmarks/connect_four.py experiments/connect_four_ppo.py --seeds 3 --first-seed 21
python benchmarks/connect_four.py experiments/connect_four_dqn.py --env pettingzoo:classic/connect_four_v3

One policy plays both sides in turns, with legal moves by mask. In the table actions are drawn as in training, and a draw is
half a win.
"""

import argparse
import dataclasses
import tempfile

from ecotone import Checkpointing, train
from ecotone.league import RANDOM, league, wins_against_random
from ecotone.runs import read_experiment


def main() -> None:
    """Train the seeds, and print what each scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", help="its file")
    parser.add_argument("--env", help="of two players; none means the file's")
    parser.add_argument("--steps", type=int, help="none means the file's")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=21)
    parser.add_argument("--games", type=int, default=256, help="of each pair and side")
    parser.add_argument("--keep", type=int, default=3, help="checkpoints in the league")
    asked = parser.parse_args()
    made = read_experiment(asked.experiment)
    steps, env = asked.steps or made.steps, asked.env or made.env
    saved = Checkpointing(every=steps // asked.keep, keep=asked.keep)
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        with tempfile.TemporaryDirectory() as out:
            run = train(dataclasses.replace(made, env=env, steps=steps, seed=seed, checkpoint=saved, out=out))
            print(f"seed {seed}: wins {100.0 * wins_against_random(run, asked.games):.1f}% against random moves", flush=True)
            table = league([run], asked.games)
        for each in table:
            score = "" if each.name == RANDOM else f", {100.0 * each.against_random:.1f} points of 100 against random moves"
            print(f"seed {seed} {each.name}: Elo {each.rating:.0f}{score}", flush=True)


if __name__ == "__main__":
    main()
