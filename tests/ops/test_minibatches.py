"""Shuffles are shuffles, and alike likely. (Transitions are tested with the returns.)"""

import jax
import numpy as np
import pytest
from scipy import stats

from ecotone.ops.minibatches import permutations


@pytest.mark.parametrize("size", [1, 2, 3, 64, 100, 1000])
def test_every_row_is_a_permutation(size, run):
    order = np.asarray(run(lambda key: permutations(key, 5, size), jax.random.key(size)))
    assert order.shape == (5, size)
    assert order.dtype == np.int32
    assert (np.sort(order, -1) == np.arange(size)).all()


def test_rows_differ():
    order = np.asarray(permutations(jax.random.key(0), 4, 100))
    assert len({tuple(row) for row in order}) == 4


def test_all_orders_are_alike_likely():
    order = np.asarray(permutations(jax.random.key(1), 24_000, 4))
    counts = np.unique(order, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


def test_every_place_is_alike_likely_in_a_large_shuffle():
    place = np.asarray(permutations(jax.random.key(2), 2000, 300)).argmin(-1)
    assert stats.kstest(place / 300, "uniform").pvalue > 1e-3


def test_under_vmap(run):
    keys = jax.random.split(jax.random.key(3), 3)
    mapped = run(jax.vmap(lambda key: permutations(key, 2, 10)), keys)
    np.testing.assert_array_equal(mapped[1], permutations(keys[1], 2, 10))
