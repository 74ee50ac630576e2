"""Programs that devices share: each steps environments of its own, and what is learned is the same on all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.ops.devices import AXIS
from ecotone.runtime.program import is_key
from ecotone.trajectory import Trajectory, Tree

T = TypeVar("T")


@dataclass(frozen=True)
class Part:
    """Where the arrays of a tree lie: which of their axes devices divide, and whether that is one added for them."""

    spec: PartitionSpec
    added: bool = False


SAME = Part(PartitionSpec())
"""The same on every device."""
OWN = Part(PartitionSpec(AXIS), added=True)
"""What each device has for itself, with an axis of devices in front."""
LANES = Part(PartitionSpec(AXIS))
"""What lies lane by lane, `[B, ...]`."""
ROWS = Part(PartitionSpec(None, AXIS))
"""Rows `[T, B, ...]`."""
FRAGMENT = Trajectory(*[ROWS] * 7, memory=LANES)
"""A fragment as a learner gets it."""
FRAGMENTS = Part(PartitionSpec(None, None, AXIS))
"""Rows of several fragments, `[fragments, T, B, ...]`."""


class Spread:
    """Devices that share a run's environments; one of them alone changes nothing.

    Arguments:
        devices: how many, of those that JAX lists first.

    Raises `Mistake` where JAX has fewer.
    """

    def __init__(self, devices: int) -> None:
        found = jax.devices()
        if devices > len(found):
            more = f" or set JAX_NUM_CPU_DEVICES={devices} before JAX begins" if found[0].platform == "cpu" else ""
            raise Mistake(f"devices is {devices}, but JAX has {len(found)} here ({found[0].platform}): say so{more}.")
        self.devices = devices
        self._mesh = Mesh(np.array(found[:devices]), (AXIS,))

    def program(self, function: Callable[..., Any], ins: Sequence[Any], outs: Any) -> Callable[..., Any]:
        """`function` as every device runs it; `ins` and `outs` are the `Part`s of its arguments and of its result."""
        if self.devices == 1:
            return function

        def each(*arguments: Tree) -> Tree:
            return _front(outs, function(*_front(tuple(ins), arguments, lambda x: x[0])), lambda x: x[None])

        specs = lambda parts: jax.tree.map(lambda part: part.spec, parts)
        return jax.shard_map(each, mesh=self._mesh, in_specs=specs(tuple(ins)), out_specs=specs(outs), check_vma=False)

    def place(self, parts: Any, tree: Tree) -> Tree:
        """The tree where its `parts` belong."""
        if self.devices == 1:
            return tree
        put = lambda part, branch: jax.device_put(branch, NamedSharding(self._mesh, part.spec))
        return jax.tree.map(put, parts, tree)

    def share_of(self, example: Trajectory) -> Trajectory:
        """Shapes of one device's part of a fragment `[T + 1, B, ...]`."""

        def part(x: Any, axis: int) -> jax.ShapeDtypeStruct:
            lanes = x.shape[axis] // self.devices
            return jax.ShapeDtypeStruct((*x.shape[:axis], lanes, *x.shape[axis + 1 :]), x.dtype)

        rows = jax.tree.map(lambda x: part(x, 1), example._replace(memory=()))
        return rows._replace(memory=jax.tree.map(lambda x: part(x, 0), example.memory))

    def one(self, tree: Tree) -> Tree:
        """What is the same on every device, on the first alone."""
        return tree if self.devices == 1 else jax.device_put(tree, self._mesh.devices.flat[0])

    def check(self, learned: Tree) -> None:
        """Raise `Mistake` for what was learned if it is not the same on all devices."""
        if self.devices == 1:
            return
        for path, leaf in jax.tree_util.tree_leaves_with_path(learned):
            bits = jax.random.key_data(leaf) if is_key(leaf) else leaf
            first, *others = (np.asarray(shard.data) for shard in bits.addressable_shards)
            if not all(np.array_equal(first, other, equal_nan=True) for other in others):
                raise Mistake(
                    f"devices have learned different things ({jax.tree_util.keystr(path)}): this algorithm cannot share "
                    "its environments among them, use one."
                )


def share(algorithm: T, devices: int) -> T:
    """The algorithm (or party) as one of so many devices runs it: replays have their part of rows, batch and warm-up.

    Raises `Mistake` where a replay's batch cannot be divided evenly.
    """

    def part(node: Any) -> Any:
        if not isinstance(node, Replay):
            return node
        if node.batch % devices:
            raise Mistake(
                f"{devices} devices cannot have equal parts of batches of {node.batch}: change the replay's `batch`."
            )
        rows = {name: -(-getattr(node, name) // devices) for name in ("capacity", "batch", "warmup")}
        return replace(node, **rows, ratio=node.ratio * devices)

    return algorithm if devices == 1 else jax.tree.map(part, algorithm, is_leaf=lambda node: isinstance(node, Replay))


def _front(parts: Any, tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """The tree, with what has an axis of devices in front changed."""
    return jax.tree.map(lambda part, branch: jax.tree.map(change, branch) if part.added else branch, parts, tree)
