"""Wrappers of what is done."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ecotone.envs.wrappers.parts import no_memory, same_step
from ecotone.frozen import frozen
from ecotone.spec import ACTION_MASK, Dict, Space, Spec
from ecotone.trajectory import Tree


@frozen
class MapAction:
    """A function of what the policy chose."""

    function: Callable[[Any], Any]
    """From the policy's actions `[B, ...]`, NumPy or JAX arrays, to the environment's; both as rows have them, bounded
    numbers in [-1, 1] and choices from 0."""
    space: Space
    """What the policy chooses from."""

    start, observe = no_memory, same_step

    def spec(self, spec: Spec) -> Spec:
        """The function's space; raises `ValueError` where an action mask speaks of the other one."""
        if isinstance(spec.observation, Dict) and ACTION_MASK in spec.observation:
            raise ValueError(f"MapAction: the part '{ACTION_MASK}' of the observation does not fit the new actions.")
        return replace(spec, action=self.space)

    def act(self, spec: Spec, memory: Tree, action: Tree) -> tuple[Tree, Tree]:
        """Call the function."""
        return self.function(action), memory
