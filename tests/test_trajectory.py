"""`Episodes` against a slow loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecotone.trajectory import Episodes

LANES = 3


def stream(generator, steps, end, reset):
    """Rows of all lanes; an episode ends with a final observation or (with chance `reset`) begins anew without one."""
    is_first, acted = np.zeros((steps, LANES), bool), np.zeros((steps, LANES), bool)
    reward = np.zeros((steps, LANES), np.float32)
    over = np.ones(LANES, bool)
    for t in range(steps):
        for lane in range(LANES):
            is_first[t, lane] = over[lane] or generator.random() < reset
            acted[t, lane] = is_first[t, lane] or generator.random() >= end
            over[lane] = not acted[t, lane]
            reward[t, lane] = generator.normal() if acted[t, lane] else 0.0
    return is_first, acted, reward


def slow_episodes(is_first, acted, reward):
    """One row and one lane at a time."""
    ended, current = [], [None] * LANES
    for t in range(len(acted)):
        for lane in range(LANES):
            if is_first[t, lane]:
                current[lane] = []
            if acted[t, lane]:
                current[lane].append(float(reward[t, lane]))
            elif current[lane]:
                ended.append((lane, sum(current[lane]), len(current[lane])))
                current[lane] = None
    return ended


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.1, 0.4, 1.0]),
    st.sampled_from([0.0, 0.1, 0.5]),
    st.lists(st.integers(1, 7), min_size=1, max_size=8),
)
def test_episodes_match_a_slow_loop(seed, end, reset, fragments):
    steps = sum(fragments)
    rows = stream(np.random.default_rng(seed), steps + 1, end, reset)
    episodes, found, at = Episodes(LANES), [], 0
    for length in fragments:
        found += episodes.add(*(x[at : at + length + 1] for x in rows))
        at += length
    expected = slow_episodes(*(x[:steps] for x in rows))
    assert [(lane, length) for lane, _, length in found] == [(lane, length) for lane, _, length in expected]
    np.testing.assert_allclose([x[1] for x in found], [x[1] for x in expected], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_fragments_of_any_length_tell_the_same(length):
    rows = stream(np.random.default_rng(0), 41, 0.3, 0.0)
    episodes, found = Episodes(LANES), []
    for at in range(0, 40, length):
        found += episodes.add(*(x[at : at + length + 1] for x in rows))
    assert len(found) > 5
    expected = slow_episodes(*(x[:40] for x in rows))
    assert [x[::2] for x in found] == [x[::2] for x in expected]


def test_a_cut_off_episode_is_not_counted():
    is_first = np.asarray([[True], [False], [True], [False], [False]])
    acted = np.asarray([[True], [True], [True], [False], [True]])
    reward = np.asarray([[100.0], [100.0], [1.0], [0.0], [0.0]])
    assert Episodes(1).add(is_first, acted, reward) == [(0, 1.0, 1)]
