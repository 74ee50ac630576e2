"""Comparisons of trees of arrays that say where two trees differ."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

Tree = Any


def assert_same_types(before: Tree, after: Tree, what: str) -> None:
    """Assert that two trees agree in structure, shapes, dtypes and weak types; `what` names them in the message."""
    before, after = jax.eval_shape(lambda tree: tree, before), jax.eval_shape(lambda tree: tree, after)
    old, new = jax.tree.structure(before), jax.tree.structure(after)
    assert old == new, f"{what}: the tree's structure changed from {old} to {new}; return the same containers."
    for path, one in jax.tree_util.tree_leaves_with_path(before):
        other = dict(jax.tree_util.tree_leaves_with_path(after))[path]
        ours, theirs = ((x.shape, str(x.dtype), bool(x.weak_type)) for x in (one, other))
        assert ours == theirs, (
            f"{what}: leaf {jax.tree_util.keystr(path)} changed its (shape, dtype, weak type) from {ours} to {theirs}; "
            "convert it with `.astype` or begin with that type, or everything compiles twice."
        )


def assert_same_values(one: Tree, other: Tree, what: str, tolerance: float = 0.0) -> None:
    """Assert that two trees of arrays agree in structure and, within `tolerance` (absolute and relative), in values."""
    old, new = jax.tree.structure(one), jax.tree.structure(other)
    assert old == new, f"{what}: structures differ: {old} and {new}."
    pairs = zip(jax.tree_util.tree_leaves_with_path(one), jax.tree.leaves(other), strict=True)
    for (path, ours), theirs in pairs:
        ours, theirs = numbers(ours), numbers(theirs)
        name = jax.tree_util.keystr(path) or "the array"
        assert ours.shape == theirs.shape, f"{what}: {name} has the shapes {ours.shape} and {theirs.shape}."
        if not np.allclose(ours, theirs, rtol=tolerance, atol=tolerance, equal_nan=True):
            gap = np.max(np.abs(ours.astype(np.float64) - theirs.astype(np.float64)))
            raise AssertionError(f"{what}: {name} differs by up to {gap:.3g} (tolerance {tolerance:g}).")


def assert_arrays(tree: Tree, what: str) -> None:
    """Assert that every leaf is a JAX or NumPy array, so that it can be copied, saved and differentiated."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        assert isinstance(leaf, jax.Array | np.ndarray), (
            f"{what}: leaf {jax.tree_util.keystr(path)} is a {type(leaf).__name__}, not an array; "
            "wrap numbers in `jnp.asarray` and mark structure as static."
        )


def assert_leading(tree: Tree, leading: tuple[int, ...], what: str) -> None:
    """Assert that every leaf's shape begins with `leading`."""
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        name = jax.tree_util.keystr(path) or "the array"
        assert leaf.shape[: len(leading)] == leading, (
            f"{what}: {name} has the shape {leaf.shape}, which does not begin with {leading}; broadcast it."
        )


def numbers(leaf: Any) -> np.ndarray:
    """A leaf as a NumPy array; random keys become their bits."""
    if isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        leaf = jax.random.key_data(leaf)
    return np.asarray(leaf)
