"""Outlines of shapes, which films, figures and pages share."""

import numpy as np

from ecotone.recording import MARKERS


def _ring(corners: int, radius: float = 1.0, first: float = -90.0) -> np.ndarray:
    """Corners on a circle, clockwise from an angle in degrees; -90 is the top."""
    angle = np.deg2rad(first + 360.0 * np.arange(corners) / corners)
    return radius * np.stack([np.cos(angle), np.sin(angle)], -1)


def _star(points: int, inner: float) -> np.ndarray:
    turn = 180.0 / points
    return np.stack([_ring(points), _ring(points, inner, turn - 90.0)], 1).reshape(-1, 2)


def _plus(arm: float) -> np.ndarray:
    corner = np.array([[-arm, -1.0], [arm, -1.0], [arm, -arm]])
    quarter = np.array([[0.0, 1.0], [-1.0, 0.0]])
    return np.concatenate([corner @ np.linalg.matrix_power(quarter, k) for k in range(4)])


def _turned(points: np.ndarray, degrees: float) -> np.ndarray:
    sin, cos = np.sin(np.deg2rad(degrees)), np.cos(np.deg2rad(degrees))
    return points @ np.array([[cos, sin], [-sin, cos]])


_TRIANGLE = _ring(3, 1.1) + np.array([0.0, 0.2])
OUTLINES: dict[str, np.ndarray] = {
    "circle": _ring(40),
    "square": _ring(4, 1.22, -135.0),
    "triangle": _TRIANGLE,
    "diamond": _ring(4, 1.08),
    "pentagon": _ring(5, 1.05),
    "cross": _turned(_plus(0.36), 45.0),
    "star": _star(5, 0.45) * 1.12,
    "hexagon": _ring(6, 1.02),
    "plus": _plus(0.36),
    "down": _turned(_TRIANGLE, 180.0),
    "left": _turned(_TRIANGLE, -90.0),
    "right": _turned(_TRIANGLE, 90.0),
    "wall": _ring(4, np.sqrt(2.0), -135.0),
}
"""Corners `[P, 2]` of each shape, x to the right and y down, about within the unit circle; a wall's fill the square."""
POINTER = np.array([[0.0, -0.62], [0.4, 0.16], [0.0, -0.02], [-0.4, 0.16]])
"""What shows where an entity faces: up, and turned for the others."""
assert OUTLINES.keys() == MARKERS.keys()


def pointer(facing: int) -> np.ndarray:
    """The pointer, turned to a direction."""
    return _turned(POINTER, 90.0 * facing)


def inside(outline: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Which points lie within an outline, by the even-odd rule; bool of the shape of `x`."""
    within = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, 0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            within ^= crosses & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return within
