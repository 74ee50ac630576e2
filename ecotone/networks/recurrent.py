"""Memories that are read row by row or segment by segment: LSTM, GRU, and a recurrence that runs in parallel over time.

LSTM, GRU and MinGRU read NumPy arrays too, row after row, so that small policies act without a program.

A core reads features `[T, B, D]` with `is_first` `[T, B]` and the memory before them `[B, ...]`, and returns features
`[T, B, width]` and the memory after them. Rows that are `is_first` are read with an empty memory.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any, Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ecotone.frozen import frozen
from ecotone.networks.layers import Dense
from ecotone.ops.arrays import namespace
from ecotone.ops.special import sigmoid

Array = Any
Key = Any
Tree = Any
Gates = Sequence[Array]
Step = Callable[[Tree, Gates, Gates], tuple[Tree, Array]]


class Core(Protocol):
    """A recipe for a memory between encoder and heads."""

    @property
    def features(self) -> int:
        """Features per row that come out."""
        ...

    def init(self, key: Key, inputs: int) -> Any:
        """A module that reads `(features [T, B, inputs], is_first [T, B], memory)`."""
        ...

    def initial_memory(self, lanes: int) -> Tree:
        """The memory of lanes that have seen nothing, lanes on axis 0."""
        ...


def forget(memory: Tree, is_first: Array) -> Tree:
    """Memory `[B, ...]` with zeros in the lanes whose row begins an episode (`is_first` `[B]`)."""
    if namespace(is_first) is np and not is_first.any():
        return memory

    def one(x: Array) -> Array:
        xp = namespace(x)
        return xp.where(is_first.reshape(is_first.shape + (1,) * (x.ndim - is_first.ndim)), xp.zeros((), x.dtype), x)

    return jax.tree.map(one, memory)


def unroll(step: Step, onward: tuple[Array, ...], seen: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
    """Run `step(memory, seen, kept) -> (memory, output)` over rows `seen` `[T, B, G·H]`, forgetting at `is_first` `[T, B]`.

    A step is given its row and what a map makes of the first part of the memory `[B, H]` gate by gate, G arrays `[B, H]`
    each; `onward` is the map's weight `[H, G·H]` and, where it has one, bias `[G·H]`.
    Returns the outputs `[T, B, ...]` and the memory after the last row.
    """
    gates = tuple(split(seen, seen.shape[-1] // _first(memory).shape[-1]))
    if namespace(seen) is np:
        outputs = []
        for row, first in zip(zip(*gates, strict=True), is_first, strict=True):
            memory = forget(memory, first)
            memory, output = step(memory, row, _kept(onward, memory))
            outputs.append(output)
        return np.array(outputs), memory
    return _unrolled(step, onward, gates, is_first, memory)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _unrolled(step: Step, onward: tuple[Array, ...], gates: Gates, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
    """`unroll` as a scan, whose gradient leaves to the backward scan only what goes from row to row.

    Gates are arrays of their own, since XLA makes slow loops of columns cut from a row that it looks up.
    """
    return _forward(step, onward, gates, is_first, memory)[0]


def _forward(step: Step, onward: tuple[Array, ...], gates: Gates, is_first: Array, memory: Tree) -> Any:
    """What `_unrolled` gives, and what its gradient needs: the arguments of every step."""

    def once(memory: Tree, row: tuple[Gates, Array]) -> Any:
        memory = forget(memory, row[1])
        kept = _kept(onward, memory)
        after, output = step(memory, row[0], kept)
        return after, (output, memory, kept)

    after, (outputs, memories, kept) = jax.lax.scan(once, memory, (gates, is_first))
    return (outputs, after), (onward, memories, gates, kept, is_first)


def _backward(step: Step, saved: Any, slopes: tuple[Array, Tree]) -> Any:
    """Gradients of a scalar by weights, gates and first memory, from those by outputs `[T, B, ...]` and last memory.

    Steps are differentiated all at once, and so are weights: one product over all rows, where a scan would add one of each.
    """
    onward, memories, gates, kept, is_first = saved
    pulls = jax.vmap(lambda *row: jax.vjp(step, *row)[1])(memories, gates, kept)
    back = onward[0].T

    def once(memory: Tree, row: Any) -> Any:
        output, pull, first = row
        before, _, kept = pull((memory, output))
        leaves, structure = jax.tree.flatten(before)
        leaves[0] = leaves[0] + jnp.concatenate(kept, -1) @ back
        return forget(jax.tree.unflatten(structure, leaves), first), memory

    memory, after = jax.lax.scan(once, slopes[1], (slopes[0], pulls, is_first), reverse=True)
    _, seen, kept = jax.vmap(lambda pull, slope: pull(slope))(pulls, (after, slopes[0]))
    kept = jnp.concatenate(kept, -1)
    hidden = _first(memories)
    by_weight = hidden.reshape(-1, hidden.shape[-1]).T @ kept.reshape(-1, kept.shape[-1])
    return (by_weight, kept.sum((0, 1)))[: len(onward)], seen, None, memory


_unrolled.defvjp(_forward, _backward)


def _first(memory: Tree) -> Array:
    """The part of a memory that is multiplied."""
    return jax.tree.leaves(memory)[0]


def _kept(onward: tuple[Array, ...], memory: Tree) -> Gates:
    """What the map makes of it, gate by gate."""
    weight, *bias = onward
    return split(sum(bias, start=_first(memory) @ weight), weight.shape[1] // weight.shape[0])


def split(x: Array, parts: int) -> list[Array]:
    """Equal parts of the last axis."""
    size = x.shape[-1] // parts
    return [x[..., i * size : (i + 1) * size] for i in range(parts)]


class LSTMCore(eqx.Module):
    """All gates in one product; what depends on the inputs alone is computed for all rows at once."""

    inward: Dense
    onward: Dense

    def __call__(self, features: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        def step(memory: tuple[Array, Array], seen: Gates, kept: Gates) -> tuple[tuple[Array, Array], Array]:
            _, cell = memory
            enter, keep, new, leave = (x + y for x, y in zip(seen, kept, strict=True))
            tanh = namespace(cell).tanh
            cell = sigmoid(keep + 1.0) * cell + sigmoid(enter) * tanh(new)
            hidden = sigmoid(leave) * tanh(cell)
            return (hidden, cell), hidden

        return unroll(step, (self.onward.weight,), self.inward(features), is_first, memory)


@frozen
class LSTM:
    """Long short-term memory (doi:10.1162/neco.1997.9.8.1735), with forget gates that begin open."""

    width: int = 128
    """Numbers remembered, usually 64 to 512."""

    @property
    def features(self) -> int:
        """Features per row that come out."""
        return self.width

    def init(self, key: Key, inputs: int) -> LSTMCore:
        """Fresh weights."""
        key_in, key_on = jax.random.split(key)
        return LSTMCore(Dense(key_in, inputs, 4 * self.width, 1.0), Dense(key_on, self.width, 4 * self.width, 1.0))

    def initial_memory(self, lanes: int) -> Tree:
        """Output and cell, both `[lanes, width]`, zero."""
        return (jnp.zeros((lanes, self.width)), jnp.zeros((lanes, self.width)))


class GRUCore(eqx.Module):
    """Gates in one product; what depends on the inputs alone is computed for all rows at once."""

    inward: Dense
    onward: Dense

    def __call__(self, features: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        def step(hidden: Array, seen: Gates, kept: Gates) -> tuple[Array, Array]:
            reset_seen, update_seen, new_seen = seen
            reset_kept, update_kept, new_kept = kept
            update = sigmoid(update_seen + update_kept)
            new = namespace(hidden).tanh(new_seen + sigmoid(reset_seen + reset_kept) * new_kept)
            hidden = (1.0 - update) * new + update * hidden
            return hidden, hidden

        return unroll(step, (self.onward.weight, self.onward.bias), self.inward(features), is_first, memory)


@frozen
class GRU:
    """Gated recurrent unit (arXiv:1406.1078, eq. 5 to 8)."""

    width: int = 128
    """Numbers remembered, usually 64 to 512."""

    @property
    def features(self) -> int:
        """Features per row that come out."""
        return self.width

    def init(self, key: Key, inputs: int) -> GRUCore:
        """Fresh weights."""
        key_in, key_on = jax.random.split(key)
        return GRUCore(Dense(key_in, inputs, 3 * self.width, 1.0), Dense(key_on, self.width, 3 * self.width, 1.0))

    def initial_memory(self, lanes: int) -> Tree:
        """The state, `[lanes, width]`, zero."""
        return jnp.zeros((lanes, self.width))


class MinGRUCore(eqx.Module):
    """Layers `h[t] = (1 − z[t]) · h[t−1] + z[t] · c[t]` whose gates see the inputs alone, each added to its input."""

    entry: Dense
    gates: tuple[Dense, ...]

    def __call__(self, features: Array, is_first: Array, memory: Tree) -> tuple[Array, Tree]:
        x, after = self.entry(features), []
        for gate, before in zip(self.gates, memory, strict=True):
            update, new = split(gate(x), 2)
            update, xp = sigmoid(update), namespace(x)
            keep = xp.where(is_first[..., None], xp.float32(0.0), 1.0 - update)
            hidden = linear_recurrence(keep, update * xp.tanh(new), before)
            after.append(hidden[-1])
            x = x + hidden
        return x, tuple(after)


def linear_recurrence(keep: Array, new: Array, before: Array) -> Array:
    """`h[t] = keep[t] · h[t−1] + new[t]` for t = 0 … T − 1 with h[−1] = `before`, all rows `[T, ...]` in O(log T) steps."""

    def compose(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
        return first[0] * second[0], second[0] * first[1] + second[1]

    if keep.shape[0] == 1:
        return keep * before + new
    if namespace(new) is np:
        rows = zip(keep, new, strict=True)
        return np.array(list(accumulate(rows, lambda h, row: row[0] * h + row[1], initial=before)))[1:]
    new = new.at[0].add(keep[0] * before)
    return jax.lax.associative_scan(compose, (keep, new))[1]


@frozen
class MinGRU:
    """Minimal gated recurrent units (arXiv:2410.01201): whole segments at once instead of row after row."""

    width: int = 128
    """Numbers remembered per layer, usually 64 to 512."""
    layers: int = 2
    """How many, usually 1 to 4; what one layer remembers, the next one's gates can see."""

    @property
    def features(self) -> int:
        """Features per row that come out."""
        return self.width

    def init(self, key: Key, inputs: int) -> MinGRUCore:
        """Fresh weights."""
        key_entry, *keys = jax.random.split(key, self.layers + 1)
        gates = tuple(Dense(key, self.width, 2 * self.width, 1.0) for key in keys)
        return MinGRUCore(Dense(key_entry, inputs, self.width, 1.0), gates)

    def initial_memory(self, lanes: int) -> Tree:
        """The state of every layer, `[lanes, width]`, zero."""
        return tuple(jnp.zeros((lanes, self.width)) for _ in range(self.layers))
