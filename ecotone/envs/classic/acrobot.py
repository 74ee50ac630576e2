"""Acrobot-v1 as Gymnasium has it, compiled."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from ecotone.envs.classic.state import Motion, at_rest
from ecotone.frozen import frozen
from ecotone.spec import Box, Discrete, Spec

Array = Any
Key = Any

BOUNDS = (1.0, 1.0, 1.0, 1.0, 4 * math.pi, 9 * math.pi)
SEEN = Box((6,), low=tuple(-bound for bound in BOUNDS), high=BOUNDS)
"""Cosine and sine of both angles, both velocities."""


@frozen
class Acrobot:
    """Swing the tip of a two-link arm above a line, driving only its elbow (Sutton 1996), Gymnasium's Acrobot-v1.

    Physics: angle of the first link from straight down (rad), angle of the second from the first (rad), and the angular
    velocity of each (rad/s). The equations of motion are those of Sutton & Barto's book.
    """

    limit: int = 500
    """Decisions per episode."""
    torque: float = 1.0
    """Torque at the elbow in either direction, newton metres. Less is harder."""
    gravity: float = 9.8
    """Metres per second squared."""
    mass_1: float = 1.0
    """Kilograms of the first link."""
    mass_2: float = 1.0
    """Kilograms of the second link."""
    length_1: float = 1.0
    """Metres of the first link; the centre of mass of either link is at 0.5 m."""
    inertia: float = 1.0
    """Moment of inertia of either link, kilogram square metres."""
    interval: float = 0.2
    """Seconds per decision."""
    max_speed_1: float = 4 * math.pi
    """The first link turns no faster, radians per second."""
    max_speed_2: float = 9 * math.pi
    """The second link turns no faster, radians per second."""

    @property
    def spec(self) -> Spec:
        """Cosine and sine of both angles and both velocities in; torque -1 (0), 0 (1) or 1 (2) out."""
        return Spec(SEEN, Discrete(3))

    def reset(self, key: Key) -> tuple[Motion, Array]:
        """All four numbers evenly from ±0.1."""
        physics = jax.random.uniform(key, (4,), minval=-0.1, maxval=0.1)
        return at_rest(physics), _observe(physics)

    def step(self, state: Motion, action: Array, key: Key) -> tuple[Motion, Array, Array, Array, Array]:
        """Drive the elbow for one interval (one Runge-Kutta step of order 4); -1 until the tip is up, then 0."""
        torque = (action - 1) * self.torque
        start, h = tuple(state.physics), self.interval
        ahead = lambda slope, by: tuple(s + by * d for s, d in zip(start, slope, strict=True))
        first = self._slope(start, torque)
        second = self._slope(ahead(first, 0.5 * h), torque)
        third = self._slope(ahead(second, 0.5 * h), torque)
        fourth = self._slope(ahead(third, h), torque)
        slopes = zip(first, second, third, fourth, strict=True)
        angle_1, angle_2, speed_1, speed_2 = ahead([(a + 2.0 * (b + c) + d) / 6.0 for a, b, c, d in slopes], h)
        speed_1 = jnp.clip(speed_1, -self.max_speed_1, self.max_speed_1)
        speed_2 = jnp.clip(speed_2, -self.max_speed_2, self.max_speed_2)
        physics = jnp.stack([_wrap(angle_1), _wrap(angle_2), speed_1, speed_2])
        up = -jnp.cos(physics[0]) - jnp.cos(physics[0] + physics[1]) > 1.0
        steps = state.steps + 1
        return Motion(physics, steps), _observe(physics), jnp.where(up, 0.0, -1.0), up, steps >= self.limit

    def _slope(self, physics: tuple[Array, ...], torque: Array) -> tuple[Array, ...]:
        """Time derivatives of angles and velocities."""
        angle_1, angle_2, speed_1, speed_2 = physics
        centre, m1, m2, l1 = 0.5, self.mass_1, self.mass_2, self.length_1
        cosine, sine = jnp.cos(angle_2), jnp.sin(angle_2)
        lever = m2 * l1 * centre
        d1 = m1 * centre**2 + m2 * (l1**2 + centre**2) + 2.0 * lever * cosine + 2.0 * self.inertia
        d2 = m2 * centre**2 + lever * cosine + self.inertia
        phi_2 = m2 * centre * self.gravity * jnp.sin(angle_1 + angle_2)
        weight = (m1 * centre + m2 * l1) * self.gravity * jnp.sin(angle_1)
        phi_1 = weight + phi_2 - lever * sine * speed_2 * (speed_2 + 2.0 * speed_1)
        ratio = d2 / d1
        turn_2 = torque + ratio * phi_1 - lever * speed_1**2 * sine - phi_2
        turn_2 = turn_2 / (m2 * centre**2 + self.inertia - d2 * ratio)
        return speed_1, speed_2, -(d2 * turn_2 + phi_1) / d1, turn_2


def _wrap(angle: Array) -> Array:
    return angle - 2 * math.pi * jnp.round(angle / (2 * math.pi))


def _observe(physics: Array) -> Array:
    cosine, sine = jnp.cos(physics[:2]), jnp.sin(physics[:2])
    return jnp.stack([cosine[0], sine[0], cosine[1], sine[1], physics[2], physics[3]])
