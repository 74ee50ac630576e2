"""Trains an experiment over seeds, keeps its learning curve as a small CSV file, and prints how well it ended.

python benchmarks/curves.py ppo CartPole-v1 --steps 100000 --seeds 5
python benchmarks/curves.py sac Pendulum-v1 --steps 20000 --set gamma=0.98
python benchmarks/curves.py experiments/lunarlander_ppo.py
python benchmarks/curves.py experiments/hidden_cartpole_ppo.py --set 'model.core=LSTM(64)' --name hidden_cartpole_lstm
"""

import argparse
import csv
import dataclasses
import tempfile
from pathlib import Path

import numpy as np

from ecotone import Checkpointing, Evaluated, Evaluation, Experiment, Run, begin, tuned
from ecotone.algorithms import ALGORITHMS
from ecotone.frozen import FROZEN, put
from ecotone.networks import attention
from ecotone.runs import read_experiment
from ecotone.statistics import bootstrap, iqm

CURVES = Path(__file__).resolve().parent / "curves"


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", help=f"{', '.join(ALGORITHMS)}, or an experiment's file")
    parser.add_argument("env", nargs="?", help="the environment, for an algorithm")
    parser.add_argument("--steps", type=int, help="environment steps of each run; none means the file's, or 100,000")
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them; the others follow it")
    parser.add_argument("--points", type=int, default=20, help="evaluations along the curve")
    parser.add_argument("--episodes", type=int, default=16, help="greedy episodes of each")
    parser.add_argument("--final-episodes", type=int, default=32, help="those by which the end is measured")
    parser.add_argument("--num-envs", type=int)
    parser.add_argument("--runtime")
    parser.add_argument("--overlap", action="store_true")
    fields = "a field of the algorithm, a number or a recipe"
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help=fields)
    parser.add_argument("--name", default="", help="name of the file; none means algorithm and environment")
    return parser.parse_args()


def experiment(told: argparse.Namespace, out: str) -> Experiment:
    """The experiment, without its seed."""
    if told.what.endswith(".py"):
        made = dataclasses.replace(read_experiment(told.what), title=told.name or Path(told.what).stem)
    elif told.what in ALGORITHMS and told.env:
        made = Experiment(told.env, ALGORITHMS[told.what](), title=told.name)
    else:
        raise SystemExit(f"give the file of an experiment, or one of {', '.join(ALGORITHMS)} and an environment.")
    algorithm, recipes = made.algorithm, {cls.__name__: cls for cls in FROZEN.values()} | vars(attention)
    for entry in told.set:
        path, _, value = entry.partition("=")
        algorithm = put(algorithm, path.split("."), eval(value, {"__builtins__": {}}, recipes))
    steps = told.steps or made.steps
    return dataclasses.replace(
        made,
        algorithm=algorithm,
        num_envs=told.num_envs or made.num_envs,
        runtime=told.runtime or made.runtime,
        overlap=told.overlap or made.overlap,
        steps=steps,
        evaluation=Evaluation(every=max(steps // told.points, 1), episodes=told.episodes),
        checkpoint=Checkpointing(every=steps),
        out=out,
    )


def train(made: Experiment) -> tuple[dict[int, float], Evaluated, Run]:
    """Mean greedy return by point of the grid of evaluations, the last of these, and the run."""
    training, every = begin(made), made.evaluation.every
    told = [event for event in training if isinstance(event, Evaluated)]
    return {each.steps // every * every: float(np.mean(each.returns)) for each in told}, told[-1], training.run


def save(path: Path, seeds: range, curves: list[dict[int, float]], finals: list[float]) -> None:
    """Steps and the mean return of each seed, one line per evaluation; the last line is the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shared = sorted(set.intersection(*(set(curve) for curve in curves)))
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["steps", *(f"seed_{seed}" for seed in seeds)])
        lines.writerows([steps, *(f"{curve[steps]:.6g}" for curve in curves)] for steps in shared)
        lines.writerow(["end", *(f"{final:.6g}" for final in finals)])


def main() -> None:
    """Train all seeds, keep the curve, print the score."""
    told = parse()
    curves, finals = [], []
    seeds = range(told.first_seed, told.first_seed + told.seeds)
    with tempfile.TemporaryDirectory() as out:
        made = experiment(told, out)
        said = tuned.read(Path(told.what)) if told.what.endswith(".py") else tuned.Tuned(made, None, "")
        for seed in seeds:
            curve, ended, run = train(dataclasses.replace(made, seed=seed))
            curves.append(curve)
            finals.append(said.result(run, told.final_episodes))
            agents = "".join(f", {name} {np.mean(got):.1f}" for name, got in (ended.agents or {}).items())
            print(f"seed {seed}: {finals[-1]:.4g}{agents}", flush=True)
    save(CURVES / f"{made.name}.csv", seeds, curves, finals)
    low, high = bootstrap([np.array(finals)])
    print(f"{made.name}: IQM {iqm(np.array(finals)):.4g}, 95% interval {low:.4g} to {high:.4g}, {told.seeds} seeds")


if __name__ == "__main__":
    main()
