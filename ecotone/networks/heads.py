"""From features to distributions over actions of any space, and to values.

A head is chosen by a recipe: `init(key, inputs, space)` builds a module that maps features `[..., inputs]`, and a mask of
legal choices or none, to a distribution over actions.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import Any, Protocol, runtime_checkable

import equinox as eqx
import jax.numpy as jnp

from ecotone.frozen import frozen, static
from ecotone.networks.layers import Dense
from ecotone.networks.masks import as_legal, masks_of
from ecotone.ops.arrays import namespace, softplus
from ecotone.ops.distributions import (
    Arranged,
    Bernoulli,
    Beta,
    Categorical,
    Distribution,
    MultiCategorical,
    Normal,
    Shape,
    TanhNormal,
    joint,
)
from ecotone.ops.features import flat_size
from ecotone.spec import (
    Box,
    Dict,
    Discrete,
    Leaf,
    MultiBinary,
    MultiDiscrete,
    Place,
    Repeated,
    Space,
    Tuple,
    leaves,
    over_parts,
)

Array = Any
Key = Any
Tree = Any
LOG_STD = (-5.0, 2.0)
"""Bounds of the logarithm of a deviation that depends on features."""


@runtime_checkable
class HeadRecipe(Protocol):
    """A recipe for a policy's last layers."""

    def init(self, key: Key, inputs: int, space: Space) -> Any:
        """A module `head(features [..., inputs], legal=None)`: a distribution `[...]` over actions of `space`."""
        ...


class PolicyHead(eqx.Module):
    """One dense layer for all parts of an action: choices and bits by their logits, numbers as the recipe has them.

    `numbers(outputs [..., per · D], free [D])` is a distribution over vectors `[..., D]`, where `free` are weights that do
    not depend on the features.
    """

    dense: Dense
    free: Array
    space: Space = eqx.field(static=True)
    numbers: Callable[[Array, Array], Distribution] = eqx.field(static=True)
    ends: tuple[tuple[int, ...], ...] = eqx.field(static=True)

    def __init__(self, key: Key, inputs: int, space: Space, numbers: Callable, per: int, scale: float | None) -> None:
        parts = action_leaves(space)
        outputs = [(per if isinstance(leaf, Box) else 1) * flat_size(leaf) for leaf in parts]
        numbered = [flat_size(leaf) if isinstance(leaf, Box) else 0 for leaf in parts]
        self.dense, self.free = Dense(key, inputs, sum(outputs), scale), jnp.zeros(sum(numbered))
        self.space, self.numbers = space, numbers
        self.ends = tuple(tuple(accumulate(sizes))[:-1] for sizes in (outputs, numbered))

    def __call__(self, features: Array, legal: Tree | None = None) -> Distribution:
        outputs, free = self.dense(features), self.free
        if not isinstance(self.space, (Dict, Tuple)):
            return self._part(self.space, outputs, free, legal)  # type: ignore[arg-type]
        split = namespace(outputs).split
        pieces, frees = iter(split(outputs, self.ends[0], -1)), iter(split(free, self.ends[1], -1))

        def one(leaf: Leaf, legal: Array | None, place: Place) -> Distribution:
            return self._part(leaf, next(pieces), next(frees), legal)

        return joint(over_parts(one, self.space, masks_of(self.space, legal)))

    def _part(self, leaf: Leaf, outputs: Array, free: Array, legal: Array | None) -> Distribution:
        if not isinstance(leaf, Box):
            return choices(leaf, outputs, legal)
        if legal is not None:
            as_legal(leaf, legal, outputs.shape)
        policy = self.numbers(outputs, free)
        return policy if len(leaf.shape) == 1 else Arranged(policy, Shape(leaf.shape, leaf.dtype))


def choices(space: Leaf, logits: Array, legal: Array | None = None) -> Distribution:
    """The distribution of choices or bits with `logits` `[..., K]`, where the mask `legal` allows them (see `Spec`)."""
    allowed = None if legal is None else as_legal(space, legal, logits.shape)
    if isinstance(space, MultiDiscrete):
        pieces = lambda x: tuple(namespace(x).split(x, tuple(accumulate(space.sizes))[:-1], -1))
        several = MultiCategorical(pieces(logits))
        return several if allowed is None else several.masked(pieces(allowed))
    policy = Categorical(logits) if isinstance(space, Discrete) else Bernoulli(logits)
    policy = policy if allowed is None else policy.masked(allowed)
    return Arranged(policy, Shape(space.shape, space.dtype)) if isinstance(space, MultiBinary) else policy


