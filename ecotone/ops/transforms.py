"""Monotone transforms of values, what they do to Bellman equations, two-hot codes, and clips. Any shapes `[...]`."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.ops.arrays import same_shape
from ecotone.ops.value_distributions import categorical_projection
from ecotone.ops.values import TD, chosen, towards

Array = Any
Tree = Any


def _sign(x: Array) -> Array:
    """−1 or 1, never 0, so that slopes at 0 are right."""
    return jnp.where(x < 0, -1.0, 1.0).astype(jnp.result_type(x, jnp.float32))


def signed_hyperbolic(x: Array, epsilon: float = 1e-3) -> Array:
    """h(x) = sign(x)·(√(|x| + 1) − 1) + ε·x, any shape `[...]` (arXiv:1805.11593).

    >>> signed_hyperbolic(jnp.asarray([-3.0, 0.0, 8.0]), 0.5).tolist()
    [-2.5, 0.0, 6.0]
    """
    size = _sign(x) * x
    return _sign(x) * size / (jnp.sqrt(size + 1.0) + 1.0) + epsilon * x


def signed_parabolic(x: Array, epsilon: float = 1e-3) -> Array:
    """The inverse of `signed_hyperbolic`, any shape `[...]` (arXiv:1805.11593); exact near 0 in float32 too.

    >>> signed_parabolic(jnp.asarray([-2.5, 0.0, 6.0]), 0.5).tolist()
    [-3.0, 0.0, 8.0]
    """
    size, line = _sign(x) * x, 1.0 + 2.0 * epsilon
    root = jnp.sqrt(line * line + 4.0 * epsilon * size)
    beyond = size * (2.0 - 4.0 * epsilon / (root + line)) / (1.0 + root)
    return _sign(x) * beyond * (beyond + 2.0)


def symlog(x: Array) -> Array:
    """sign(x)·log(1 + |x|), any shape `[...]` (arXiv:2301.04104).

    >>> symlog(jnp.asarray([-1.0, 0.0, 1.0])).round(3).tolist() == jnp.asarray([-0.693, 0.0, 0.693]).tolist()
    True
    """
    return _sign(x) * jnp.log1p(_sign(x) * x)


def symexp(x: Array) -> Array:
    """sign(x)·(exp|x| − 1), the inverse of `symlog`, any shape `[...]` (arXiv:2301.04104).

    >>> symexp(jnp.asarray([0.0, jnp.log(4.0)])).round(4).tolist()
    [0.0, 3.0]
    """
    return _sign(x) * jnp.expm1(_sign(x) * x)


def identity(x: Array) -> Array:
    """x itself, any shape `[...]`: the transform of ordinary Bellman equations (arXiv:1907.03687).

    >>> identity(jnp.asarray([2.0])).tolist()
    [2.0]
    """
    return x


@frozen
class Transform:
    """A monotone function of values `[...]` and its inverse (arXiv:1907.03687).

    >>> SYMLOG.invert(SYMLOG.apply(jnp.asarray([-5.0, 0.0]))).round(3).tolist()
    [-5.0, 0.0]
    """

    apply: Callable[[Array], Array]
    """From returns to what networks predict."""
    invert: Callable[[Array], Array]
    """From what networks predict to returns."""

    def then(self, other: "Transform") -> "Transform":
        """This transform, then another."""
        return Transform(lambda x: other.apply(self.apply(x)), lambda x: self.invert(other.invert(x)))


IDENTITY = Transform(identity, identity)
SIGNED_HYPERBOLIC = Transform(signed_hyperbolic, signed_parabolic)
"""R2D2's and MuZero's value rescaling (arXiv:1805.11593)."""
SYMLOG = Transform(symlog, symexp)
"""DreamerV3's (arXiv:2301.04104)."""
ARCSINH = Transform(jnp.arcsinh, jnp.sinh)
"""Linear near 0, logarithmic far from it."""
Rescaling = Literal["signed_hyperbolic", "symlog", "arcsinh"]
TRANSFORMS: dict[Rescaling | None, Transform] = {
    None: IDENTITY,
    "signed_hyperbolic": SIGNED_HYPERBOLIC,
    "symlog": SYMLOG,
    "arcsinh": ARCSINH,
}
"""Transforms by the name that options give them."""
VALUES = ("value", "q", "next_value", "next_q", "target_q")
"""Names of arguments of value learning that are in the units of the prediction."""


