"""Random rows in the rows' grammar, and the episodes in them found by a slow loop."""

import numpy as np
from hypothesis import strategies as st

from ecotone.trajectory import Trajectory

STEPS, LANES = 9, 3


def rows_of(generator, chance=0.3, steps=STEPS):
    """Rows `[steps + 1, LANES]` that may begin in the middle of an episode or on a final observation."""
    shape = (steps + 1, LANES)
    is_first, acted = np.zeros(shape, bool), np.zeros(shape, bool)
    reward, discount = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    for lane in range(LANES):
        over = generator.random() < 0.2
        is_first[0, lane] = not over and generator.random() < 0.5
        for t in range(steps + 1):
            if over:
                over = False
                if t < steps:
                    is_first[t + 1, lane] = True
            else:
                acted[t, lane] = True
                reward[t, lane] = generator.normal()
                over = generator.random() < chance
                if over and generator.random() < 0.5:
                    discount[t, lane] = 0.0
    acted[-1] = False
    observation = generator.normal(size=shape).astype(np.float32)
    action = generator.integers(0, 4, shape).astype(np.int32)
    return Trajectory(observation, is_first, acted, action, reward, discount, (), ())


def streams():
    """Draws of `(rows, values [T + 1, B], ratios [T, B])`."""

    def build(seed, chance):
        generator = np.random.default_rng(seed)
        rows = rows_of(generator, chance)
        values = generator.normal(size=(STEPS + 1, LANES)).astype(np.float32)
        ratio = np.exp(generator.normal(size=(STEPS, LANES))).astype(np.float32)
        return rows, values, ratio

    return st.builds(build, st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]))


def episodes(rows, lane):
    """Lists of consecutive rows with decisions, one list an episode (or the piece of one that the rows hold)."""
    found, current = [], []
    for t in range(len(rows.acted) - 1):
        if rows.is_first[t, lane] and current:
            found.append(current)
            current = []
        if rows.acted[t, lane]:
            current.append(t)
        elif current:
            found.append(current)
            current = []
    return [*found, current] if current else found
