"""Many copies of a compiled environment of many agents as one stream, inside the program."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.envs.compiled import begin_anew, keys_of
from ecotone.frozen import frozen
from ecotone.spec import Space, to_environment
from ecotone.teams import AgentSteps, Counting, MultiAgentEnvironment, Shown, Team
from ecotone.trajectory import Array, Tree

Key = Any


class AgentsState(NamedTuple):
    """States of all copies, whose episodes are over, who is in the midst of one, the key, and the steps taken since it."""

    inner: Tree
    over: Array
    alive: dict[str, Array]
    key: Key
    steps: Array


@frozen
class CompiledAgents:
    """`lanes` copies of a compiled environment of many agents; a copy that is over begins anew at the following step.

    An agent's episode begins when it is asked for the first time, and ends with the copy's at the latest.
    """

    environment: MultiAgentEnvironment
    lanes: int

    @property
    def teams(self) -> Mapping[str, Team]:
        """The environment's."""
        return self.environment.teams

    @property
    def state_space(self) -> Space | None:
        """The environment's."""
        return self.environment.state_space

    @property
    def simultaneous(self) -> bool:
        """The environment's."""
        return self.environment.simultaneous

    def start(self, key: Key) -> tuple[AgentsState, AgentSteps]:
        """Begin an episode in every copy."""
        key, key_reset = jax.random.split(key)
        inner, shown = jax.vmap(self.environment.reset)(jax.random.split(key_reset, self.lanes))
        return self.begin(inner, shown, key)

    def begin(self, inner: Tree, shown: Shown, key: Key) -> tuple[AgentsState, AgentSteps]:
        """Begin episodes with states of your own, one per copy, and what these show."""
        new = jnp.ones(self.lanes, bool)
        nobody = {team: jnp.zeros_like(asks) for team, asks in shown.asks.items()}
        steps, over, alive = _told(_fresh(shown), new, nobody)
        return AgentsState(inner, over, alive, key, jnp.zeros((), jnp.uint32)), steps

    def step(self, state: AgentsState, action: dict[str, Tree]) -> tuple[AgentsState, AgentSteps]:
        """Step copies that go on, begin anew those that are over."""
        action = {team: to_environment(self.teams[team].spec.action, chosen) for team, chosen in action.items()}
        keys = lambda: keys_of(state.key, state.steps, self.lanes)
        stepped = jax.vmap(self.environment.step)(state.inner, action, keys())
        stepped = (stepped[0], _plain(stepped[1]))

        def reset(key: Key) -> tuple[Tree, Shown]:
            inner, shown = self.environment.reset(key)
            return inner, _fresh(shown)

        inner, shown = begin_anew(reset, keys, state.over, stepped, few=self.lanes // 16)
        steps, over, alive = _told(shown, state.over, state.alive)
        return AgentsState(inner, over, alive, state.key, state.steps + 1), steps

    def counts(self, state: AgentsState) -> dict[str, Array]:
        """What happened in every copy's step, `[B]` by name; nothing where the environment does not count."""
        return jax.vmap(self.environment.counts)(state.inner) if isinstance(self.environment, Counting) else {}

    def with_task(self, task: MultiAgentEnvironment) -> "CompiledAgents":
        """As many copies of another environment."""
        return replace(self, environment=task)


def _plain(shown: Shown) -> Shown:
    """With the types that rows have, so that a beginning and a step can stand in for one another."""
    bools = lambda by_team: {team: jnp.asarray(values, bool) for team, values in by_team.items()}
    return shown._replace(
        asks=bools(shown.asks),
        reward={team: jnp.asarray(values, jnp.float32) for team, values in shown.reward.items()},
        terminated=bools(shown.terminated),
        truncated=bools(shown.truncated),
        over=jnp.asarray(shown.over, bool),
    )


def _fresh(shown: Shown) -> Shown:
    """The beginning of an episode, which brings no reward and ends nothing."""
    shown = _plain(shown)
    none = lambda by_team: jax.tree.map(jnp.zeros_like, by_team)
    reward, terminated, truncated = none(shown.reward), none(shown.terminated), none(shown.truncated)
    return shown._replace(reward=reward, terminated=terminated, truncated=truncated, over=jnp.zeros_like(shown.over))


def _told(shown: Shown, new: Array, alive: dict[str, Array]) -> tuple[AgentSteps, Array, dict[str, Array]]:
    """What rows are told of copies of which some are `new`: `(steps, over, alive)`."""
    is_first, asks, ends, discount, after = {}, {}, {}, {}, {}
    over = shown.over[:, None]
    for team in shown.asks:
        before, terminated = alive[team] & ~new[:, None], shown.terminated[team]
        ended = terminated | shown.truncated[team] | over
        asks[team], ends[team] = shown.asks[team] & ~ended, before & ended
        is_first[team] = asks[team] & ~before
        discount[team] = 1.0 - (ends[team] & terminated).astype(jnp.float32)
        after[team] = (before | asks[team]) & ~ended
    told = AgentSteps(shown.observation, is_first, asks, ends, shown.reward, discount, shown.over, shown.state)
    return told, shown.over, after
