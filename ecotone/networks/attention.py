"""Attention over the last rows of the episode: a gated transformer with a rolling memory."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.networks.layers import Dense

Array = Any
Key = Any
Tree = Any


class Norm(eqx.Module):
    """Layer normalisation of the last axis (arXiv:1607.06450)."""

    scale: Array
    shift: Array

    def __init__(self, width: int) -> None:
        self.scale, self.shift = jnp.ones(width), jnp.zeros(width)

    def __call__(self, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        return centred * jax.lax.rsqrt(jnp.square(centred).mean(-1, keepdims=True) + 1e-5) * self.scale + self.shift


class Gate(eqx.Module):
    """A gated recurrent unit in the place of a residual sum; it begins by passing its input (arXiv:1910.06764, eq. 12)."""

    new: Dense
    kept: Dense
    candidate: Dense

    def __init__(self, key: Key, width: int) -> None:
        keys = jax.random.split(key, 3)
        self.new = Dense(keys[0], width, 3 * width, 1.0)
        self.kept = Dense(keys[1], width, 2 * width, 1.0)
        self.candidate = Dense(keys[2], width, width, 1.0)

    def __call__(self, x: Array, y: Array) -> Array:
        reset_new, update_new, candidate_new = jnp.split(self.new(y), 3, -1)
        reset_kept, update_kept = jnp.split(self.kept(x), 2, -1)
        update = jax.nn.sigmoid(update_new + update_kept - 2.0)
        candidate = jnp.tanh(candidate_new + self.candidate(jax.nn.sigmoid(reset_new + reset_kept) * x))
        return (1.0 - update) * x + update * candidate


class Block(eqx.Module):
    """Attention and two dense layers, each behind a norm and in front of a gate."""

    norm: Norm
    query: Dense
    key_value: Dense
    distance: Array
    out: Dense
    gate: Gate
    norm_dense: Norm
    widen: Dense
    narrow: Dense
    gate_dense: Gate

    def __init__(self, key: Key, width: int, heads: int, reach: int) -> None:
        keys = jax.random.split(key, 7)
        self.norm, self.norm_dense = Norm(width), Norm(width)
        self.query, self.key_value = Dense(keys[0], width, width, 1.0), Dense(keys[1], width, 2 * width, 1.0)
        # Heads begin with time scales of their own, from the last row to all of them (as arXiv:2108.12409, section 3).
        self.distance = -jnp.geomspace(2.0, 1.0 / reach, heads)[:, None] * jnp.arange(reach + 1.0)
        self.out, self.gate = Dense(keys[2], width, width, 1.0), Gate(keys[3], width)
        self.widen, self.narrow = Dense(keys[4], width, 2 * width), Dense(keys[5], 2 * width, width, 1.0)
        self.gate_dense = Gate(keys[6], width)

    def __call__(self, rows: Array, x: Array, seen: Array) -> Array:
        """`x` `[B, T, D]` with what it may look at: `rows` `[B, M + T, D]` where `seen` `[B, T, M + T]`."""
        x = self.gate(x, jax.nn.relu(self.out(self.attend(self.norm(rows), self.norm(x), seen))))
        return self.gate_dense(x, jax.nn.relu(self.narrow(jax.nn.relu(self.widen(self.norm_dense(x))))))

    def attend(self, rows: Array, x: Array, seen: Array) -> Array:
        """Scaled products (arXiv:1706.03762, eq. 1) with a learned bias for each distance in time."""
        heads, reach = self.distance.shape
        split = lambda y: y.reshape(*y.shape[:-1], heads, -1)
        key, value = (split(y) for y in jnp.split(self.key_value(rows), 2, -1))
        scores = jnp.einsum("bthd,bshd->bhts", split(self.query(x)), key) / math.sqrt(key.shape[-1])
        steps, keys = x.shape[1], rows.shape[1]
        apart = jnp.arange(steps)[:, None] + (keys - steps) - jnp.arange(keys)
        scores = scores + self.distance[:, jnp.clip(apart, 0, reach - 1)]
        weights = jax.nn.softmax(jnp.where(seen[:, None], scores, -1e9), -1)
        return jnp.einsum("bhts,bshd->bthd", weights, value).reshape(x.shape)


class TransformerCore(eqx.Module):
    """Blocks over the rows at hand and those remembered; every block remembers what came into it."""

    entry: Dense
    blocks: tuple[Block, ...]

    def __call__(self, features: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        inputs, valid = memory
        reach, steps = valid.shape[1], is_first.shape[0]
        # Rows of one episode carry one number; what was remembered belongs to the episode before the first `is_first`.
        episode = jnp.concatenate([jnp.where(valid, 0, -1), jnp.cumsum(is_first.T, 1, dtype=jnp.int32)], 1)
        apart = jnp.arange(steps)[:, None] + reach - jnp.arange(reach + steps)
        seen = (episode[:, reach:, None] == episode[:, None, :]) & (apart >= 0) & (apart <= reach)
        valid = episode[:, steps:] == episode[:, -1:]
        x, after = self.entry(features).swapaxes(0, 1), []
        for block, before in zip(self.blocks, inputs, strict=True):
            rows = jnp.concatenate([before, x], 1)
            after.append(jnp.where(valid[..., None], rows[:, steps:], 0.0))
            x = block(rows, x, seen)
        return x.swapaxes(0, 1), (tuple(after), valid)


@frozen
class GatedTransformer:
    """Gated transformer-XL (arXiv:1910.06764): every row attends to the `reach` rows before it and to itself."""

    width: int = 64
    """Features per row, usually 32 to 256."""
    heads: int = 4
    """Attention heads, which divide the width; usually 2 to 8."""
    layers: int = 1
    """Blocks, usually 1 to 4; each sees `reach` rows further back through the one before it."""
    reach: int = 32
    """Rows that are remembered, usually 16 to 256; more cost more memory and time."""

    @property
    def features(self) -> int:
        """Features per row that come out."""
        return self.width

    def init(self, key: Key, inputs: int) -> TransformerCore:
        """Fresh weights; raises `ValueError` where the heads do not divide the width."""
        if self.width % self.heads:
            raise ValueError(f"{self.heads} heads do not divide a width of {self.width}.")
        key_entry, key_bias, *keys = jax.random.split(key, self.layers + 2)
        blocks = tuple(Block(key, self.width, self.heads, self.reach) for key in keys)
        entry = Dense(key_entry, inputs, self.width, 1.0)
        # Norms forget how long a row is, except beside entries that are always there: so small features stay small.
        entry = eqx.tree_at(lambda dense: dense.bias, entry, jax.random.normal(key_bias, (self.width,)))
        return TransformerCore(entry, blocks)

    def initial_memory(self, lanes: int) -> Tree:
        """What came into each block `[lanes, reach, width]`, and which of it is valid `[lanes, reach]`: nothing."""
        inputs = tuple(jnp.zeros((lanes, self.reach, self.width)) for _ in range(self.layers))
        return inputs, jnp.zeros((lanes, self.reach), bool)
