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
    """Means over devices of floating-point arrays, as one vector: devices wait for each other once.

    >>> average({"loss": 0.5})
    {'loss': 0.5}
    """
    if count() == 1:
        return tree
    vector, shaped = ravel_pytree(tree)
    return shaped(jax.lax.pmean(vector, AXIS))


def everywhere(yes: Array) -> Array:
    """Whether `yes` `[]` holds on all devices.

    >>> everywhere(True)
    True
    """
    return yes if count() == 1 else jax.lax.psum(yes.astype("int32"), AXIS) == count()


def apart(key: Key) -> Key:
    """A key for each device, made of one that all have."""
    return key if count() == 1 else jax.random.fold_in(key, jax.lax.axis_index(AXIS))
