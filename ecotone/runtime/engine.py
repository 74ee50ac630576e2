"""What a runtime gives to the loop of training."""

from typing import Any, NamedTuple, Protocol

import numpy as np

from ecotone.protocols import Params
from ecotone.trajectory import Trajectory, Tree


class Piece(NamedTuple):
    """A fragment that was collected and learned from.

    Attributes:
        is_first, acted, reward: of its rows, `[T + 1, B]`.
        rows: all of them, where they passed through this process's memory (none in the compiled runtime).
        metrics: by name, still on the device; means over `updates`.
        updates: how many were made, still on the device.
        lanes: of the engine's lanes, those that they are of.
    """

    is_first: np.ndarray
    acted: np.ndarray
    reward: np.ndarray
    rows: Trajectory | None
    metrics: dict[str, Any]
    updates: Any
    lanes: slice = slice(None)


class Saved(NamedTuple):
    """What an engine needs to continue.

    Attributes:
        tree: arrays whose structure, shapes and types follow from the experiment.
        loose: nested dictionaries of arrays, numbers and strings that may have any shape.
    """

    tree: Tree
    loose: dict[str, Any]


class Engine(Protocol):
    """Collects and learns; everything that it will do follows from what `save` returns."""

    stream: Any
    spec: Any
    lanes: int

    def advance(self, budget: int) -> list[Piece]:
        """Collect and learn from at least one fragment, and from no more than `budget` environment steps need."""
        ...

    def params(self) -> Params:
        """What the greedy policy needs now."""
        ...

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        ...

    def save(self) -> Saved:
        """Everything, on the host or the device."""
        ...

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        ...

    def set_task(self, task: Any) -> None:
        """Change the environments' task from the next episodes on."""
        ...

    def close(self) -> None:
        """Free the environments."""
        ...
