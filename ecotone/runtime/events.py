"""What training tells while it runs."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ecotone.mistakes import Mistake, nearest
from ecotone.trajectory import Trajectory


class EpisodeEnded(NamedTuple):
    """A whole episode is over."""

    steps: int
    """Environment steps taken by all lanes when its fragment was complete."""
    lane: int
    episode_return: float
    """Undiscounted sum of rewards."""
    length: int
    """Decisions; with many agents, steps of the environment."""
    agents: dict[str, float] | None = None
    """Of many agents, what each got; `episode_return` is their sum."""
    groups: dict[str, float] | None = None
    """Of many agents, what those of each group got on average."""


class Collected(NamedTuple):
    """A fragment of rows was collected."""

    steps: int
    rows: Trajectory | None
    """As the learner received them; none in the compiled runtime, where they never leave the device."""


class Updated:
    """Updates were made. What they tell is read from the device when first asked for, which waits until it is there."""

    def __init__(self, steps: int, updates: Any, metrics: dict[str, Any]) -> None:
        self.steps = steps
        self._updates = updates
        self._metrics = metrics

    @cached_property
    def updates(self) -> int:
        """How many, over all groups; 0 while a replay warms up."""
        return sum(self._of_groups.values()) if isinstance(self._updates, dict) else int(self._updates)

    @cached_property
    def _of_groups(self) -> dict[str, int]:
        return {name: int(updates) for name, updates in self._updates.items()}

    @cached_property
    def metrics(self) -> dict[str, float]:
        """Means over these updates, by name (of groups, `group/name`); none where there was no update."""
        made = lambda name: self._of_groups[name.split("/")[0]] if isinstance(self._updates, dict) else self.updates
        return {name: float(np.asarray(value)) for name, value in self._metrics.items() if made(name)}


class Evaluated(NamedTuple):
    """The greedy policy was tried on environments of its own."""

    steps: int
    returns: tuple[float, ...]
    lengths: tuple[int, ...]
    seconds: float
    agents: dict[str, tuple[float, ...]] | None = None
    """Of many agents, what each got in every episode; `returns` are their sums."""
    groups: dict[str, tuple[float, ...]] | None = None
    """Of many agents, what those of each group got on average in every episode."""
    counts: dict[str, tuple[float, ...]] | None = None
    """How often things happened in every episode, by name, where the environment counts them beside rewards."""

    def counted(self, *names: str) -> np.ndarray:
        """How often the named things together happened in every episode, `[episodes]`; raises `Mistake` for others."""
        counts = self.counts or {}
        for name in names:
            if name not in counts:
                raise Mistake(f"nothing named '{name}' was counted.{nearest(name, counts) or ''}")
        return np.sum([counts[name] for name in names], 0)


class Saved(NamedTuple):
    """A checkpoint was written."""

    steps: int
    path: Path


Event = EpisodeEnded | Collected | Updated | Evaluated | Saved


class Stop(Exception):
    """Raised by a callback to end training; a checkpoint is written."""


class SetTask(NamedTuple):
    """Returned by a callback to change the environments' task (curriculum) from the next episodes on."""

    task: Any


Callback = Callable[[Event], SetTask | None]
