"""CartPole-v1 as Gymnasium has it, compiled."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.envs.classic.state import Motion, at_rest
from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Spec

Array = Any
Key = Any

BOUNDS = (4.8, math.inf, 24 * 2 * math.pi / 360, math.inf)
SEEN = Box((4,), low=tuple(-bound for bound in BOUNDS), high=BOUNDS)
"""Position, velocity, angle, angular velocity; Gymnasium bounds where an episode can be at twice what ends it."""


@frozen
class CartPole:
    """Balance a pole on a cart (Barto, Sutton & Anderson 1983), Gymnasium's CartPole-v1.

    Physics: position (m), velocity (m/s), angle (rad), angular velocity (rad/s).
    """

    limit: int = 500
    """Decisions per episode."""
    force: float = 10.0
    """Push in either direction, newtons; 5 to 20 is sensible. Less is harder."""
    gravity: float = 9.8
    """Metres per second squared."""
    cart_mass: float = 1.0
    """Kilograms."""
    pole_mass: float = 0.1
    """Kilograms."""
    half_length: float = 0.5
    """Half of the pole's length, metres; a shorter pole falls faster."""
    interval: float = 0.02
    """Seconds per decision."""
    max_angle: float = 12 * 2 * math.pi / 360
    """The pole has fallen beyond this, radians."""
    max_position: float = 2.4
    """The track ends here on both sides, metres."""

    @property
    def spec(self) -> Spec:
        """Four numbers in, left (0) or right (1) out."""
        return Spec(SEEN, Discrete(2))

    def reset(self, key: Key) -> tuple[Motion, Array]:
        """All four numbers evenly from ±0.05."""
        physics = jax.random.uniform(key, (4,), minval=-0.05, maxval=0.05)
        return at_rest(physics), physics

    def step(self, state: Motion, action: Array, key: Key) -> tuple[Motion, Array, Array, Array, Array]:
        """Push for one interval (explicit Euler); the reward is always 1."""
        x, speed, angle, spin = state.physics
        force = jnp.where(action == 1, self.force, -self.force)
        cosine, sine = jnp.cos(angle), jnp.sin(angle)
        total_mass = self.cart_mass + self.pole_mass
        pull = (force + self.pole_mass * self.half_length * spin * spin * sine) / total_mass
        inertia = self.half_length * (4.0 / 3.0 - self.pole_mass * cosine * cosine / total_mass)
        turn = (self.gravity * sine - cosine * pull) / inertia
        push = pull - self.pole_mass * self.half_length * turn * cosine / total_mass
        h = self.interval
        physics = jnp.stack([x + h * speed, speed + h * push, angle + h * spin, spin + h * turn])
        fell = (jnp.abs(physics[0]) > self.max_position) | (jnp.abs(physics[2]) > self.max_angle)
        steps = state.steps + 1
        return Motion(physics, steps), physics, jnp.ones(()), fell, steps >= self.limit
