"""Numbers that several tests share: TRFL's and RLax's published cases, time on axis 0."""

import numpy as np


def numbers(*rows):
    """A float32 array."""
    return np.asarray(rows, np.float32)


ROLLOUT = {
    "q": numbers([[1.1, 2.1], [2.1, 3.1]], [[-1.1, 1.1], [-1.1, 0.1]], [[3.1, -3.1], [-2.1, -1.1]]),
    "next_q": numbers([[1.2, 2.2], [4.2, 2.2]], [[-1.2, 0.2], [1.2, 1.2]], [[2.2, -1.2], [-1.2, -2.2]]),
    "action": np.asarray([[0, 1], [1, 0], [0, 0]]),
    "discount": numbers([0.0, 0.88], [0.89, 1.0], [0.85, 0.83]),
    "reward": numbers([-1.3, 1.3], [-1.3, 5.3], [2.3, -3.3]),
}
"""Two lanes, three steps, two actions."""

RETURNS = {
    "reward": numbers([1, 0, -1, 0, 1], [0.5, 0.8, -0.7, 0, 2.1]).T,
    "discount": numbers([0.5, 0.9, 1, 0.5, 0.8], [0.9, 0.5, 0.3, 0.8, 0.7]).T,
    "values": numbers([0, 3, 1, 5, -5, 3], [0, -1.7, 1.2, 2.3, 2.2, 2.7]).T,
}
"""Two lanes, five steps; the first value does not matter."""


def batch(generator, lanes=4, actions=3):
    """Random arguments of a one-step block, for `lanes` entries."""
    normal = lambda *shape: generator.normal(size=shape).astype(np.float32)
    probabilities = np.exp(normal(lanes, actions))
    return {
        "value": normal(lanes),
        "q": normal(lanes, actions),
        "action": generator.integers(0, actions, lanes),
        "reward": normal(lanes),
        "discount": (0.9 * (generator.random(lanes) < 0.7)).astype(np.float32),
        "next_value": normal(lanes),
        "next_q": normal(lanes, actions),
        "next_action": generator.integers(0, actions, lanes),
        "next_probabilities": probabilities / probabilities.sum(-1, keepdims=True),
        "selector": normal(lanes, actions),
    }
