"""Contract check of models."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.ops.distributions import recorded
from ecotone.protocols import Model
from ecotone.spec import Spec
from ecotone.testing.samples import endings, observations
from ecotone.testing.trees import assert_arrays, assert_leading, assert_same_types, assert_same_values

Key = Any
STEPS, LANES = 6, 3


def check_model(model: Model, spec: Spec, key: Key = None, tolerance: float = 1e-5) -> None:
    """Assert that a model keeps its contract for a spec.

    Its leaves are arrays and the same key builds the same network; every output and memory leaf has the rows' leading
    axes; reading T rows at once equals reading them in two pieces; `is_first` forgets all that came before; a network
    without memory reads any leading axes.

    Raises:
        AssertionError: what is wrong, and where.
    """
    name, key = type(model).__name__, jax.random.key(0) if key is None else key
    assert isinstance(model, Model), f"{name} needs `init(key, spec)` and `initial_memory(lanes)`."
    key_init, key_seen, key_ends = jax.random.split(key, 3)
    network = model.init(key_init, spec)
    assert_arrays(network, f"{name}.init")
    assert_same_values(network, model.init(key_init, spec), f"{name}.init with the same key")

    seen = observations(spec.observation, key_seen, (STEPS, LANES))
    is_first, memory = endings(key_ends, STEPS - 1, LANES)[0], model.initial_memory(LANES)
    assert_leading(memory, (LANES,), f"{name}.initial_memory")
    read = jax.jit(lambda *rows: (told((out := network(*rows))[0]), out[1]))
    output, after = read(seen, is_first, memory)
    assert_leading(output, (STEPS, LANES), f"{name}: output of rows [T, B, ...]")
    assert_same_types(memory, after, f"{name}: memory")
    check_pieces(read, seen, is_first, memory, name, tolerance)
    check_forgetting(read, model, seen, name, tolerance)
    if not jax.tree.leaves(memory):
        check_leading_axes(read, seen, is_first, name, tolerance)


def told(output: Any) -> Any:
    """An output with every distribution that rows do not keep whole as its mode and what they keep of that."""
    kept = lambda node: (mode := node.mode(), recorded(node, mode)) if hasattr(node, "recorded") else node
    return jax.tree.map(kept, output, is_leaf=lambda node: hasattr(node, "recorded"))


def rows_of(tree: Any, start: int, end: int) -> Any:
    """Rows `start` to `end` of every leaf."""
    return jax.tree.map(lambda x: x[start:end], tree)


def check_pieces(network: Any, seen: Any, is_first: Any, memory: Any, name: str, tolerance: float) -> None:
    """Assert that reading rows at once equals reading them in two pieces, wherever they are cut."""
    whole = network(seen, is_first, memory)
    for cut in range(1, STEPS):
        head, between = network(rows_of(seen, 0, cut), is_first[:cut], memory)
        tail, after = network(rows_of(seen, cut, STEPS), is_first[cut:], between)
        joined = jax.tree.map(lambda x, y: jnp.concatenate([x, y]), head, tail)
        what = f"{name}: {STEPS} rows read at once, and cut after {cut}"
        assert_same_values(whole, (joined, after), what, tolerance)


def check_forgetting(network: Any, model: Model, seen: Any, name: str, tolerance: float) -> None:
    """Assert that rows from an `is_first` on are read as if nothing had come before, in each lane by itself."""
    cut = STEPS // 2
    start = jnp.zeros((STEPS, LANES), bool).at[0].set(True)
    output, after = network(seen, start.at[cut, 0].set(True), model.initial_memory(LANES))
    fresh, fresh_after = network(rows_of(seen, cut, STEPS), start[: STEPS - cut], model.initial_memory(LANES))
    tail = jax.tree.map(lambda x: x[cut:, 0], output)
    what = f"{name}: rows behind an is_first, and the same rows read afresh"
    assert_same_values(tail, jax.tree.map(lambda x: x[:, 0], fresh), what, tolerance)
    first = lambda tree: jax.tree.map(lambda x: x[0], tree)
    assert_same_values(first(after), first(fresh_after), f"{name}: memory behind an is_first", tolerance)
    other, _ = network(seen, start, model.initial_memory(LANES))
    others = lambda tree: jax.tree.map(lambda x: x[:, 1:], tree)
    assert_same_values(others(output), others(other), f"{name}: lanes beside one that began anew", tolerance)


def check_leading_axes(network: Any, seen: Any, is_first: Any, name: str, tolerance: float) -> None:
    """Assert that rows read as `[T · B, ...]` without `is_first`, and as one of each, give what `[T, B, ...]` gives."""
    output, _ = network(seen, is_first, ())
    beside = lambda tree: jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), tree)
    rows, _ = network(beside(seen), None, ())
    flat = beside(output)
    assert_same_values(rows, flat, f"{name}: rows read as [T · B, ...], and as [T, B, ...]", tolerance)
    corner = lambda tree: jax.tree.map(lambda x: x[:1, :1], tree)
    one, _ = network(corner(seen), is_first[:1, :1], ())
    assert_same_values(one, corner(output), f"{name}: one row of one lane, read alone", tolerance)
