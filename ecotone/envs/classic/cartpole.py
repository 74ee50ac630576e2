"""CartPole-v1 as Gymnasium has it, compiled."""

import math
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Spec

Array = Any
Key = Any


class CartPoleState(NamedTuple):
    """Position (m), velocity (m/s), angle (rad), angular velocity (rad/s), decisions taken."""

    physics: Array
    steps: Array


@frozen
class CartPole:
    """Balance a pole on a cart (Barto, Sutton & Anderson 1983), Gymnasium's CartPole-v1."""

    limit: int = 500
    """Decisions per episode."""

    GRAVITY: ClassVar[float] = 9.8
    POLE_MASS: ClassVar[float] = 0.1
    TOTAL_MASS: ClassVar[float] = 1.1
    HALF_LENGTH: ClassVar[float] = 0.5
    FORCE: ClassVar[float] = 10.0
    INTERVAL: ClassVar[float] = 0.02
    MAX_ANGLE: ClassVar[float] = 12 * 2 * math.pi / 360
    MAX_POSITION: ClassVar[float] = 2.4

    @property
    def spec(self) -> Spec:
        """Four numbers in, left (0) or right (1) out."""
        return Spec(Box((4,)), Discrete(2))

    def reset(self, key: Key) -> tuple[CartPoleState, Array]:
        """All four numbers evenly from ±0.05."""
        physics = jax.random.uniform(key, (4,), minval=-0.05, maxval=0.05)
        return CartPoleState(physics, jnp.zeros((), jnp.int32)), physics

    def step(self, state: CartPoleState, action: Array, key: Key) -> tuple[CartPoleState, Array, Array, Array, Array]:
        """Push for 0.02 s (explicit Euler)."""
        x, speed, angle, spin = state.physics
        force = jnp.where(action == 1, self.FORCE, -self.FORCE)
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        pull = (force + self.POLE_MASS * self.HALF_LENGTH * spin * spin * sine) / self.TOTAL_MASS
        inertia = self.HALF_LENGTH * (4.0 / 3.0 - self.POLE_MASS * cosine * cosine / self.TOTAL_MASS)
        turn = (self.GRAVITY * sine - cosine * pull) / inertia
        push = pull - self.POLE_MASS * self.HALF_LENGTH * turn * cosine / self.TOTAL_MASS
        h = self.INTERVAL
        physics = jnp.stack([x + h * speed, speed + h * push, angle + h * spin, spin + h * turn])
        fell = (jnp.abs(physics[0]) > self.MAX_POSITION) | (jnp.abs(physics[2]) > self.MAX_ANGLE)
        steps = state.steps + 1
        return CartPoleState(physics, steps), physics, jnp.ones(()), fell, steps >= self.limit
