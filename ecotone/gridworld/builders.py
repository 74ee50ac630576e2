"""Kinds of agents from a layout: an array or text of characters, a file of it, or the colours of a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ecotone.gridworld.kinds import Kind
from ecotone.mistakes import Mistake

EMPTY = ("0", ".", "_")
"""Characters of empty cells."""
Layout = Sequence[Sequence[str]] | np.ndarray
Colour = tuple[int, int, int]


def from_array(layout: Layout, registry: Mapping[str, Kind], extra: Sequence[Kind] = ()) -> dict[str, Any]:
    """`rows`, `columns` and `kinds` for a `GridWorld`, from characters in rows: `GridWorld(**from_array(...), actors=...)`.

    Arguments:
        layout: one character a cell; `0`, `.` and `_` are empty.
        registry: which kind a character stands for. Its count and positions are those of the layout, in rows.
        extra: kinds beside those of the layout; those whose name a kind of the layout has are left out.

    Raises:
        Mistake: rows differ in length, or a character stands for nothing.
    """
    if reserved := sorted(set(registry) & set(EMPTY)):
        raise Mistake(f"'{reserved[0]}' stands for an empty cell; choose another character.")
    rows = [list(row) for row in layout]
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        raise Mistake(
            f"the rows of the layout have {min(widths, default=0)} to {max(widths, default=0)} cells; make them even."
        )
    places: dict[str, list[tuple[int, int]]] = {character: [] for character in registry}
    for r, row in enumerate(rows):
        for c, character in enumerate(map(str, row)):
            if character in places:
                places[character].append((r, c))
            elif character not in EMPTY:
                raise Mistake(
                    f"'{character}' in row {r}, column {c} of the layout stands for no kind; add it to the registry."
                )
    found = [replace(registry[k], count=len(at), positions=tuple(at)) for k, at in places.items() if at]
    there = {kind.name for kind in found}
    kinds = (*found, *(kind for kind in extra if kind.name not in there))
    return {"rows": len(rows), "columns": widths.pop(), "kinds": kinds}


def from_text(text: str, registry: Mapping[str, Kind], extra: Sequence[Kind] = ()) -> dict[str, Any]:
    """As `from_array`, from lines of characters with or without spaces between them."""
    return from_array(
        [line.split() if " " in line.strip() else line.strip() for line in text.strip().splitlines()], registry, extra
    )


def from_file(path: str | Path, registry: Mapping[str, Kind], extra: Sequence[Kind] = ()) -> dict[str, Any]:
    """As `from_text`, from a text file; raises `Mistake` if it cannot be read."""
    try:
        return from_text(Path(path).read_text(), registry, extra)
    except OSError as error:
        raise Mistake(f"the layout {path} cannot be read: {error.strerror}.") from error


def from_picture(
    picture: str | Path | np.ndarray,
    registry: Mapping[Colour, Kind],
    extra: Sequence[Kind] = (),
    empty: Colour = (255, 255, 255),
) -> dict[str, Any]:
    """As `from_array`, from a picture with a pixel a cell.

    Arguments:
        picture: a file that imageio reads, or pixels `[rows, columns, 3 or 4]` of bytes.
        registry: which kind a colour stands for, by red, green and blue from 0 to 255.
        extra: kinds beside those of the picture.
        empty: the colour of empty cells.
    """
    if not isinstance(picture, np.ndarray):
        import imageio.v3

        try:
            picture = np.asarray(imageio.v3.imread(picture))
        except OSError as error:
            raise Mistake(f"the picture {picture} cannot be read: {error}.") from error
    colours = [(int(r), int(g), int(b)) for row in picture for r, g, b, *_ in row]
    letters = {colour: chr(0x100 + number) for number, colour in enumerate(registry)} | {empty: EMPTY[0]}
    if unknown := [colour for colour in colours if colour not in letters]:
        raise Mistake(f"the colour {unknown[0]} of the picture stands for no kind; add it to the registry.")
    width = picture.shape[1]
    names = [letters[colour] for colour in colours]
    layout = [names[begin : begin + width] for begin in range(0, len(names), width)]
    return from_array(layout, {letters[colour]: kind for colour, kind in registry.items()}, extra)
