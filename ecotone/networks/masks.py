"""Action masks, told part by part to what chooses."""

from collections.abc import Mapping
from typing import Any

from ecotone.ops.arrays import namespace
from ecotone.ops.distributions import legal_or_all
from ecotone.ops.distributions.choices import ILLEGAL
from ecotone.spec import Box, Dict, MultiBinary, Space, Tuple

Array = Any
Tree = Any


def masks_of(space: Space, legal: Tree | None, place: str = "") -> Tree:
    """Masks nested as actions of `space`, none where `legal` lacks a part; raises `ValueError` for parts not in it."""
    if not isinstance(space, Dict | Tuple):
        return legal
    numbered = isinstance(space, Tuple)
    parts = {str(i): part for i, part in enumerate(space.parts)} if numbered else dict(space.parts)
    if isinstance(legal, tuple | list):
        legal = {str(i): mask for i, mask in enumerate(legal)}
    if not (legal is None or isinstance(legal, Mapping)) or set(legal or ()) - set(parts):
        found = sorted(legal) if isinstance(legal, Mapping) else f"the shape {getattr(legal, 'shape', None)}"
        raise ValueError(f"the action mask{place} should have some of the parts {sorted(parts)}, but it has {found}.")
    inner = {n: masks_of(part, (legal or {}).get(n), f"{place or ' of'} {n}") for n, part in parts.items()}
    return tuple(inner.values()) if numbered else inner


def as_legal(space: Space, legal: Array, shape: tuple[int, ...]) -> Array:
    """A mask as bool of `shape`; raises `ValueError` naming both shapes, or that numbers have no mask.

    The mask of bits may have their own axes or be flat, `[..., *shape]` or `[..., D]`.
    """
    if isinstance(space, Box):
        raise ValueError(f"numbers cannot be masked, but the action mask has a part for {space}.")
    own = (*shape[:-1], *space.shape) if isinstance(space, MultiBinary) else shape
    if legal.shape not in (own, shape):
        raise ValueError(f"the action mask has the shape {legal.shape}, but the choices have {own}.")
    return legal.reshape(shape) if legal.dtype == bool else legal.reshape(shape) != 0


def masked_values(values: Array, legal: Array | None) -> Array:
    """Values `[..., K]` with -1e30 for choices that are not `legal` `[..., K]` bool; unchanged where none is legal."""
    if legal is None:
        return values
    return namespace(values).where(legal_or_all(legal), values, values.dtype.type(ILLEGAL))
