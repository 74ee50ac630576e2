"""When learning from a replay begins."""

import jax
import pytest

from ecotone.runtime.learn import begin, learn
from ecotone.spec import Box, Discrete, Spec
from ecotone.testing.samples import fragment
from tests.algorithms.small import small_dqn

SPEC = Spec(Box((3,)), Discrete(2))


@pytest.mark.parametrize(("n", "fragments"), [(1, [2]), (3, [0, 0, 2])])
def test_no_window_is_drawn_before_one_is_whole(n, fragments):
    """Many lanes reach the warm-up at once, but a window of n + 1 rows needs n rows of each lane."""
    dqn, lanes = small_dqn(n=n), 64
    key = jax.random.key(0)
    rows = fragment(dqn, dqn.init(key, SPEC), SPEC, key, 1, lanes)
    learner, updates = begin(dqn, key, SPEC, rows), []
    for _ in fragments:
        learned = jax.jit(learn)(dqn, learner, rows)
        learner, updates = learned.learner, [*updates, bool(learned.updates > 0)]
    assert updates == [bool(expected) for expected in fragments]
