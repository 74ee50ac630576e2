"""Pendulum-v1 as Gymnasium has it, compiled."""

import math
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from ecotone.envs.classic.state import Motion, at_rest
from ecotone.frozen import frozen
from ecotone.spec import Box, Spec

Array = Any
Key = Any


@frozen
class Pendulum:
    """Swing a rod up and hold it there with little torque, Gymnasium's Pendulum-v1; it never terminates.

    Physics: angle from upright (rad), angular velocity (rad/s).
    """

    limit: int = 200
    """Decisions per episode."""
    gravity: float = 10.0
    """Metres per second squared; more is harder."""
    mass: float = 1.0
    """Kilograms."""
    length: float = 1.0
    """Metres."""
    interval: float = 0.05
    """Seconds per decision."""
    max_speed: float = 8.0
    """The rod turns no faster, radians per second."""

    MAX_TORQUE: ClassVar[float] = 2.0
    """Newton metres; it bounds the action space, so it is no part of a task."""

    @property
    def spec(self) -> Spec:
        """Cosine, sine and angular velocity in, torque out."""
        return Spec(
            Box((3,), low=(-1.0, -1.0, -8.0), high=(1.0, 1.0, 8.0)), Box((1,), low=-self.MAX_TORQUE, high=self.MAX_TORQUE)
        )

    def reset(self, key: Key) -> tuple[Motion, Array]:
        """Any angle, angular velocity evenly from ±1."""
        physics = jax.random.uniform(key, (2,), minval=-1.0, maxval=1.0) * jnp.array([math.pi, 1.0])
        return at_rest(physics), _observe(physics)

    def step(self, state: Motion, action: Array, key: Key) -> tuple[Motion, Array, Array, Array, Array]:
        """Apply a torque `[1]` for one interval (semi-implicit Euler); costs are of the state before it."""
        angle, speed = state.physics
        torque = jnp.clip(action[0], -self.MAX_TORQUE, self.MAX_TORQUE)
        tilt = jnp.mod(angle + math.pi, 2 * math.pi) - math.pi
        cost = tilt * tilt + 0.1 * speed * speed + 0.001 * torque * torque
        fall = 3.0 * self.gravity / (2.0 * self.length) * jnp.sin(angle)
        drive = 3.0 / (self.mass * self.length * self.length) * torque
        speed = jnp.clip(speed + (fall + drive) * self.interval, -self.max_speed, self.max_speed)
        physics = jnp.stack([angle + speed * self.interval, speed])
        steps = state.steps + 1
        return Motion(physics, steps), _observe(physics), -cost, jnp.zeros((), bool), steps >= self.limit


def _observe(physics: Array) -> Array:
    return jnp.stack([jnp.cos(physics[0]), jnp.sin(physics[0]), physics[1]])
