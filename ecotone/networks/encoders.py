"""From observations to features: the encoder that fits a space, whatever it is made of."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax

from ecotone.frozen import frozen
from ecotone.networks.cnn import CNN
from ecotone.networks.layers import MLP
from ecotone.networks.reading import EncoderRecipe
from ecotone.ops.arrays import namespace
from ecotone.ops.features import flat_size, flatten, spread
from ecotone.spec import Box, Dict, Repeated, Space, Tuple

Array = Any
Key = Any
Tree = Any
Path = tuple[str | int, ...]


class FlatEncoder(eqx.Module):
    """Flattened observations through dense layers."""

    mlp: MLP
    space: Space = eqx.field(static=True)
    scaled: bool = eqx.field(static=True)
    categories: int = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Array:
        return self.mlp(plain(self.space, observation, self.scaled, self.categories))


def plain(space: Space, observation: Tree, scaled: bool, categories: int) -> Array:
    """Features as `flatten` makes them, those with finite bounds mapped to [-1, 1] where `scaled`."""
    features = flatten(space, observation, categories)
    if scaled:
        centre, factor = spread(space, categories)
        features = (features - centre) * factor
    return features


class SetEncoder(eqx.Module):
    """Each item of a list through one encoder, then mean and maximum over those that are there (arXiv:1703.06114)."""

    item: eqx.Module
    most: int = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Array:
        features, count = self.item(observation["items"]), observation["count"][..., None]  # type: ignore[operator]
        xp = namespace(features)
        there = (xp.arange(self.most) < count)[..., None]
        mean = xp.where(there, features, 0.0).sum(-2) / count.clip(1)
        most = xp.where(count > 0, xp.where(there, features, -xp.inf).max(-2), 0.0)
        return xp.concatenate([mean, most, count / self.most], -1).astype("float32")


class NestedEncoder(eqx.Module):
    """Parts through encoders of their own, beside the other parts as they are; all of them through dense layers."""

    encoders: tuple[eqx.Module, ...]
    mlp: MLP
    apart: tuple[Path, ...] = eqx.field(static=True)
    flat: tuple[tuple[Path, Space], ...] = eqx.field(static=True)
    scaled: bool = eqx.field(static=True)
    categories: int = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Array:
        read = lambda path, space: plain(space, part_at(observation, path), self.scaled, self.categories)
        features = [read(path, space) for path, space in self.flat]
        for path, encoder in zip(self.apart, self.encoders, strict=True):
            features.append(encoder(part_at(observation, path)))  # type: ignore[operator]
        return self.mlp(namespace(features[0]).concatenate(features, -1))


def part_at(observation: Tree, path: Path) -> Tree:
    """The part of a nested element to which names and positions lead."""
    for name in path:
        observation = observation[name]
    return observation


def fitting(image: Box, layer_norm: bool = False) -> EncoderRecipe | None:
    """Convolutions for images of that size; none for those with fewer than 7 pixels a side, which dense layers read."""
    side = min(image.shape[:2])
    if side < 7:
        return None
    if side >= 36:
        return CNN(layer_norm=layer_norm)
    return CNN(((16, 3, 1), (32, 3, 1), (64, 3, 1)), 256, layer_norm)


@frozen
class Encoder:
    """Dense layers for numbers and choices, convolutions for images; nested observations through both.

    Images within a nested observation go through the convolutions, lists through one encoder per item, parts that
    `parts` names through theirs; what comes of these stands beside the other parts before the dense layers.
    """

    hidden: tuple[int, ...] = (64, 64)
    """Widths of the dense layers (not used for an image alone); usually (64, 64) to (400, 300)."""
    activation: str = "tanh"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    orthogonal: bool = True
    """Orthogonal first weights of gain √2; off draws smaller ones evenly, which suits action values."""
    scaled: bool = False
    """Map observations with finite bounds to [-1, 1] (not used for images), where the bounds are those that matter."""
    categories: int = 0
    """Read bounded whole numbers of up to so many values as choices, an indicator each; grids' encodings want 8 or so."""
    layer_norm: bool = False
    """Layer normalisation in front of each activation (arXiv:1607.06450), which steadies values learned without a target."""
    image: EncoderRecipe | None = None
    """Of images (bytes with three axes); none is Nature's from 36 pixels a side, smaller ones from 7, else `hidden`."""
    parts: tuple[tuple[str, EncoderRecipe], ...] = ()
    """Encoders of parts by their path, such as `{"camera/left": CNN()}`; a path is names and positions joined by `/`."""

    def __post_init__(self) -> None:
        if isinstance(self.parts, Mapping):
            object.__setattr__(self, "parts", tuple(sorted(self.parts.items())))

    def init(self, key: Key, space: Space) -> eqx.Module:
        """An encoder of observations to features; raises `ValueError` where `parts` names what is not there."""
        parts = list(self._parts(space))
        self._check([path for path, _, _ in parts])
        apart = [(path, part, recipe) for path, part, recipe in parts if recipe is not None]
        if apart and not apart[0][0]:
            return apart[0][2].init(key, space)
        scale = math.sqrt(2.0) if self.orthogonal else None
        key_dense, *keys = jax.random.split(key, 1 + len(apart)) if apart else (key,)
        mlp = MLP(key_dense, self._inputs(space), self.hidden, self.activation, scale, self.layer_norm)
        if not apart:
            return FlatEncoder(mlp, space, self.scaled, self.categories)
        flat = tuple((path, part) for path, part, recipe in parts if recipe is None)
        encoders = tuple(recipe.init(k, part) for k, (_, part, recipe) in zip(keys, apart, strict=True))
        return NestedEncoder(encoders, mlp, tuple(path for path, _, _ in apart), flat, self.scaled, self.categories)

    def width(self, space: Space) -> int:
        """Features per observation."""
        path, part, recipe = next(self._parts(space))
        if recipe is not None and not path:
            return recipe.width(part)
        return self.hidden[-1] if self.hidden else self._inputs(space)

    def _inputs(self, space: Space) -> int:
        return sum(
            recipe.width(part) if recipe else flat_size(part, self.categories) for _, part, recipe in self._parts(space)
        )

    def _parts(self, space: Space, path: Path = ()) -> Iterator[tuple[Path, Space, EncoderRecipe | None]]:
        """Parts with the encoder that is theirs alone, or none for those that are flattened."""
        named = dict(self.parts).get("/".join(map(str, path)))
        if named is not None:
            yield path, space, named
        elif isinstance(space, Repeated):
            yield path, space, Items(replace(self, parts=()))
        elif isinstance(space, Dict | Tuple):
            for name, part in space.parts if isinstance(space, Dict) else enumerate(space.parts):
                yield from self._parts(part, (*path, name))
        else:
            yield path, space, self._of_image(space) if isinstance(space, Box) and space.is_image else None

    def _of_image(self, image: Box) -> EncoderRecipe | None:
        return self.image or fitting(image, self.layer_norm)

    def _check(self, paths: list[Path]) -> None:
        there = ["/".join(map(str, path)) for path in paths]
        for name, _ in self.parts:
            if name not in there:
                raise ValueError(f"an encoder is given for '{name}', but the observation has {', '.join(there)}.")


@frozen
class Items:
    """An encoder for lists: `each` reads every item."""

    each: Encoder
    """Of one item."""

    def init(self, key: Key, space: Any) -> SetEncoder:
        """An encoder of lists of up to `space.most` items."""
        return SetEncoder(self.each.init(key, space.space), space.most)

    def width(self, space: Any) -> int:
        """Mean, maximum, and how many of the most there are."""
        return 2 * self.each.width(space.space) + 1
