"""What devices agree on that train one run together: each runs the same program, with environments of its own.

Outside of such a program there is one device, and these functions change nothing.
"""

from typing import Any

import jax
from jax.flatten_util import ravel_pytree

Array = Any
Key = Any
Tree = Any

AXIS = "devices"
"""Name of the axis of devices in programs that several share."""
LARGE = 100_000
"""Numbers from which on an array is not copied into a vector with others."""


def count() -> int:
    """Devices that share the program being traced (`jax.shard_map`).

    >>> count()
    1
    """
    mesh = jax.sharding.get_abstract_mesh()
    return mesh.shape[AXIS] if AXIS in mesh.manual_axes else 1


def total(tree: Tree) -> Tree:
    """Sums over devices, entry by entry.

    >>> total({"rows": 3})
    {'rows': 3}
    """
    return tree if count() == 1 else jax.lax.psum(tree, AXIS)


def average(tree: Tree) -> Tree:
    """Means over devices of floating-point arrays; small ones as one vector, since devices wait for each other each time.

    >>> average({"loss": 0.5})
    {'loss': 0.5}
    """
    if count() == 1:
        return tree
    leaves, structure = jax.tree.flatten(tree)
    large = [leaf.size > LARGE for leaf in leaves]
    vector, shaped = ravel_pytree([leaf for leaf, alone in zip(leaves, large, strict=True) if not alone])
    small = iter(shaped(jax.lax.pmean(vector, AXIS)))
    return structure.unflatten(
        jax.lax.pmean(leaf, AXIS) if alone else next(small) for leaf, alone in zip(leaves, large, strict=True)
    )


def apart(key: Key) -> Key:
    """A key for each device, made of one that all have.

    >>> apart("key of the only device")
    'key of the only device'
    """
    return key if count() == 1 else jax.random.fold_in(key, jax.lax.axis_index(AXIS))
