"""What an algorithm must be fed: fresh fragments, draws from a replay, a dataset, or nothing."""

from typing import Literal

from ecotone.frozen import frozen, static
from ecotone.mistakes import Mistake
from ecotone.ops.schedules import Schedule


@frozen
class Rollout:
    """Fresh rows, each used in the update that follows their collection and then forgotten."""

    length: int = 128
    """Decisions per lane between updates; usually 5 to 2048. More lowers the variance of returns, but updates are rarer."""
    overlap: bool = False
    """Where the runtime can, collect while learning, with weights one update old; for algorithms that correct for it."""


@frozen
class Replay:
    """Windows of consecutive rows drawn at random from the most recent ones, evenly or by priority (arXiv:1511.05952).

    Raises `Mistake` for an `importance` without a `priority`, a `stride` below 1 and an unknown `storage`.
    """

    capacity: int = 100_000
    """Rows kept, over all lanes; usually 1e4 to 1e6. Less forgets sooner, more needs memory."""
    batch: int = 64
    """Windows per update; usually 32 to 512. More is steadier and slower."""
    warmup: int = 1_000
    """Environment steps before the first update, usually 1e2 to 2e4, taken at random. Too few overfits the first ones."""
    ratio: float = static(default=0.25)
    """Updates per environment step; usually 0.1 to 1. More learns more from each step until values diverge."""
    length: int = 1
    """Least number of rows per lane collected between updates; more collects in larger blocks at the same ratio."""
    window: int = 2
    """Rows per window, decisions plus one; the algorithm sets it."""
    priority: float | None = None
    """Exponent of priorities, 0 (even) to 1; usually 0.5 to 0.7, none draws evenly. More repeats surprises, and noise."""
    importance: Schedule | None = None
    """Exponent by which weights undo priorities, 0 to 1; none is 0.4 always, often 0.4 rising to 1. More undoes more."""
    least_priority: float = 1e-6
    """Added to every priority, in its units; usually 1e-6 to 1e-2. More draws more evenly, none forgets what is learned."""
    stride: int = 1
    """Rows between beginnings of windows; for sequences usually half a window. More varies draws less, but repeats less."""
    storage: Literal["auto", "device", "host"] = "auto"
    """Where rows lie: in the learner's memory, or in the host's, sent as drawn; auto takes the host where they crowd it."""

    def __post_init__(self) -> None:
        if self.priority is None and self.importance is not None:
            raise Mistake("`importance` weighs windows drawn by priority: set the replay's `priority`, or leave it out.")
        if self.stride < 1:
            raise Mistake(f"the replay's `stride` is {self.stride}, but must be at least 1.")
        if self.storage not in ("auto", "device", "host"):
            raise Mistake(f"the replay's `storage` is auto, device or host, not {self.storage!r}.")

    def fragment(self, lanes: int) -> int:
        """Rows per lane between updates: the least number, not under `length`, that is worth a whole update."""
        wanted = max(self.length, 1)
        while self.ratio > 0 and self.ratio * wanted * lanes < 1.0 - 1e-9:
            wanted += 1
        return wanted

    def updates(self, rows: int) -> int:
        """Updates that are due after so many rows, over all lanes."""
        return round(self.ratio * rows)


@frozen
class Dataset:
    """Windows of rows from a recorded dataset; nothing is collected."""

    path: str
    """Where the dataset lies."""
    batch: int = 256
    """Windows per update."""
    window: int = 2
    """Rows per window, decisions plus one; the algorithm sets it."""


@frozen
class NoRows:
    """Nothing: what acts without learning."""


Feed = Rollout | Replay | Dataset | NoRows
