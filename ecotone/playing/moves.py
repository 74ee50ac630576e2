"""Which way a policy prefers to go from every cell of a grid."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.streams import compiled_stream, only_compiled
from ecotone.gridworld.state import GridState
from ecotone.gridworld.world import GridWorld
from ecotone.mistakes import Mistake
from ecotone.parties import join
from ecotone.pictures.maps import field
from ecotone.playing.tape import Tape
from ecotone.policy import load
from ecotone.recording import Frame
from ecotone.runs import Run


class Moves(NamedTuple):
    """Moves of an agent from every cell on which it may stand.

    Attributes:
        agent: whose.
        field: rows and columns that it goes by, `[rows, columns, 2]`, NaN where it may not stand.
        frame: of the state that all else is in.
    """

    agent: str
    field: np.ndarray
    frame: Frame


def preferred_moves(run: Run, agent: str = "", seed: int = 0, state: GridState | None = None, alone: bool = False) -> Moves:
    """Put an agent of a run's grid world on each free cell in turn, and see where its greedy policy takes it in a step.

    Arguments:
        run: of a grid world.
        agent: by name; none means the first that learns.
        seed: of the episode whose first state everything else is in.
        state: what everything else is in instead.
        alone: take all other agents that learn off the grid.

    Raises `Mistake` for a run that is of no grid world, or an agent that it does not have.
    """
    world = grid_of(run)
    if world is None:
        raise Mistake(f"{run.experiment.name} is no grid world: its agents have no cells to stand on.")
    place = world.roster.place(agent or next(iter(world.teams.values())).agents[0])
    key = jax.random.key(seed)
    state = jax.jit(world.reset)(key)[0] if state is None else state
    if alone:
        state = state._replace(active=state.active & (~world.learns | (np.arange(world.size) == place)))
    cells = np.argwhere(~_taken(world, state, place))
    team = next(name for name, team in world.teams.items() if world.roster.names[place] in team.agents)
    environment: Any = world
    stream = CompiledAgents(environment, len(cells))

    def stand(cell: jax.Array) -> GridState:
        row, column = state.row.at[place].set(cell[0]), state.column.at[place].set(cell[1])
        return state._replace(row=row, column=column, active=state.active.at[place].set(True))

    def start(key: jax.Array) -> tuple:
        states = jax.vmap(stand)(jnp.asarray(cells, jnp.int32))
        shown = jax.vmap(world.resumed)(states, jax.random.split(key, len(cells)))
        asks = shown.asks | {team: jnp.ones_like(shown.asks[team])}
        return stream.begin(states._replace(asks=states.asks.at[:, place].set(True)), shown._replace(asks=asks), key)

    seen = join(run.experiment, Tape(stream, start))[1]
    policy = load(run)
    now_state, now = jax.jit(seen.start)(key)
    action, _ = policy.act(now, policy.initial_memory(len(cells)))
    after = jax.jit(seen.step)(now_state, action)[0].inner.inner.inner
    went = np.stack([after.row[:, place], after.column[:, place]], -1) - cells
    return Moves(world.roster.names[place], field(cells, went, (world.rows, world.columns)), jax.jit(world.frame)(state))


def grid_of(run: Run) -> GridWorld | None:
    """A run's grid world; none where it has another environment."""
    if not only_compiled(run.experiment.env):
        return None
    env = compiled_stream(run.experiment.env, 1, run.experiment.env_kwargs).environment
    return env if isinstance(env, GridWorld) else None


def _taken(world: GridWorld, state: GridState, place: int) -> np.ndarray:
    """Cells on which the agent cannot stand, `[rows, columns]` bool."""
    others = np.asarray(state.active) & world.clash[place] & (np.arange(world.size) != place)
    taken = np.zeros((world.rows, world.columns), bool)
    taken[np.asarray(state.row)[others], np.asarray(state.column)[others]] = True
    return taken
