"""Draws: one random word is enough to choose among any number of things."""

from typing import Any

import jax.numpy as jnp
import numpy as np

Array = Any


def shuffled(word: Array, index: Array) -> Array:
    """A number per index, uint32, in an order that only the random word decides; different indices get different numbers.

    To multiply by an odd number, to xor a word, and Wellons' lowbias32 finaliser are each one-to-one in 32 bits: no ties.
    """
    index = np.uint32(0x9E3779B9) * index.astype("uint32")
    mixed = word ^ index
    mixed = (mixed ^ (mixed >> np.uint32(16))) * np.uint32(0x7FEB352D)
    mixed = (mixed ^ (mixed >> np.uint32(15))) * np.uint32(0x846CA68B)
    return mixed ^ (mixed >> np.uint32(16))


def choose(candidates: Array, word: Array) -> Array:
    """One candidate, each with the same probability, `[N]` bool to `[N]` bool; none where there are none."""
    order = shuffled(word, np.arange(candidates.shape[-1]))
    best = jnp.max(jnp.where(candidates, order, np.uint32(0)), -1, keepdims=True)
    return candidates & (order == best)


def uniform(word: Array, index: Array) -> Array:
    """Numbers in [0, 1), float32, one per index."""
    return (shuffled(word, index) >> np.uint32(8)).astype(jnp.float32) * np.float32(2.0**-24)


def sub(word: Array, stream: int) -> Array:
    """Another word made of a word, for what is drawn beside it."""
    return shuffled(word, np.asarray(0x5BD1E995 + stream, np.uint32))
