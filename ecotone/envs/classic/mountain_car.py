"""MountainCar-v0 and MountainCarContinuous-v0 as Gymnasium has them, compiled."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.envs.classic.state import Motion, at_rest
from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Spec

Array = Any
Key = Any

SEEN = Box((2,), low=(-1.2, -0.07), high=(0.6, 0.07))
"""Position and velocity."""


@frozen
class MountainCar:
    """Leave a valley with an engine too weak for the slope (Moore 1990), Gymnasium's MountainCar-v0.

    Physics: position and velocity (per decision), in the task's own unit of length.
    """

    limit: int = 200
    """Decisions per episode."""
    force: float = 0.001
    """What the engine adds to the velocity; 0.0005 to 0.003. More than `gravity` needs no swing."""
    gravity: float = 0.0025
    """What the steepest slope adds to the velocity."""
    goal_position: float = 0.5
    """The episode ends where the car reaches this with `goal_velocity`; at most 0.6."""
    goal_velocity: float = 0.0
    """Least velocity at the goal."""
    max_speed: float = 0.07
    """The car goes no faster."""

    @property
    def spec(self) -> Spec:
        """Position and velocity in; push left (0), none (1) or right (2) out."""
        return Spec(SEEN, Discrete(3))

    def reset(self, key: Key) -> tuple[Motion, Array]:
        """At rest, position evenly from -0.6 to -0.4."""
        return _begin(key)

    def step(self, state: Motion, action: Array, key: Key) -> tuple[Motion, Array, Array, Array, Array]:
        """Push once; every decision costs 1."""
        physics = _roll(state.physics, (action - 1) * self.force, self.gravity, self.max_speed)
        arrived = (physics[0] >= self.goal_position) & (physics[1] >= self.goal_velocity)
        steps = state.steps + 1
        return Motion(physics, steps), physics, -jnp.ones(()), arrived, steps >= self.limit


@frozen
class ContinuousMountainCar:
    """Leave a valley with an engine too weak for the slope, spending little, Gymnasium's MountainCarContinuous-v0.

    Physics: position and velocity (per decision), in the task's own unit of length.
    """

    limit: int = 999
    """Decisions per episode."""
    force: float = 0.0015
    """What the engine at full power adds to the velocity; 0.001 to 0.003. More than `gravity` needs no swing."""
    gravity: float = 0.0025
    """What the steepest slope adds to the velocity."""
    goal_position: float = 0.45
    """The episode ends where the car reaches this with `goal_velocity`; at most 0.6."""
    goal_velocity: float = 0.0
    """Least velocity at the goal."""
    max_speed: float = 0.07
    """The car goes no faster."""

    @property
    def spec(self) -> Spec:
        """Position and velocity in, power from -1 to 1 out."""
        return Spec(SEEN, Box((1,), low=-1.0, high=1.0))

    def reset(self, key: Key) -> tuple[Motion, Array]:
        """At rest, position evenly from -0.6 to -0.4."""
        return _begin(key)

    def step(self, state: Motion, action: Array, key: Key) -> tuple[Motion, Array, Array, Array, Array]:
        """Push once with a power `[1]`; it costs a tenth of its square, arrival brings 100."""
        push = jnp.clip(action[0], -1.0, 1.0) * self.force
        physics = _roll(state.physics, push, self.gravity, self.max_speed)
        arrived = (physics[0] >= self.goal_position) & (physics[1] >= self.goal_velocity)
        reward = jnp.where(arrived, 100.0, 0.0) - 0.1 * action[0] * action[0]
        steps = state.steps + 1
        return Motion(physics, steps), physics, reward, arrived, steps >= self.limit


def _begin(key: Key) -> tuple[Motion, Array]:
    position = jax.random.uniform(key, (), minval=-0.6, maxval=-0.4)
    physics = jnp.stack([position, jnp.zeros(())])
    return at_rest(physics), physics


def _roll(physics: Array, push: Array, gravity: float, max_speed: float) -> Array:
    """One decision on the slope sin(3 position), between a wall at -1.2 and the end of the road at 0.6."""
    position, velocity = physics
    velocity = jnp.clip(velocity + push - gravity * jnp.cos(3.0 * position), -max_speed, max_speed)
    moved = position + velocity
    velocity = jnp.where(moved <= -1.2, jnp.maximum(velocity, 0.0), velocity)
    return jnp.stack([jnp.clip(moved, -1.2, 0.6), velocity])
