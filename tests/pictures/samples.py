"""A small recording of two teams on a grid, made by hand."""

import numpy as np

from ecotone.recording import NOWHERE, Episode, Frame, Look, Recording, Scene, Track

LOOKS = (Look("circle", "red", label="red"), Look("square", "blue", label="blue"), Look("wall", "gray", label="wall"))
SCENE = Scene(4, 6, ("red_0", "red_1", "blue_0", "wall_0"), LOOKS, {1: 0, 2: 1}, {"red": ("stay", "up", "right")})


def recording(episodes=1):
    """Red walks right along the top, red_1 leaves at step 3, blue waits in a corner beside a wall; 6 rows."""
    steps = np.arange(6)
    place = np.zeros((6, 4, 2), int)
    place[:, 0, 1] = steps
    place[:, 1] = (1, 4)
    place[:, 2] = (3, 0)
    place[:, 3] = (3, 1)
    look = np.tile([0, 0, 1, 2], (6, 1))
    look[3:, 1] = NOWHERE
    health = np.full((6, 4), np.nan, np.float32)
    health[:, 0] = 1.0 - 0.1 * steps
    facing = np.tile([1, NOWHERE, NOWHERE, NOWHERE], (6, 1))
    return Recording(
        "Two <teams>",
        {"red": ("red_0", "red_1"), "blue": ("blue_0",)},
        (_episode(Frame(place, look, facing, health)),) * episodes,
        SCENE,
    )


def _episode(frames):
    ends = np.zeros((6, 2), bool)
    ends[-1, 0] = ends[3, 1] = True
    view = np.zeros((6, 2, 3, 3), int)
    view[:, :, 1, 1] = 1
    view[:, :, 0] = -1
    asks = np.ones((6, 2), bool)
    asks[-1] = asks[3:, 1] = False
    seen = {"grid": view, "ammunition": np.full((6, 2), 3)}
    red = Track(seen, asks, np.full((6, 2), 2), np.ones((6, 2), np.float32), ends)
    lidar = np.linspace(-1, 1, 20, dtype=np.float32)
    blue = Track(
        np.tile(lidar, (6, 1, 1)), np.arange(6)[:, None] % 2 == 1, {"move": np.zeros((6, 1, 2), int)},
        -np.ones((6, 1), np.float32), np.arange(6)[:, None] == 5,
    )  # fmt: skip
    return Episode({"red": red, "blue": blue}, frames)
