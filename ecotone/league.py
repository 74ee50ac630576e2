"""Policies of runs, old and new, play games of two against each other: who wins how often, and their Elo ratings."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone.algorithms.scripted import Random
from ecotone.evaluation import Evaluator
from ecotone.experiment import Experiment
from ecotone.groups import Group, World
from ecotone.mistakes import Mistake
from ecotone.parties import party_of, seated
from ecotone.policy import load
from ecotone.protocols import Algorithm, Params
from ecotone.runs import Run

RANDOM = "random"
SCALE = 400.0 / np.log(10.0)
"""Points per unit of log-odds: one who is 400 ahead scores 10 of 11."""
MEAN = 1000.0


class Player(NamedTuple):
    """Someone to play with: a name, and for each of the agents whom it may be what acts and its parameters."""

    name: str
    agents: tuple[tuple[Any, Params], ...]


class Standing(NamedTuple):
    """What came of a player's games."""

    name: str
    rating: float
    won: int
    drawn: int
    lost: int
    against_random: float
    """Points per game against choices at random: 1 a win, a half a draw."""


def league(runs: Sequence[Run], episodes: int = 64, seed: int = 0) -> list[Standing]:
    """Every checkpoint that the runs kept plays every other one and choices at random, on both sides; the best first.

    Actions are drawn from the policies, so that games differ. Higher return wins a game.

    Arguments:
        runs: of one environment of two agents, with groups that are not joint or central.
        episodes: games of each pair and side.
        seed: of the environments and draws.

    Raises `Mistake` for other environments, and runs whose policies cannot sit in another's place.
    """
    experiment = runs[0].experiment
    players, world = [], None
    for run in runs:
        for folder in sorted(run.checkpoints.glob("[0-9]*")):
            player, theirs = _player(run, int(folder.name), several=len(runs) > 1)
            if world is not None and theirs != world:
                raise Mistake(f"{run.folder} is of another environment than {runs[0].folder}: they cannot play.")
            players, world = [*players, player], theirs
    world = _of_two(world)
    players.append(_aimless(world))
    points = _Games(experiment, world, episodes, seed, explore=True).all(players)
    return _standings([player.name for player in players], points)


def wins_against_random(run: Run, episodes: int, seed: int = 0) -> float:
    """Share of games that a run's newest policy wins against choices at random, played greedily, half from either side.

    Arguments:
        run: of an environment of two agents, as in `league`.
        episodes: games from each side.
        seed: of the environments and draws.

    Raises `Mistake` as `league` does.
    """
    player, world = _player(run, run.steps(), several=False)
    world = _of_two(world)
    games = _Games(run.experiment, world, episodes, seed, explore=False)
    return float(games.all([player, _aimless(world)])[0, 1, 0]) / (2 * episodes)


def _of_two(world: World | None) -> World:
    if world is None or len(world.agents) != 2:
        raise Mistake("a league needs an environment of two agents, and a checkpoint: give runs of one.")
    return world


def _player(run: Run, steps: int, several: bool) -> tuple[Player, World]:
    policy = load(run, steps)
    world = policy.spec
    if not isinstance(world, World):
        raise Mistake(f"{run.folder} has one agent: a league needs an environment of two.")
    groups, seating = seated(run.experiment, world)
    party = party_of(groups, seating, world)
    agents = []
    for agent in world.agents:
        (seat,) = (seat for seat in seating if agent in seat.agents)
        if seat.spec != world.spec(agent):
            raise Mistake(f"agent {agent} of {run.folder} sees more than its own observation: such groups play no league.")
        params = policy.params[seat.name]
        if not party.groups[seat.name].shared:
            params = jax.tree.map(lambda x, at=seat.agents.index(agent): x[at], params)
        agents.append((party.groups[seat.name].algorithm, params))
    name = f"{run.folder.name} at {steps:,}" if several else f"at {steps:,}"
    return Player(name, tuple(agents)), world


def _aimless(world: World) -> Player:
    algorithm = Random()
    return Player(RANDOM, tuple((algorithm, algorithm.init(None, world.spec(agent))) for agent in world.agents))


class _Games:
    """Plays pairs, with one evaluator for all that act alike."""

    def __init__(self, experiment: Experiment, world: World, episodes: int, seed: int, explore: bool) -> None:
        self._experiment, self._world, self._episodes, self._seed = experiment, world, episodes, seed
        self._explore = explore
        self._evaluators: dict[Any, Evaluator] = {}

    def all(self, players: Sequence[Player]) -> np.ndarray:
        """Points `[P, P, 3]`: how often the first of a pair won, drew, and lost, on both sides together."""
        counts = np.zeros((len(players), len(players), 3), int)
        for i, j in itertools.permutations(range(len(players)), 2):
            won, drawn, lost = self._play(players[i], players[j])
            counts[i, j] += (won, drawn, lost)
            counts[j, i] += (lost, drawn, won)
        return counts

    def _play(self, first: Player, second: Player) -> tuple[int, int, int]:
        seated = first.agents[0], second.agents[1]
        params = {f"seat_{i}": params for i, (_, params) in enumerate(seated)}
        scored = self._evaluator([algorithm for algorithm, _ in seated])(params)
        assert scored.agents is not None
        one, other = (np.asarray(scored.agents[agent]) for agent in self._world.agents)
        return int((one > other).sum()), int((one == other).sum()), int((one < other).sum())

    def _evaluator(self, algorithms: Sequence[Algorithm]) -> Evaluator:
        key = tuple(jax.tree.structure(algorithm) for algorithm in algorithms)
        if key not in self._evaluators:
            named = enumerate(zip(self._world.agents, algorithms, strict=True))
            groups = {f"seat_{i}": Group(algorithm, (agent,), train=False) for i, (agent, algorithm) in named}
            experiment = replace(self._experiment, algorithm=None, groups=groups)
            self._evaluators[key] = Evaluator(experiment, self._episodes, self._seed, self._explore)
        return self._evaluators[key]


def ratings(counts: np.ndarray, rounds: int = 10_000) -> np.ndarray:
    """Elo ratings `[P]` of mean 1000 that make the counted games `[P, P, 3]` (won, drawn, lost) most likely.

    A draw is half a win; each pair is given one more drawn game, so that who always wins has a rating too. Minorisation and
    maximisation of the Bradley-Terry model (Hunter 2004, doi:10.1214/aos/1079120141, eq. 3).

    Arguments:
        counts: row against column.
        rounds: at most.
    """
    games = counts.sum(-1) + 1.0 - np.eye(len(counts))
    points = (counts[..., 0] + 0.5 * counts[..., 1] + 0.5 * (1.0 - np.eye(len(counts)))).sum(1)
    strength = np.ones(len(counts))
    for _ in range(rounds):
        shared = games / (strength[:, None] + strength[None])
        after = points / shared.sum(1)
        after /= np.exp(np.log(after).mean())
        settled = np.allclose(after, strength, rtol=1e-9, atol=0.0)
        strength = after
        if settled:
            break
    return MEAN + SCALE * np.log(strength)


def _standings(names: Sequence[str], counts: np.ndarray) -> list[Standing]:
    rated, last = ratings(counts), len(names) - 1
    told = []
    for i, name in enumerate(names):
        won, drawn, lost = map(int, counts[i].sum(0))
        against = counts[i, last]
        share = float(against[0] + 0.5 * against[1]) / max(int(against.sum()), 1) if i != last else 0.5
        told.append(Standing(name, float(rated[i]), won, drawn, lost, share))
    return sorted(told, key=lambda each: -each.rating)
