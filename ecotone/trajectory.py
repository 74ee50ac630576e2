"""The rows: what one step shows (`TimeStep`), and what many steps leave behind (`Trajectory`).

A lane is an endless sequence of rows. An episode of n decisions is n rows with `acted` and one that is only looked at,
its final observation; the row after it `is_first`. The last row of a trajectory is also only looked at.
"""

from typing import Any, NamedTuple

import jax
import numpy as np

Tree = Any
Array = Any


class TimeStep(NamedTuple):
    """What arrives from a stream, lanes on axis 0.

    Attributes:
        observation: what each lane sees, `[B, ...]`.
        is_first: this observation begins an episode, `[B]` bool.
        asks: this observation wants an action; a final observation does not, `[B]` bool.
        reward: what the previous action brought, `[B]` float32.
        discount: 0 if the previous action terminated the episode, else 1 (truncation is not termination), `[B]` float32.
    """

    observation: Tree
    is_first: Array
    asks: Array
    reward: Array
    discount: Array


class Trajectory(NamedTuple):
    """Rows, time on axis 0 and lanes on axis 1, `[T + 1, B, ...]`; the last row is only looked at.

    Attributes:
        observation: what each lane saw.
        is_first: the observation begins an episode, bool.
        acted: an action was chosen on this row, bool.
        action: the choice; meaningless where not `acted`.
        reward: what the choice brought; 0 where not `acted`, float32.
        discount: 0 if the choice terminated the episode, else 1, float32.
        extras: what the policy wanted to remember. Of it a replay keeps the entry `memory` alone: the policy's memory
            before each row, which comes back as the `memory` of windows that begin there.
        memory: the policy's memory before row 0, lanes on axis 0; `()` for feed-forward policies.
    """

    observation: Tree
    is_first: Array
    acted: Array
    action: Tree
    reward: Array
    discount: Array
    extras: Tree
    memory: Tree


def same_lanes(ours: Tree, theirs: Tree) -> np.ndarray:
    """Lanes `[B]` bool in which two trees of arrays `[B, ...]` hold the same."""
    pairs = zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True)
    return np.all([(np.asarray(a) == b).reshape(len(a), -1).all(1) for a, b in pairs], axis=0)


class Episodes:
    """Returns and lengths of whole episodes, read off the rows of `lanes` lanes as fragments arrive in order.

    With `agents` in every lane, returns are each agent's.
    """

    def __init__(self, lanes: int, agents: int = 0) -> None:
        self.returns = np.zeros((lanes, agents) if agents else lanes)
        self.lengths = np.zeros(lanes, np.int64)

    def add(
        self, is_first: np.ndarray, acted: np.ndarray, reward: np.ndarray, lanes: slice = slice(None)
    ) -> list[tuple[int, Any, int]]:
        """Read a fragment's rows `[T + 1, B]` (the last only looked at), rewards of many agents `[T + 1, B, N]`.

        They are of the given `lanes`, all by default.

        Returns:
            One `(lane, return, length)` per episode that ended, in the order of their ends; return is the undiscounted
            sum of rewards (of many agents `[N]`), length the number of decisions.
        """
        is_first, acted, reward = is_first[:-1], acted[:-1], reward[:-1]
        returns, lengths = reward.cumsum(0, np.float64), acted.cumsum(0)
        got, long, first = self.returns[lanes], self.lengths[lanes], lanes.start or 0
        ended = []
        for t, lane in np.argwhere(is_first | ~acted):
            if is_first[t, lane]:
                got[lane] = reward[t, lane] - returns[t, lane]
                long[lane] = acted[t, lane] - lengths[t, lane]
            elif long[lane] + lengths[t, lane] > 0:
                total, length = got[lane] + returns[t, lane], int(long[lane] + lengths[t, lane])
                ended.append((first + int(lane), total if np.ndim(total) else float(total), length))
        got += returns[-1]
        long += lengths[-1]
        return ended
