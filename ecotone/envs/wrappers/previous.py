"""What was done and what it brought, shown to the policy."""

from dataclasses import replace

import jax

from ecotone.envs.wrappers.parts import in_rows, where
from ecotone.frozen import frozen
from ecotone.ops.arrays import namespace
from ecotone.spec import SEEN, Box, Dict, Leaf, Place, Space, Spec, over_parts, zeros
from ecotone.trajectory import Array, TimeStep, Tree

ACTION, REWARD = "previous_action", "previous_reward"


@frozen
class PreviousActionReward:
    """The previous action and reward beside what is seen; zeros where an episode begins.

    They are parts `previous_action` and `previous_reward` of a `Dict`; what is none becomes its part `observation`. A policy
    with a memory that sees both can learn to experiment (Duan et al., arXiv:1611.02779).
    """

    action: bool = True
    """Show the action, as rows have it."""
    reward: bool = True
    """Show the reward; the deployed policy must then be told it."""

    def __post_init__(self) -> None:
        if not (self.action or self.reward):
            raise ValueError("PreviousActionReward shows nothing: set `action` or `reward`.")

    def spec(self, spec: Spec) -> Spec:
        """A `Dict` with one or two parts more; raises `ValueError` where it has such parts already."""
        seen = spec.observation
        parts: dict[str, Space] = dict(seen.parts) if isinstance(seen, Dict) else {SEEN: seen}
        if taken := sorted({ACTION, REWARD} & set(parts)):
            raise ValueError(f"PreviousActionReward: the observation already has a part '{taken[0]}'.")
        if self.action:
            parts[ACTION] = in_rows(spec.action)
        if self.reward:
            parts[REWARD] = Box(())
        return replace(spec, observation=Dict(tuple(parts.items())))

    def start(self, spec: Spec, lanes: int) -> Tree:
        """The action chosen last."""
        return zeros(spec.action, (lanes,)) if self.action else ()

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Add the parts."""
        xp = namespace(step.is_first)
        fresh = lambda x: where(step.is_first, xp.zeros_like(x), xp.asarray(x))
        shown = step.observation if isinstance(spec.observation, Dict) else {SEEN: step.observation}
        if self.action:
            shown = {**shown, ACTION: jax.tree.map(fresh, memory)}
        if self.reward:
            shown = {**shown, REWARD: fresh(step.reward)}
        return step._replace(observation=shown), memory

    def act(self, spec: Spec, memory: Tree, action: Tree) -> tuple[Tree, Tree]:
        """Remember the action, as far as the environment takes it."""
        return action, over_parts(_taken, spec.action, action) if self.action else ()


def _taken(leaf: Leaf, action: Array, place: Place) -> Array:
    bounded = isinstance(leaf, Box) and leaf.bounded
    return (action.clip(-1.0, 1.0) if bounded else action).astype(leaf.dtype)
