"""What probes are made of."""

from typing import Any

import jax
import jax.numpy as jnp

Array = Any
Key = Any
Step = tuple[Any, Array, Array, Array, Array]


def sign(key: Key) -> Array:
    """1 or -1, evenly."""
    return jnp.where(jax.random.bernoulli(key), 1.0, -1.0).astype(jnp.float32)


def one_step(observation: Array, reward: Array) -> Step:
    """The end of an episode of one decision, with a state that is its observation."""
    return observation, observation, reward, jnp.ones((), bool), jnp.zeros((), bool)
