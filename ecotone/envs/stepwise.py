"""Compiled streams for those who step them from Python."""

from typing import Any

import jax

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.compiled import CompiledStream
from ecotone.trajectory import Tree


class Stepwise:
    """A compiled stream that begins and steps by one program each, instead of operation by operation.

    Programs are kept for streams alike, so that a second one of the same kind compiles nothing.
    """

    spec: Any
    """Of a stream of one agent."""
    teams: Any
    state_space: Any
    simultaneous: Any
    """Of a stream of many agents, as are the two before."""

    def __init__(self, stream: CompiledStream | CompiledAgents) -> None:
        self.stream, self.lanes, self.environment = stream, stream.lanes, stream.environment
        for name in ("spec", "teams", "state_space", "simultaneous"):
            if hasattr(stream, name):
                setattr(self, name, getattr(stream, name))

    def start(self, key: Any) -> tuple[Tree, Any]:
        """Begin an episode in every lane."""
        return _start(self.stream, key)

    def step(self, state: Tree, action: Tree) -> tuple[Tree, Any]:
        """Take actions."""
        return _step(self.stream, state, action)


@jax.jit
def _start(stream: Any, key: Any) -> tuple[Tree, Any]:
    return stream.start(key)


@jax.jit
def _step(stream: Any, state: Tree, action: Tree) -> tuple[Tree, Any]:
    return stream.step(state, action)
