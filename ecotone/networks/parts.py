"""Encoders that read some parts of a `Dict` observation, so that an actor need not see what a critic does.

Centralised critics (arXiv:2103.01955) and critics that know more than actors (arXiv:1710.06542) are made of these.
"""

from typing import Any

import equinox as eqx

from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.reading import EncoderRecipe
from ecotone.spec import Dict, Space
from ecotone.teams import STATE

Array = Any
Key = Any
Tree = Any


class PartsEncoder(eqx.Module):
    """Reads the named parts; other parts need not be there."""

    encoder: eqx.Module
    names: tuple[str, ...] = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Array:
        parts = {name: observation[name] for name in self.names}
        return self.encoder(parts if len(parts) > 1 else parts[self.names[0]])  # type: ignore[operator]


@frozen
class Without:
    """An encoder of all parts but some, such as the global state that an actor will not have when it is used."""

    parts: tuple[str, ...] = (STATE,)
    """Names of the parts that it does not read."""
    encoder: EncoderRecipe = Encoder()
    """Of the other parts, or of the one that is left."""

    def init(self, key: Key, space: Space) -> PartsEncoder:
        """Fresh weights; raises `Mistake` for parts that are not there, or where none is left."""
        return _init(self, key, space)

    def width(self, space: Space) -> int:
        """The encoder's."""
        return self.encoder.width(_picked(space, self._names(space)))

    def _names(self, space: Space) -> tuple[str, ...]:
        return tuple(name for name in _checked(space, self.parts) if name not in self.parts)


@frozen
class Only:
    """An encoder of some parts alone, such as the global state that a critic reads."""

    parts: tuple[str, ...] = (STATE,)
    """Names of the parts that it reads."""
    encoder: EncoderRecipe = Encoder()
    """Of these parts, or of the one."""

    def init(self, key: Key, space: Space) -> PartsEncoder:
        """Fresh weights; raises `Mistake` for parts that are not there."""
        return _init(self, key, space)

    def width(self, space: Space) -> int:
        """The encoder's."""
        return self.encoder.width(_picked(space, self._names(space)))

    def _names(self, space: Space) -> tuple[str, ...]:
        _checked(space, self.parts)
        return tuple(sorted(self.parts))


def _init(recipe: Any, key: Key, space: Space) -> PartsEncoder:
    names = recipe._names(space)
    return PartsEncoder(recipe.encoder.init(key, _picked(space, names)), names)


def _picked(space: Space, names: tuple[str, ...]) -> Space:
    parts = {name: space[name] for name in names}  # type: ignore[index]
    return Dict(parts) if len(parts) > 1 else parts[names[0]]


def _checked(space: Space, names: tuple[str, ...]) -> list[str]:
    """Names of all parts of a space; raises `Mistake` where one of `names` is not among them, or `names` are all."""
    found = [name for name, _ in space.parts] if isinstance(space, Dict) else []
    for name in names:
        if name not in found:
            there = f"only {', '.join(found)}" if found else "no parts"
            hint = ": put the agents in a group with `central` set." if name == STATE else "."
            raise Mistake(f"an encoder is told of the part '{name}', but the observation has {there}{hint}")
    return found
