"""Auxiliary tasks: rewards made of what is seen, and learning to bring them about (arXiv:1611.05397)."""

from typing import Any, Literal

import jax.numpy as jnp

from ecotone.ops.arrays import same_shape
from ecotone.ops.value_sequences import q_lambda
from ecotone.ops.values import TD

Array = Any
Kind = Literal["feature", "absolute_change", "increase", "decrease", "potential"]


def pixel_control_rewards(images: Array, cell: int) -> Array:
    """Mean absolute change of the pixels of every cell, `[T, ..., H / cell, W / cell]` (arXiv:1611.05397, section 3.1).

    Arguments:
        images: `[T + 1, ..., H, W, C]` at t = 0 … T, of any number type; scaled to [0, 1] if the rewards shall be.
        cell: height and width of a cell in pixels; both sides of the image are multiples of it (crop them before).

    >>> images = jnp.zeros((2, 4, 4, 1)).at[1, :2, :2].set(0.5)
    >>> pixel_control_rewards(images, 2).tolist()
    [[[0.5, 0.0], [0.0, 0.0]]]
    """
    *leading, height, width, channels = images.shape
    if height % cell or width % cell:
        raise ValueError(f"Images of {height} × {width} pixels do not divide into cells of {cell} × {cell}: crop them.")
    images = images.astype(jnp.float32)
    change = jnp.abs(images[1:] - images[:-1])
    split = change.reshape(leading[0] - 1, *leading[1:], height // cell, cell, width // cell, cell, channels)
    return split.mean((-4, -2, -1))


def pixel_control(
    q: Array, action: Array, images: Array, discount: Array, cell: int, scale: Array = 1.0, acted: Array | None = None
) -> TD:
    """Q-learning of pixel control: for every cell the greedy values at the end and rewards before, `[T, ..., H', W']`.

    The loss is the squared error, summed over cells (arXiv:1611.05397, section 3.1; Q(λ) with λ = 1).

    Arguments:
        q: `[T + 1, ..., H', W', A]` at t = 0 … T, with H' = H / cell; row T bootstraps.
        action, discount: `[T, ...]` of the actions at t.
        images: `[T + 1, ..., H, W, C]` at t = 0 … T.
        cell: height and width of a cell in pixels.
        scale: of the rewards.
        acted: `[T, ...]` bool; none means all.

    >>> images = jnp.zeros((2, 2, 2, 1)).at[1].set(0.5)
    >>> pixel_control(jnp.zeros((2, 1, 1, 3)), jnp.asarray([1]), images, jnp.asarray([0.9]), 2).target.tolist()
    [[[0.5]]]
    """
    reward = scale * pixel_control_rewards(images, cell)
    same_shape(q_of_the_cells=q[:-1].shape[:-1], rewards_of_the_cells=reward)
    same_shape(action=action, discount=discount, leading_axes=reward.shape[:-2])
    spread = lambda x: jnp.broadcast_to(x[..., None, None], reward.shape)
    acted = None if acted is None else spread(acted)
    return q_lambda(q[:-1], spread(action), reward, spread(discount), q[1:], 1.0, acted)


def feature_control_rewards(features: Array, kind: Kind = "absolute_change", discount: Array = 1.0) -> Array:
    """Rewards for what features do from t to t + 1, `[T, ...]` (arXiv:1611.05397, section 3.1).

    Arguments:
        features: φ `[T + 1, ...]` at t = 0 … T, one task for each.
        kind: `feature` φ[t+1], `absolute_change` |φ[t+1] − φ[t]|, `increase` φ[t+1] − φ[t], `decrease` its negative,
            `potential` discount · φ[t+1] − φ[t] (Ng et al. 1999).
        discount: for `potential`, a number or `[T, ...]`.

    >>> feature_control_rewards(jnp.asarray([[1.0], [3.0], [2.0]]), "absolute_change").tolist()
    [[2.0], [1.0]]
    """
    before, after = features[:-1], features[1:]
    if kind == "feature":
        return after
    if kind == "absolute_change":
        return jnp.abs(after - before)
    if kind == "increase":
        return after - before
    if kind == "decrease":
        return before - after
    if kind == "potential":
        if jnp.ndim(discount):
            same_shape(discount=discount, features_but_one=after)
        return discount * after - before
    raise ValueError(
        f"Feature control knows no kind {kind!r}; it knows feature, absolute_change, increase, decrease, potential."
    )
