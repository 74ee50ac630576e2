"""An epidemic on a grid: people wander and infect each other, and three vaccinators learn where to go."""

import jax.numpy as jnp
import numpy as np

from ecotone import PPO, Evaluation, Experiment
from ecotone.frozen import frozen
from ecotone.gridworld import CrossMove, GridWorld, Kind, Look, Placed, uniform, windows
from ecotone.spec import Box

SUSCEPTIBLE, INFECTED, RECOVERED, VACCINATED, HELPER = range(5)


@frozen
class Epidemic:
    """Who is infected: a part of the state at reset, and a rule by which it spreads at every step."""

    first: int = 3
    contagion: float = 0.25
    recovery: float = 0.06
    words = 3
    events = ("infected", "vaccinated")

    def reset(self, world, state, word):
        people = np.arange(world.size) < world.kinds[0].count
        status = np.where(np.arange(world.size) < self.first, INFECTED, SUSCEPTIBLE)
        return state._replace(parts={"status": jnp.asarray(np.where(people, status, HELPER), jnp.int32)})

    def happen(self, world, state, words):
        status, everybody = state.parts["status"], np.arange(world.size)
        wander = jnp.floor(5 * uniform(words[0], everybody)).astype(jnp.int32) * (status != HELPER)
        row = jnp.clip(state.row + jnp.array([0, 0, 1, 0, -1])[wander], 0, world.rows - 1)
        column = jnp.clip(state.column + jnp.array([0, -1, 0, 1, 0])[wander], 0, world.columns - 1)
        close = (abs(row[:, None] - row) <= 1) & (abs(column[:, None] - column) <= 1)
        vaccinated = (status == SUSCEPTIBLE) & (close & (status == HELPER)).any(1)
        dose = (close & vaccinated[:, None]).sum(0) * (status == HELPER)
        exposure = (close & (status == INFECTED)).sum(1)
        infected = (status == SUSCEPTIBLE) & ~vaccinated & (uniform(words[1], everybody) > (1 - self.contagion) ** exposure)
        recovers = (status == INFECTED) & (uniform(words[2], everybody) < self.recovery)
        status = jnp.where(vaccinated, VACCINATED, jnp.where(infected, INFECTED, jnp.where(recovers, RECOVERED, status)))
        state = state._replace(row=row, column=column, parts={"status": status})
        return state, {"infected": infected, "vaccinated": dose}


@frozen
class Cases:
    """Around each vaccinator: how many susceptible (layer 0) and infected (layer 1) people are on each cell, -1 beyond."""

    key = "cases"

    def serves(self, kind):
        return kind.view_range is not None

    def space(self, world, kind):
        side = 2 * kind.view_range + 1
        return Box((side, side, 2), "float32", -1.0, world.size)

    def observe(self, world, state, kind, word):
        one_hot = (state.parts["status"][:, None] == np.array([SUSCEPTIBLE, INFECTED])).astype(jnp.float32)
        counts = jnp.zeros((world.rows, world.columns, 2)).at[state.row, state.column].add(one_hot)
        return windows(counts, state.row[world.roster.of(kind)], state.column[world.roster.of(kind)], world.view(kind))


@frozen
class Spared:
    """A vaccination brings 0.1, an infection costs everybody 0.02; over when nobody is infected. Looks go by status."""

    def pay(self, world, before, state):
        return 0.1 * state.events["vaccinated"] - 0.02 * state.events["infected"].sum() * (state.parts["status"] == HELPER)

    def ended(self, world, state):
        return jnp.zeros(world.size, bool)

    def over(self, world, state):
        return ~(state.parts["status"] == INFECTED).any()

    def looks(self, world):
        colours = {"susceptible": "sky", "infected": "red", "recovered": "grey", "vaccinated": "green"}
        return tuple(Look("circle", colour, 0.6, name) for name, colour in colours.items())

    def look(self, world, state):
        return jnp.where(state.parts["status"] == HELPER, -1, state.parts["status"])


def world(people: int = 60, vaccinators: int = 3, side: int = 16) -> GridWorld:
    kinds = (
        Kind("person", 1, people),
        Kind("vaccinator", 2, vaccinators, view_range=6, move_range=1, look=Look("plus", "black", 0.9)),
    )
    epidemic, spared = Epidemic(), Spared()
    return GridWorld(
        side, side, kinds, actors=(CrossMove(), epidemic), observers=(Cases(),), endings=(spared,), rewards=(spared,),
        parts=(Placed(), epidemic), overlap={1: (1, 2), 2: 2}, looks=spared, horizon=60,
    )  # fmt: skip


experiment = Experiment(
    world(), PPO(gamma=0.97), title="epidemic", steps=400_000, num_envs=64, evaluation=Evaluation(every=100_000)
)
