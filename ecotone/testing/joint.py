"""A team as one lane, for tests and probes of algorithms that learn for a team."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Spec
from ecotone.teams import AGENTS, PRESENT, REWARDS, STATE, MultiAgentEnvironment, Shown, joint_spec

Array = Any
Key = Any
Tree = Any


@frozen
class Joint:
    """A compiled environment of one team, all of whose agents begin together, as an environment of one lane for all."""

    environment: MultiAgentEnvironment
    """With one team and a global state."""

    @property
    def team(self) -> str:
        """The team's name."""
        (name,) = self.environment.teams
        return name

    @property
    def spec(self) -> Spec:
        """That of the team; raises `ValueError` for an environment without a global state."""
        team, state = self.environment.teams[self.team], self.environment.state_space
        if state is None:
            raise ValueError("a team that is one lane needs a global state, but the environment has none.")
        return joint_spec(team.spec, len(team.agents), state)

    def reset(self, key: Key) -> tuple[Tree, Tree]:
        """Begin an episode."""
        state, seen = self.environment.reset(key)
        return state, self._observation(seen)

    def step(self, state: Tree, action: Array, key: Key) -> tuple[Tree, Tree, Array, Array, Array]:
        """All agents act; the reward is the sum of theirs, and the end that of the whole episode."""
        state, seen = self.environment.step(state, {self.team: action}, key)
        cut = seen.truncated[self.team].any()
        return state, self._observation(seen), seen.reward[self.team].sum(), seen.over & ~cut, seen.over & cut

    def _observation(self, seen: Shown) -> dict[str, Tree]:
        team = self.team
        present = seen.asks[team] | seen.truncated[team]
        parts = {AGENTS: seen.observation[team], PRESENT: present.astype(jnp.int8), REWARDS: seen.reward[team]}
        return jax.tree.map(jnp.asarray, parts | {STATE: seen.state})
