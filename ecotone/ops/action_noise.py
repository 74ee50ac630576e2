"""Noise around continuous actions, as a field of an algorithm; `exploration` has the formulas."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.ops import noise
from ecotone.ops.arrays import namespace
from ecotone.ops.exploration import gaussian_noise, ornstein_uhlenbeck

Array = Any
Key = Any
Tree = Any


@runtime_checkable
class ActionNoise(Protocol):
    """A recipe for noise that may remember itself from row to row."""

    def initial_memory(self, lanes: int) -> Tree:
        """What lanes that have seen nothing remember, lanes on axis 0; `()` for noise that forgets."""
        ...

    def __call__(self, key: Key, action: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        """Actions `[B, D]` with noise, not clipped, and the memory; a lane that `is_first` forgets what came before."""
        ...


@frozen
class Gaussian:
    """Independent normal noise in every row (arXiv:1802.09477, section 6.1), around actions `[B, D]`.

    >>> action, memory = Gaussian(0.0)(jax.random.key(0), jnp.ones((1, 2)), jnp.zeros(1, bool), ())
    >>> action.tolist(), memory
    ([[1.0, 1.0]], ())
    """

    deviation: float = 0.1
    """In parts of half the actions' range; usually 0.1 to 0.3. More explores further and plays worse."""

    def initial_memory(self, lanes: int) -> Tree:
        """`()`."""
        return ()

    def __call__(self, key: Key, action: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        """Actions `[B, D]` with noise."""
        return gaussian_noise(key, action, self.deviation), memory


@frozen
class OrnsteinUhlenbeck:
    """Noise that drifts, so that rows after each other are pushed alike (arXiv:1509.02971, section 7), around `[B, D]`.

    It begins at 0 with each episode.

    >>> drift, yes = OrnsteinUhlenbeck(deviation=0.0, damping=0.25), jnp.ones(1, bool)
    >>> action, memory = drift(jax.random.key(0), jnp.zeros((1, 1)), ~yes, jnp.ones((1, 1)))
    >>> action.tolist(), drift(jax.random.key(0), jnp.zeros((1, 1)), yes, memory)[0].tolist()
    ([[0.75]], [[0.0]])
    """

    deviation: float = 0.2
    """Added per step, in parts of half the actions' range; usually 0.1 to 0.5. More explores further and plays worse."""
    damping: float = 0.15
    """Part that is forgotten per step; usually 0.01 to 0.3. Less drifts longer and further: by deviation / √(2 damping)."""
    entries: int = 32
    """Most entries of an action; every lane remembers as many."""

    def initial_memory(self, lanes: int) -> Tree:
        """Zeros `[lanes, entries]`."""
        return np.zeros((lanes, self.entries), np.float32)

    def __call__(self, key: Key, action: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        """Actions `[B, D]` with noise, and the noise; raises `Mistake` for actions of more than `entries` entries."""
        size = action.shape[-1]
        if size > self.entries:
            raise Mistake(f"OrnsteinUhlenbeck serves up to {self.entries} action entries, not {size}: set its `entries`.")
        before = namespace(action).where(is_first[:, None], 0.0, memory).astype(action.dtype)
        drift = ornstein_uhlenbeck(key, before, self.damping, self.deviation)
        return action + drift[:, :size], drift


def around(
    noisy: ActionNoise | None, key: Key, action: Array, warming: Array, is_first: Array, memory: Tree
) -> tuple[Array, Tree]:
    """Actions `[B, D]` in [-1, 1] that explore: even draws while `warming`, later the given ones with noise, clipped.

    So begins the exploration of arXiv:1802.09477 (section 6.1): purely random for a time, so that it does not depend on the
    first weights. The second result is the noise's memory.

    >>> yes = jnp.ones(1, bool)
    >>> around(None, jax.random.key(0), jnp.full((1, 1), 0.5), ~yes[0], yes, ())[0].tolist()
    [[0.5]]
    """
    key_noise, key_even = noise.split(key)
    if noisy is not None:
        action, memory = noisy(key_noise, action, is_first, memory)
        action = action.clip(-1.0, 1.0)
    even = 2.0 * noise.uniform(key_even, action.shape) - 1.0
    return namespace(action).where(warming, even, action), memory
