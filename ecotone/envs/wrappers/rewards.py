"""Wrappers of what a policy is trained on; evaluations report the environment's own rewards whatever these do."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ecotone.envs.wrappers.parts import like, no_memory, same_action, same_spec, where
from ecotone.frozen import frozen
from ecotone.spec import Spec, zeros
from ecotone.trajectory import TimeStep, Tree


@frozen
class ClipReward:
    """Rewards cut off at `-limit` and `limit` (Mnih et al. 2015, doi:10.1038/nature14236)."""

    limit: float = 1.0
    """Largest reward in size; usually 1 to 10. Too small a limit makes great and small gains alike."""

    spec, start, act = same_spec, no_memory, same_action

    def __post_init__(self) -> None:
        if not self.limit > 0.0:
            raise ValueError(f"ClipReward: limit is {self.limit}, but must be above 0.")

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Cut off."""
        return step._replace(reward=step.reward.clip(-self.limit, self.limit)), memory


@frozen
class ScaleReward:
    """Rewards times a factor."""

    factor: float
    """What they are multiplied by; returns of about 1 to 10 suit the default step sizes."""

    spec, start, act = same_spec, no_memory, same_action

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Multiply."""
        return step._replace(reward=(step.reward * self.factor).astype("float32")), memory


@frozen
class ShapeReward:
    """A function of what was seen, what was done, and what it brought.

    Shaping by a potential Φ, `reward + γ · discount · Φ(after) - Φ(before)`, leaves the best policies as they are (Ng,
    Harada & Russell 1999); γ is the algorithm's, and `discount` takes away the potential where an episode ends for good.
    """

    function: Callable[[Any, Any, Any, Any, Any], Any]
    """`(before, action, reward, after, discount)` to a reward `[B]`: observations and actions `[B, ...]` as rows have them,
    NumPy or JAX arrays; `discount` is 0 where the action terminated the episode, else 1."""

    spec = same_spec

    def start(self, spec: Spec, lanes: int) -> Tree:
        """What was seen last, and done."""
        return zeros(spec.observation, (lanes,)), zeros(spec.action, (lanes,))

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """Call the function; nothing was done before an episode's first observation."""
        before, action = memory
        reward = self.function(before, action, step.reward, step.observation, step.discount)
        if np.shape(reward) != np.shape(step.reward):
            lanes = np.shape(step.reward)
            raise ValueError(
                f"the function of ShapeReward gives the shape {np.shape(reward)}, not one reward a lane {lanes}."
            )
        shaped = where(step.is_first, step.reward, reward.astype("float32"))
        return step._replace(reward=shaped), (step.observation, action)

    def act(self, spec: Spec, memory: Tree, action: Tree) -> tuple[Tree, Tree]:
        """Remember the action."""
        return action, (memory[0], like(memory[1], action))
