"""Acting from Python: in NumPy for small networks, else in one jitted call per step."""

from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.ops.noise import Noise
from ecotone.protocols import Acting, Params
from ecotone.runtime.mirror import Mirror
from ecotone.trajectory import TimeStep, Tree

LARGEST_FOR_NUMPY = 300_000
"""Weights up to which NumPy acts faster than a jitted call, for a handful of lanes."""


class Actor(Protocol):
    """Chooses actions with the parameters it was last given."""

    def load(self, leaves: list[Any]) -> None:
        """Take the leaves of new parameters; waits until they are computed."""
        ...

    def begin(self, fragment: int) -> None:
        """A new fragment begins; what is drawn in it depends only on its number."""
        ...

    def hold(self, memory: Tree) -> Tree:
        """A memory that is fresh or comes from a checkpoint, in the form that `act` takes and returns."""
        ...

    def act(self, now: TimeStep, memory: Tree) -> tuple[np.ndarray, Tree, Tree]:
        """`(action, extras, memory)` as NumPy arrays (the memory as the actor likes it)."""
        ...


class NumpyActor:
    """Runs the algorithm's own `act` on NumPy copies of the weights, with noise drawn in blocks.

    Raises `TypeError` for parameters that have no mirror.
    """

    def __init__(self, algorithm: Acting, params: Params, seed: int, explore: bool = True) -> None:
        self.algorithm, self.explore = algorithm, explore
        self.noise = Noise(seed)
        self._mirror = Mirror(params)
        self.load(jax.tree.leaves(params))

    def load(self, leaves: list[Any]) -> None:
        """Copy the weights; the copies outlive donated buffers."""
        self._params = self._mirror.load(leaves)

    def begin(self, fragment: int) -> None:
        """Nothing: the noise goes on."""

    def hold(self, memory: Tree) -> Tree:
        """NumPy arrays."""
        return jax.tree.map(np.asarray, memory)

    def act(self, now: TimeStep, memory: Tree) -> tuple[np.ndarray, Tree, Tree]:
        """Choose for every lane."""
        return self.algorithm.act(self._params, now.observation, now.is_first, memory, self.noise, self.explore)


class JittedActor:
    """Runs `act` as one jitted call per step, with keys as the compiled runtime has them."""

    def __init__(self, algorithm: Acting, params: Params, key: Any, explore: bool = True) -> None:
        self._leaves, structure = jax.tree.flatten(params)

        def act(leaves: list[Any], observation: Tree, is_first: Any, memory: Tree, key: Any, t: Any) -> Any:
            weights = jax.tree.unflatten(structure, leaves)
            return algorithm.act(weights, observation, is_first, memory, jax.random.fold_in(key, t), explore)

        self._act = jax.jit(act)
        self._key = key
        self._fold = jax.jit(jax.random.fold_in)
        self.begin(0)

    def load(self, leaves: list[Any]) -> None:
        """Keep the parameters where they are."""
        self._leaves = leaves

    def begin(self, fragment: int) -> None:
        """Take the fragment's key."""
        self._fragment_key, self._t = self._fold(self._key, np.int32(fragment)), 0

    def hold(self, memory: Tree) -> Tree:
        """Arrays of the device."""
        return jax.tree.map(jnp.asarray, memory)

    def act(self, now: TimeStep, memory: Tree) -> tuple[np.ndarray, Tree, Tree]:
        """Choose for every lane."""
        t, self._t = np.int32(self._t), self._t + 1
        action, extras, memory = self._act(self._leaves, now.observation, now.is_first, memory, self._fragment_key, t)
        action, extras = jax.tree.map(np.asarray, (action, extras))
        return action, extras, memory


def acts_in_numpy(algorithm: Acting, params: Params, now: TimeStep, memory: Tree) -> bool:
    """Whether the algorithm's `act` runs on NumPy arrays alone, and the network is small enough for that to be fast."""
    if sum(np.size(leaf) for leaf in jax.tree.leaves(params)) > LARGEST_FOR_NUMPY:
        return False
    try:
        now, memory = jax.tree.map(np.asarray, (now, memory))
        action, extras, memory = NumpyActor(algorithm, params, 0).act(now, memory)
    except (TypeError, AttributeError, jax.errors.JAXTypeError):
        return False
    return all(isinstance(leaf, (np.ndarray, np.generic)) for leaf in jax.tree.leaves((action, extras, memory)))


def make_actor(
    algorithm: Acting, params: Params, now: TimeStep, memory: Tree, seed: int, key: Any, explore: bool, kind: str = "auto"
) -> Actor:
    """An actor of a kind: `numpy`, `jax`, or `auto` for NumPy where `acts_in_numpy`."""
    if kind == "auto":
        kind = "numpy" if acts_in_numpy(algorithm, params, now, memory) else "jax"
    if kind == "numpy":
        return NumpyActor(algorithm, params, seed, explore)
    return JittedActor(algorithm, params, key, explore)
