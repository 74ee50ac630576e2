"""Checks that elements fit their space, part by part."""

from typing import Any

import numpy as np

from ecotone.spec import Box, Leaf, Place, Space, limits, over_parts


def check_elements(space: Space, found: Any, leading: tuple[int, ...], what: str, bounds: bool = True) -> None:
    """Assert that elements with the given leading axes have the space's parts, shapes and dtypes, and lie within it.

    Arguments:
        space: what they should be elements of.
        found: the elements.
        leading: axes before those of the space.
        what: names them in the message.
        bounds: whether numbers must lie within a `Box`'s bounds, which actions in rows need not.
    """
    try:
        over_parts(lambda leaf, x, place: _check(leaf, x, place, leading, what, bounds), space, found)
    except (ValueError, TypeError, KeyError) as error:
        raise AssertionError(f"{what}: {error}") from error


def _check(leaf: Leaf, found: Any, place: Place, leading: tuple[int, ...], what: str, bounds: bool) -> None:
    where = f"{what}: '{place.path}'" if place.path else what
    shape, dtype = (*leading, *place.axes, *leaf.shape), str(np.dtype(leaf.dtype))
    assert tuple(np.shape(found)) == shape, f"{where} has the shape {np.shape(found)}, but the spec says {shape}."
    assert str(found.dtype) == dtype, f"{where} is {found.dtype}, but the spec says {dtype}; convert it with `.astype`."
    seen = np.asarray(found)
    assert np.isfinite(seen).all(), f"{where} is not finite."
    if isinstance(leaf, Box) and not bounds:
        return
    low, high = limits(leaf)
    # Items that are not there are zeros, whatever the bounds of those that are.
    inside = ((seen >= low) & (seen <= high)) | (seen == 0 if place.axes else False)
    assert inside.all(), f"{where} goes from {seen.min()} to {seen.max()}, outside the spec's {low} to {high}."
