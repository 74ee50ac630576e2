"""What algorithms of teams reach in the games of two agents that tell them apart: greedy team rewards over seeds.

python benchmarks/matrix_games.py --seeds 10
python benchmarks/matrix_games.py --algorithms qmix vdn --games TwoStep-v0

Seeds are trained side by side in one program; a table in Markdown is printed, with how many seeds reached what.
"""

import argparse
from collections import Counter
from dataclasses import replace

import jax
import numpy as np

from ecotone import DQN, MADDPG, MAPPO, MATD3, PPO, PQNVDN, QMIX, VDN
from ecotone.envs.names import make_compiled
from ecotone.feed import Replay, Rollout
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Additive
from ecotone.networks.models import QNetwork
from ecotone.networks.teams import Agents, TeamQNetwork
from ecotone.ops.schedules import Constant
from ecotone.testing import fit
from ecotone.testing.fit import stream_of

GAMES = ("TwoStep-v0", "Climbing-v0", "Penalty-v0")
COPIES, STEPS = 8, 20_000
REPLAY = Replay(capacity=20_000, batch=64, warmup=500, ratio=0.125, length=8)
AGENTS = Agents(QNetwork(Encoder((64,), "relu", orthogonal=False)))
RANDOM = Constant(1.0)
ALGORITHMS = {
    "qmix": QMIX(TeamQNetwork(AGENTS), epsilon=RANDOM, replay=REPLAY, target_period=100),
    "vdn": VDN(TeamQNetwork(AGENTS, Additive()), epsilon=RANDOM, replay=REPLAY, target_period=100),
    "iql": DQN(n=1, squared=True, epsilon=RANDOM, replay=REPLAY, target_period=100),
    "pqn-vdn": PQNVDN(epsilon=RANDOM),
    "maddpg": MADDPG(replay=REPLAY, restraint=0.01),
    "matd3": MATD3(replay=REPLAY, restraint=0.01),
    "mappo": MAPPO(feed=Rollout(32)),
    "ippo": PPO(feed=Rollout(32)),
}
"""Values are learned from choices at random, so that only what can be told differs; policies explore by themselves."""


def greedy(algorithm, state, game) -> jax.Array:
    """The team's return of one greedy episode."""
    stream = stream_of(algorithm, game, 1)
    world, now = stream.start(jax.random.key(0))
    params, memory, total = algorithm.policy(state), algorithm.initial_memory(stream.lanes), 0.0
    for _ in range(2):
        action, _, memory = algorithm.act(params, now.observation, now.is_first, memory, jax.random.key(0), False)
        asked = now.asks
        world, now = stream.step(world, action)
        total = total + (now.reward * asked).sum()
    return total


def reached(algorithm, name: str, first: int, seeds: int) -> np.ndarray:
    """Greedy team returns after training, one for each seed."""
    game = make_compiled(name)
    length = algorithm.feed.length if isinstance(algorithm.feed, Rollout) else algorithm.feed.fragment(COPIES)
    fragments = STEPS // (COPIES * length)
    schedule = getattr(algorithm.optimizer.learning_rate, "over", 0)
    if schedule is None:
        rate = replace(algorithm.optimizer.learning_rate, over=float(STEPS))
        algorithm = replace(algorithm, optimizer=replace(algorithm.optimizer, learning_rate=rate))
    one = lambda seed: greedy(algorithm, fit(algorithm, game, COPIES, fragments, seed).state, game)
    return np.asarray(jax.jit(jax.vmap(one))(np.arange(first, first + seeds)))


def main() -> None:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--algorithms", nargs="*", default=list(ALGORITHMS), choices=list(ALGORITHMS))
    parser.add_argument("--games", nargs="*", default=list(GAMES))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=21)
    told = parser.parse_args()
    print(f"| algorithm | {' | '.join(told.games)} |\n|---|{'---|' * len(told.games)}", flush=True)
    for name in told.algorithms:
        cells = []
        for game in told.games:
            returns = reached(ALGORITHMS[name], game, told.first_seed, told.seeds)
            counted = sorted(Counter(np.round(returns, 2).tolist()).items(), reverse=True)
            cells.append(f"{returns.mean():.2f} ({', '.join(f'{count} × {value:g}' for value, count in counted)})")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
