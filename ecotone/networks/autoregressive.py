"""A policy head whose later choices know the earlier ones."""

from itertools import accumulate
from typing import Any, NamedTuple

import equinox as eqx
import jax

from ecotone.frozen import frozen
from ecotone.networks.heads import HeadRecipe, NormalHead, action_leaves
from ecotone.networks.layers import MLP
from ecotone.networks.masks import as_legal, masks_of
from ecotone.ops.arrays import namespace
from ecotone.ops.distributions import Arranged, Autoregressive, Distribution
from ecotone.ops.features import flat_size, flatten
from ecotone.spec import Discrete, Leaf, MultiDiscrete, Place, Space, over_parts

Array = Any
Key = Any
Tree = Any


def steps_of(space: Space) -> list[Leaf]:
    """What is chosen one after the other: leaves in order, each choice of a `MultiDiscrete` by itself."""
    steps: list[Leaf] = []
    for leaf in action_leaves(space):
        steps += [Discrete(size) for size in leaf.sizes] if isinstance(leaf, MultiDiscrete) else [leaf]
    return steps


class InOrder(NamedTuple):
    """The form of actions of `space` that are a tuple of `steps_of` to the distribution."""

    space: Space

    def outward(self, action: tuple[Tree, ...]) -> Tree:
        """The tuple nested as the space."""
        chosen = iter(action)

        def one(leaf: Leaf, place: Place) -> Array:
            if not isinstance(leaf, MultiDiscrete):
                return next(chosen)
            parts = [next(chosen) for _ in leaf.sizes]
            return namespace(parts[0]).stack(parts, -1)

        return over_parts(one, self.space)

    def inward(self, action: Tree) -> tuple[Tree, ...]:
        """The nested action as a tuple."""
        found: list[Array] = []

        def one(leaf: Leaf, part: Array, place: Place) -> None:
            several = isinstance(leaf, MultiDiscrete)
            found.extend([part[..., i] for i in range(part.shape[-1])] if several else [part])

        over_parts(one, self.space, action)
        return tuple(found)


class AutoregressiveModule(eqx.Module):
    """Dense layers and a head for each step, which read the features and what was chosen before."""

    bodies: tuple[MLP, ...]
    heads: tuple[Any, ...]
    space: Space = eqx.field(static=True)

    def __call__(self, features: Array, legal: Tree | None = None) -> Distribution:
        parameters = (self, features, self._masks(features.shape[:-1], legal))
        return Arranged(Autoregressive(parameters, next_step, len(self.heads)), InOrder(self.space))

    def _masks(self, leading: tuple[int, ...], legal: Tree | None) -> tuple[Array | None, ...]:
        masks: list[Array | None] = []

        def one(leaf: Leaf, mask: Array | None, place: Place) -> None:
            if mask is None or not isinstance(leaf, MultiDiscrete):
                masks.extend([mask] * len(steps_of(leaf)))
            else:
                mask, ends = as_legal(leaf, mask, (*leading, sum(leaf.sizes))), tuple(accumulate(leaf.sizes))
                masks.extend(namespace(mask).split(mask, ends[:-1], -1))

        over_parts(one, self.space, masks_of(self.space, legal))
        return tuple(masks)


def next_step(parameters: tuple[AutoregressiveModule, Array, tuple], earlier: tuple[Array, ...]) -> Distribution:
    """The distribution of step `len(earlier)`, given module, features `[..., inputs]` and masks, and what was chosen."""
    module, features, masks = parameters
    i, steps = len(earlier), steps_of(module.space)
    known = [flatten(step, choice) for step, choice in zip(steps, earlier, strict=False)]
    seen = namespace(features).concatenate([features, *known], -1) if known else features
    return module.heads[i](module.bodies[i](seen), masks[i])


@frozen
class AutoregressiveHead:
    """Parts of an action chosen in order, each given the earlier ones (arXiv:1806.00589), so that parts can agree.

    Parts are those of a `Dict` (by name), of a `Tuple`, and the choices of a `MultiDiscrete`. Masks are the same whatever
    was chosen before. Entropies are estimates from the action that was drawn.
    """

    hidden: tuple[int, ...] = (64,)
    """Widths of the dense layers of each part; usually one of 32 to 256."""
    activation: str = "tanh"
    """`tanh`, `relu` or `silu`, after each dense layer."""
    each: HeadRecipe = NormalHead()
    """What chooses each part."""

    def init(self, key: Key, inputs: int, space: Space) -> AutoregressiveModule:
        """Fresh weights; raises `ValueError` for lists of varying length."""
        bodies, heads, width = [], [], inputs
        for step, key_step in zip(steps := steps_of(space), jax.random.split(key, len(steps)), strict=True):
            key_body, key_head = jax.random.split(key_step)
            bodies.append(MLP(key_body, width, self.hidden, self.activation))
            heads.append(self.each.init(key_head, self.hidden[-1] if self.hidden else width, step))
            width += flat_size(step)
        return AutoregressiveModule(tuple(bodies), tuple(heads), space)
