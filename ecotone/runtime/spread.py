"""Programs that devices share: each steps environments of its own, and what is learned is the same on all."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.ops.devices import AXIS
from ecotone.trajectory import Tree

T = TypeVar("T")
SAME = PartitionSpec()
"""Of what is the same on every device."""
OWN = PartitionSpec(AXIS)
"""Of what each device has for itself; beside the others', it has an axis of devices in front."""
LANES = PartitionSpec(None, None, AXIS)
"""Of fragments' rows `[fragments, T, B, ...]`, each device's lanes beside the others'."""


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
        """`function` as every device runs it; `ins` and `outs` say of its arguments and results which of the above they are."""
        if self.devices == 1:
            return function

        def each(*arguments: Tree) -> Tree:
            return _front(outs, function(*_front(tuple(ins), arguments, lambda x: x[0])), lambda x: x[None])

        return jax.shard_map(each, mesh=self._mesh, in_specs=tuple(ins), out_specs=outs, check_vma=False)

    def place(self, parts: Any, tree: Tree) -> Tree:
        """The tree where its `parts` belong."""
        if self.devices == 1:
            return tree
        put = lambda part, branch: jax.device_put(branch, NamedSharding(self._mesh, part))
        return jax.tree.map(put, parts, tree, is_leaf=_is_part)

    def one(self, tree: Tree) -> Tree:
        """What is the same on every device, on the first alone."""
        return tree if self.devices == 1 else jax.device_put(tree, self._mesh.devices.flat[0])

    def check(self, learned: Tree) -> None:
        """Raise `Mistake` for what was learned if it is not the same on all devices."""
        if self.devices == 1:
            return
        for path, leaf in jax.tree_util.tree_leaves_with_path(learned):
            first, *others = (np.asarray(shard.data) for shard in leaf.addressable_shards)
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
            raise Mistake(f"{devices} devices cannot have equal parts of batches of {node.batch}: change the replay's `batch`.")
        rows = {name: -(-getattr(node, name) // devices) for name in ("capacity", "batch", "warmup")}
        return replace(node, **rows, ratio=node.ratio * devices)

    return algorithm if devices == 1 else jax.tree.map(part, algorithm, is_leaf=lambda node: isinstance(node, Replay))


def _is_part(node: Any) -> bool:
    return isinstance(node, PartitionSpec)


def _front(parts: Any, tree: Tree, change: Callable[[Any], Any]) -> Tree:
    """The tree with its parts that are each device's own changed."""
    own = lambda part, branch: jax.tree.map(change, branch) if part == OWN else branch
    return jax.tree.map(own, parts, tree, is_leaf=_is_part)
