"""Encoders from Flax: a Linen module, or a function that makes an NNX module, as a recipe.

The module sees float32 rows `[N, ...]` of the observation: arrays in their own shape (bytes divided by 255), choices as
indicators, nested spaces nested. It returns `[N, features]`. Only parameters are kept: a module that changes when it is read
(running statistics, dropout) would not be a pure function of rows and is refused.
"""

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.mistakes import MissingExtra
from ecotone.ops.features import flatten
from ecotone.spec import Box, Leaf, Place, Space, leaves, over_parts, zeros

Array = Any
Key = Any
Tree = Any
REMEDY = "use a layer norm in place of a batch norm, and no dropout (or `deterministic=True`)"


def as_rows(space: Space, observation: Tree) -> tuple[Tree, tuple[int, ...]]:
    """What a module sees of observations, float32 `[N, ...]`, and the leading axes whose product N is."""
    first = jax.tree.leaves(observation)[0]
    place, leaf = leaves(space)[0]
    leading = first.shape[: first.ndim - len(place.axes) - len(leaf.shape)]

    def one(leaf: Leaf, part: Array, place: Place) -> Array:
        part = jnp.asarray(part).reshape(math.prod(leading), *part.shape[len(leading) :])
        if not isinstance(leaf, Box):
            return flatten(leaf, part)
        return part.astype(jnp.float32) / 255.0 if leaf.dtype == "uint8" else part.astype(jnp.float32)

    return over_parts(one, space, observation), leading


def read_rows(read: Callable[[Tree], Array], space: Space, observation: Tree) -> Array:
    """Features `[..., features]` of observations with any leading axes, by a function of rows."""
    rows, leading = as_rows(space, observation)
    features = read(rows)
    return features.reshape(*leading, features.shape[-1])


def _example(space: Space) -> Tree:
    return as_rows(space, zeros(space, (1,)))[0]


def _check(read: Callable[[Tree], Array], space: Space, features: int) -> None:
    shape = getattr(jax.eval_shape(read, _example(space)), "shape", None)
    if shape != (1, features):
        raise ValueError(f"the Flax module should map one row to the shape {(1, features)}, but it returns {shape}.")


def _check_pure(beside: set[str]) -> None:
    if beside:
        kept = ", ".join(sorted(beside))
        raise ValueError(f"the module keeps {kept} beside its parameters, which reading cannot change: {REMEDY}.")


def _part(name: str) -> Any:
    try:
        import flax.linen
        import flax.nnx
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] != "flax":
            raise
        raise MissingExtra("an encoder from Flax", "flax") from error
    return getattr(flax, name)


class LinenEncoder(eqx.Module):
    """A Linen module with its parameters."""

    weights: Tree
    module: Any = eqx.field(static=True)
    space: Space = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Array:
        return read_rows(lambda rows: self.module.apply({"params": self.weights}, rows), self.space, observation)


@frozen
class Linen:
    """An encoder recipe around a `flax.linen` module."""

    module: Any
    """The module, with hashable attributes (tuples, not lists)."""
    features: int
    """Features per row that come out."""

    def init(self, key: Key, space: Space) -> LinenEncoder:
        """Fresh weights; raises `ValueError` for a module that is not pure or has another width."""
        linen = _part("linen")
        variables = linen.unbox(self.module.init(key, _example(space)))
        _check_pure(set(variables) - {"params"})
        encoder = LinenEncoder(variables.get("params", {}), self.module, space)
        try:
            _check(lambda rows: self.module.apply({"params": encoder.weights}, rows), space, self.features)
        except _part("errors").InvalidRngError as error:
            raise ValueError(f"the module draws random numbers whenever it is read: {REMEDY}.") from error
        return encoder

    def width(self, space: Space) -> int:
        """Features per observation."""
        return self.features


class NNXEncoder(eqx.Module):
    """The parameters of an NNX module, and how to put it together from them."""

    weights: tuple[Array, ...]
    graph: Any = eqx.field(static=True)
    structure: Any = eqx.field(static=True)
    space: Space = eqx.field(static=True)

    def __call__(self, observation: Tree) -> Array:
        return read_rows(self.read, self.space, observation)

    def read(self, rows: Tree) -> Array:
        """Features `[N, features]` of rows `[N, ...]`."""
        return _part("nnx").merge(self.graph, jax.tree.unflatten(self.structure, self.weights))(rows)


@frozen
class NNX:
    """An encoder recipe around a function that makes a `flax.nnx` module."""

    make: Any
    """`make(shape, rngs)`: the module for rows of that shape (nested as observations are), made from `flax.nnx.Rngs`."""
    features: int
    """Features per row that come out."""

    def init(self, key: Key, space: Space) -> NNXEncoder:
        """Fresh weights; raises `ValueError` for a module that is not pure or has another width."""
        nnx = _part("nnx")
        shape = jax.tree.map(lambda rows: rows.shape[1:], _example(space))
        graph, weights, rest = nnx.split(self.make(shape, nnx.Rngs(key)), nnx.Param, ...)
        _check_pure({type(variable).__name__ for _, variable in nnx.to_flat_state(rest)})
        values, structure = jax.tree.flatten(weights)
        encoder = NNXEncoder(tuple(values), graph, structure, space)
        _check(encoder.read, space, self.features)
        return encoder

    def width(self, space: Space) -> int:
        """Features per observation."""
        return self.features
