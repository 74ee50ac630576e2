"""The state that the mechanical tasks share."""

from typing import Any, NamedTuple

import jax.numpy as jnp

Array = Any


class Motion(NamedTuple):
    """Positions and velocities (each task says which, in SI units), and decisions taken in this episode."""

    physics: Array
    steps: Array


def at_rest(physics: Array) -> Motion:
    """The beginning of an episode."""
    return Motion(physics, jnp.zeros((), jnp.int32))
