"""A collector in a process of its own, whoever started that."""

import sys
import warnings
from collections.abc import Callable
from typing import Any

import jax

from ecotone.runtime.collector import Collecting
from ecotone.runtime.engine import Saved
from ecotone.runtime.program import bits
from ecotone.trajectory import Trajectory

Make = Callable[[int, int, list[Any]], Collecting]
SETTINGS = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
    "jax_disable_most_optimizations",
    "jax_enable_x64",
    "jax_default_matmul_precision",
)
"""Settings of JAX that collectors have as the learner has them."""


class Remote:
    """What the process does: be a collector when it is asked.

    What it sends is NumPy's; warnings come along with rows, so that the learner's process says them.
    """

    collector: Collecting

    def prepare(self, paths: list[str], settings: dict[str, Any], ready: Callable[[], Any]) -> None:
        """Find modules where the learner's process does, have its settings, and be `ready` for what comes."""
        sys.path[:] = [*paths, *(path for path in sys.path if path not in paths)]
        for name, value in (settings | {"jax_platforms": "cpu"}).items():
            jax.config.update(name, value)
        ready()

    def begin(self, make: Make, number: int, generation: int, leaves: list[Any]) -> None:
        """Make the collector."""
        self.collector = make(number, generation, leaves)

    def collect(self, leaves: list[Any]) -> tuple[Trajectory, list[str]]:
        """The next fragment, with these weights, and what was warned of."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            self.collector.load(leaves)
            rows = self.collector.collect()
        return bits(rows), [str(each.message) for each in caught]

    def save(self) -> Saved:
        """Where the collector is."""
        tree, loose = self.collector.save()
        return Saved(bits(tree), loose)

    def restore(self, saved: Saved, leaves: list[Any]) -> None:
        """Continue from there."""
        self.collector.load(leaves)
        self.collector.restore(saved)

    def set_task(self, task: Any) -> None:
        """Change the environments' task."""
        self.collector.set_task(task)

    def close(self) -> None:
        """Free the environments."""
        self.collector.close()
