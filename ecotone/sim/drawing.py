"""Pictures of what draws itself on a matplotlib figure."""

from collections.abc import Callable
from typing import Any

import numpy as np

DOTS = 100
"""Dots per inch; a figure has 6.4 by 4.8 inches unless it is drawn otherwise."""


def picture(draw: Callable[..., Any]) -> np.ndarray:
    """What `draw(fig=...)` draws, or the picture that it returns, `[H, W, 3]` uint8; no window is opened."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(dpi=DOTS)
    canvas = FigureCanvasAgg(figure)
    drawn = draw(fig=figure)
    if isinstance(drawn, np.ndarray):
        return drawn
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
