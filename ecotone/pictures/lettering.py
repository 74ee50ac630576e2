"""Words as pixels, for titles and legends of films."""

from functools import cache
from pathlib import Path

import numpy as np

from ecotone.pictures.raster import INK, PAPER


@cache
def words(text: str, height: int, bold: bool = False) -> np.ndarray:
    """A line of text as pixels, `[height, W, 3]` uint8, dark on white."""
    from PIL import Image, ImageDraw

    font = _font(round(height * 0.72), bold)
    image = Image.new("RGB", (max(round(font.getlength(text)), 1), height), PAPER)
    ImageDraw.Draw(image).text((0, height / 2), text, fill=INK, font=font, anchor="lm")
    return np.asarray(image)


@cache
def _font(size: int, bold: bool):
    import matplotlib
    from PIL import ImageFont

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def paste(picture: np.ndarray, piece: np.ndarray, top: int, left: int) -> None:
    """Lay a piece into a picture, cut off where it would stick out."""
    room = picture[top : top + piece.shape[0], left : left + piece.shape[1]]
    room[...] = piece[: room.shape[0], : room.shape[1]]
