"""Asynchronous advantage actor-critic."""

from ecotone.algorithms.a2c import A2C
from ecotone.feed import Rollout
from ecotone.frozen import frozen
from ecotone.ops.descent import Optimizer, RMSProp
from ecotone.ops.schedules import Linear, Schedule


@frozen
class A3C(A2C):
    """Advantage actor-critic whose learner overlaps collection: it learns from rows of a policy one update old.

    Mnih et al. 2016 (arXiv:1602.01783, algorithm S3) let many workers step shared weights at any time, each with gradients
    of weights a few updates old, and nothing corrects for it. Here one process steps all lanes, the rows are old by exactly
    one update, and the gradient is that of the newest weights on them. Where the runtime does not overlap, it is A2C.
    """

    optimizer: Optimizer = RMSProp(Linear(7e-4, 0.0), clip_norm=40.0, epsilon=0.1, inside=True)
    """Step size and gradient clipping."""
    entropy_cost: float | Schedule = 0.01
    """Weight of the entropy bonus; usually 0 to 0.02. Too much keeps the policy random."""
    feed: Rollout = Rollout(5, overlap=True)
    """Rows per lane and update, one update old."""