def transformed(learning: Callable[..., TD], transform: Transform) -> Callable[..., TD]:
    """Value learning of transformed returns: non-linear Bellman equations (arXiv:1805.11593; arXiv:1907.03687).

    Everything that is a value is inverted, the target computed from returns, and the target transformed.

    Arguments:
        learning: a function of `values` or `value_sequences`; the result takes its arguments and shapes `[...]`, with
            `value`, `q`, `next_value`, `next_q` and `target_q` in the units of the prediction, rewards in their own.
        transform: of returns.

    >>> q, action, one = jnp.asarray([[0.0, 1.0]]), jnp.asarray([1]), jnp.ones(1)
    >>> transformed(q_learning, SYMLOG)(q, action, one, one, q).target.item() == symlog(1 + symexp(1.0)).item()
    True
    """
    signature = inspect.signature(learning)

    def learn(*arguments: Any, **named: Any) -> TD:
        given = signature.bind(*arguments, **named).arguments
        returns = {name: transform.invert(x) if name in VALUES else x for name, x in given.items()}
        prediction = given["value"] if "value" in given else given["q"]
        prediction = chosen(prediction, given["action"]) if "action" in given else prediction
        target = transform.apply(learning(**returns).target)
        acted = given.get("acted")
        return towards(prediction, target if acted is None else jnp.where(acted, target, prediction))

    return learn


def two_hot(x: Array, bins: Array) -> Array:
    """Numbers `[...]` as probabilities `[..., N]` of two neighbouring bins with that mean (arXiv:1911.08265, appendix F).

    Arguments:
        x: numbers; those beyond the ends count as the ends.
        bins: `[N]`, strictly increasing, of any spacing.

    >>> two_hot(jnp.asarray([0.25, 9.0]), jnp.asarray([-1.0, 0.0, 1.0])).tolist()
    [[0.0, 0.75, 0.25], [0.0, 0.0, 1.0]]
    """
    return categorical_projection(x[..., None], jnp.ones_like(x)[..., None], bins)


def from_two_hot(probabilities: Array, bins: Array) -> Array:
    """The mean `[...]` of probabilities `[..., N]` over bins `[N]` (arXiv:1911.08265, appendix F).

    >>> from_two_hot(jnp.asarray([0.0, 0.75, 0.25]), jnp.asarray([-1.0, 0.0, 1.0])).tolist()
    0.25
    """
    same_shape(probabilities_bins=probabilities.shape[-1:], bins=bins)
    return (probabilities * bins).sum(-1)


def two_hot_transform(low: float, high: float, count: int, transform: Transform = IDENTITY) -> Transform:
    """From returns `[...]` to two-hot codes `[..., count]` of transformed returns, and back (arXiv:1911.08265, appendix F).

    Arguments:
        low, high: ends of the bins, in transformed units.
        count: bins, at least 2.
        transform: of returns, before the bins.

    >>> code = two_hot_transform(-2.0, 2.0, 5, SYMLOG)
    >>> round(code.invert(code.apply(jnp.asarray([3.0]))).item(), 3)
    3.0
    """
    bins = jnp.linspace(low, high, count)
    return transform.then(Transform(partial(two_hot, bins=bins), partial(from_two_hot, bins=bins)))


def clip_reward(reward: Array, low: float = -1.0, high: float = 1.0) -> Array:
    """Rewards `[...]` within `low` and `high`, so that one step size serves many tasks (Mnih et al. 2015).

    >>> clip_reward(jnp.asarray([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    return jnp.clip(reward, low, high)


@jax.custom_vjp
def clip_gradient(tree: Tree, low: float = -1.0, high: float = 1.0) -> Tree:
    """The arrays `[...]` of a tree as they are, with gradients that come back through them within `low` and `high`.

    Before a squared loss it makes Huber's (Mnih et al. 2015).

    >>> jax.grad(lambda x: (clip_gradient(x) ** 2).sum())(jnp.asarray([0.25, 4.0])).tolist()
    [0.5, 1.0]
    """
    return tree


def _clip_forward(tree: Tree, low: float, high: float) -> tuple[Tree, tuple[Array, Array]]:
    return tree, (low, high)


def _clip_backward(bounds: tuple[Array, Array], gradient: Tree) -> tuple[Tree, Array, Array]:
    zeros = jnp.zeros_like(bounds[0], jnp.float32), jnp.zeros_like(bounds[1], jnp.float32)
    return jax.tree.map(lambda x: jnp.clip(x, *bounds), gradient), *zeros


clip_gradient.defvjp(_clip_forward, _clip_backward)