def action_leaves(space: Space) -> list[Leaf]:
    """Leaves of an action space; raises `ValueError` where a part is a list of varying length."""
    parts = leaves(space)
    if isinstance(space, Repeated) or any(place.axes for place, _ in parts):
        raise ValueError(f"lists of varying length cannot be chosen: {space} must not be (in) an action.")
    return [leaf for _, leaf in parts]


def _bounded(space: Space) -> None:
    for leaf in action_leaves(space):
        if isinstance(leaf, Box) and not leaf.bounded:
            raise ValueError(f"actions must have finite bounds, not {leaf}: wrap the environment to bound them.")


def _normal(outputs: Array, free: Array) -> Normal:
    return Normal(outputs, namespace(outputs).broadcast_to(free, outputs.shape))


def _squashed(outputs: Array, free: Array) -> TanhNormal:
    size = outputs.shape[-1] // 2
    return TanhNormal(outputs[..., :size], outputs[..., size:].clip(*LOG_STD))


def _beta(outputs: Array, free: Array) -> Beta:
    xp, size = namespace(outputs), outputs.shape[-1] // 2
    alpha, beta = 1.0 + softplus(outputs[..., :size]), 1.0 + softplus(outputs[..., size:])
    return Beta(alpha, beta, -xp.ones_like(alpha), xp.ones_like(alpha))


@frozen
class NormalHead:
    """Choices by logits; numbers normal, with a deviation that does not depend on what is seen (Williams 1992)."""

    log_std: float = 0.0
    """Initial log of the deviation of numbers, which lie in [-1, 1] where they are bounded; usually -2 to 0."""

    def init(self, key: Key, inputs: int, space: Space) -> PolicyHead:
        """Fresh, small weights, so that choices begin nearly uniform; raises `ValueError` for lists of varying length."""
        head = PolicyHead(key, inputs, space, _normal, 1, 0.01)
        return eqx.tree_at(lambda h: h.free, head, jnp.full(head.free.shape, self.log_std, jnp.float32))


@frozen
class SquashedHead:
    """Choices by logits; numbers normal, then squashed by tanh; mean and deviation depend on what is seen.

    arXiv:1801.01290, appendix C.
    """

    scale: float | None = static(default=0.01)
    """Gain of the weights; usually 0.01, which begins near the middle. None draws them evenly, as SAC does."""

    def init(self, key: Key, inputs: int, space: Space) -> PolicyHead:
        """Fresh weights; raises `ValueError` unless numbers have finite bounds."""
        _bounded(space)
        return PolicyHead(key, inputs, space, _squashed, 2, self.scale)


@frozen
class BetaHead:
    """Choices by logits; bounded numbers beta with one hump, so that no probability lies outside (Chou et al. 2017)."""

    scale: float = static(default=0.01)
    """Gain of the weights; usually 0.01, which begins nearly even between the bounds."""

    def init(self, key: Key, inputs: int, space: Space) -> PolicyHead:
        """Fresh weights; raises `ValueError` unless numbers have finite bounds."""
        _bounded(space)
        return PolicyHead(key, inputs, space, _beta, 2, self.scale)


def one_choice(space: Space) -> int:
    """How many choices a discrete action has; raises `ValueError` for actions that are not one choice."""
    if not isinstance(space, Discrete):
        remedy = "for numbers use SAC, TD3 or PPO" if isinstance(space, Box) else "use PPO"
        raise ValueError(f"actions must be one discrete choice, not {space}: {remedy}.")
    return space.n


def flat_actions(space: Space) -> int:
    """Numbers per continuous action; raises `ValueError` for actions that are not a vector."""
    if not isinstance(space, Box) or len(space.shape) != 1:
        remedy = "flatten them" if isinstance(space, Box) else "for choices use DiscreteSAC, DQN or PPO"
        raise ValueError(f"continuous actions must be vectors (a Box of one axis), not {space}: {remedy}.")
    return space.shape[0]


class ValueHead(eqx.Module):
    """One number per entry."""

    dense: Dense

    def __init__(self, key: Key, inputs: int) -> None:
        self.dense = Dense(key, inputs, 1, scale=1.0)

    def __call__(self, features: Array) -> Array:
        return self.dense(features)[..., 0]
