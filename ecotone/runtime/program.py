"""Programs that are dispatched often: jitted over bare leaves, so that a call costs no walk through Python trees."""

import copy
import threading
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.trajectory import Tree


def strong(tree: Tree) -> Tree:
    """Every leaf as an array of fixed type: no Python numbers, no weak types, so that programs compile once."""

    def one(x: Any) -> Any:
        x = jnp.asarray(x)
        return x if is_key(x) else jax.lax.convert_element_type(x, x.dtype)

    return jax.tree.map(one, tree)


def is_key(leaf: Any) -> bool:
    """Whether a leaf is an array of typed JAX keys."""
    return isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)


def bits(tree: Tree) -> Tree:
    """The tree on the host, with keys as their bits, which can be sent and kept anywhere."""
    return jax.tree.map(lambda x: np.asarray(jax.random.key_data(x) if is_key(x) else x), tree)


def from_bits(tree: Tree, like: Tree) -> Tree:
    """What `bits` was given, keys where `like` has them."""
    key = lambda x: jax.random.wrap_key_data(jnp.asarray(x))
    return jax.tree.map(lambda x, y: key(x) if is_key(y) else x, tree, like)


class Program:
    """`function(constants, carried, *arguments) -> (carried, result)`, jitted; the carried tree's buffers are reused.

    Keys cross the boundary as their bits, because JAX checks typed keys in Python at every call.

    Raises `TypeError` where the function returns a carried tree of another structure, shape or type than it was given.
    """

    def __init__(self, function: Callable[..., tuple[Tree, Tree]], constants: Tree, carried: Tree) -> None:
        self._constants, constants_def = jax.tree.flatten(strong(constants))
        self._structure = jax.tree.structure(carried)
        self._are_keys = [is_key(leaf) for leaf in jax.tree.leaves(carried)]
        self.carry(carried)
        expected = [jax.typeof(leaf) for leaf in jax.tree.leaves(self.carried)]

        def run(constants: list, carried: list, *arguments: Tree) -> tuple[list, Tree]:
            before = jax.tree.unflatten(self._structure, self._keys(carried))
            after, result = function(jax.tree.unflatten(constants_def, constants), before, *arguments)
            leaves, structure = jax.tree.flatten(strong(after))
            if structure != self._structure or [jax.typeof(leaf) for leaf in leaves] != expected:
                raise TypeError(_difference(before, after))
            return self._bits(leaves), result

        self._run = jax.jit(run, donate_argnums=1)
        self._constants_structure = constants_def
        self._compiling = threading.Lock()

    def _bits(self, leaves: list) -> list:
        return [jax.random.key_data(x) if key else x for x, key in zip(leaves, self._are_keys, strict=True)]

    def _keys(self, leaves: list) -> list:
        return [jax.random.wrap_key_data(x) if key else x for x, key in zip(leaves, self._are_keys, strict=True)]

    def __call__(self, *arguments: Tree) -> Tree:
        """Run once and return the result; threads that share the program compile it once."""
        if not self.executables:
            with self._compiling:
                return self._call(*arguments)
        return self._call(*arguments)

    def _call(self, *arguments: Tree) -> Tree:
        self._carried, result = self._run(self._constants, self._carried, *arguments)
        return result

    def again(self, constants: Tree, carried: Tree) -> "Program":
        """The same program, compiled once for all, on constants and a carried tree of its own."""
        other = copy.copy(self)
        other.replace_constants(constants)
        other.carry(carried)
        return other

    @property
    def carried(self) -> Tree:
        """The carried tree as it is now; its buffers die with the next call."""
        return jax.tree.unflatten(self._structure, self._keys(self._carried))

    def carry(self, tree: Tree) -> None:
        """Continue with another carried tree of the same structure."""
        self._carried = jax.jit(lambda tree: self._bits(jax.tree.leaves(strong(tree))))(tree)

    def replace_constants(self, constants: Tree) -> None:
        """Go on with other constants; raises `Mistake` where their structure differs, which would need another program."""
        leaves, structure = jax.tree.flatten(strong(constants))
        if structure != self._constants_structure:
            raise Mistake("the new task has another structure than the old one: only its float fields may differ.")
        self._constants = leaves

    @property
    def executables(self) -> int:
        """How often the program was compiled; 1 in a sound run."""
        return self._run._cache_size()  # type: ignore[attr-defined]


def _difference(before: Tree, after: Tree) -> str:
    old = {jax.tree_util.keystr(path): jax.typeof(x) for path, x in jax.tree_util.tree_leaves_with_path(before)}
    new = {jax.tree_util.keystr(path): jax.typeof(x) for path, x in jax.tree_util.tree_leaves_with_path(after)}
    rows = [f"{p}: {old.get(p, 'absent')} -> {new.get(p, 'absent')}" for p in old | new if old.get(p) != new.get(p)]
    return "the state that an update returns differs from the one it was given: " + "; ".join(rows)
