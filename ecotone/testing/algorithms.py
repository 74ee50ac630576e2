"""Contract check of algorithms."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone import checkpoint
from ecotone.protocols import Algorithm, Report, State
from ecotone.runtime.engine import Saved
from ecotone.spec import Spec
from ecotone.testing.elements import check_elements
from ecotone.testing.samples import actions, observations, rows_for
from ecotone.testing.trees import assert_arrays, assert_leading, assert_same_types, assert_same_values
from ecotone.trajectory import Trajectory

Key = Any
Update = Callable[[State, Trajectory, Key], tuple[State, Report]]
"""The algorithm's, jitted once for all checks."""
LANES = 4


def check_algorithm(
    algorithm: Algorithm, spec: Spec, key: Key = None, loss: str = "", updates: int = 40, tolerance: float = 1e-4
) -> None:
    """Assert that an algorithm keeps its contract for a spec.

    `init`, `act`, `observe` and `update` are pure; `act` and `observe` mean the same with and without jit; actions fit the
    spec; state and memory keep their structure, shapes, dtypes and weak types; rows without `acted` change nothing by their
    action, reward and extras; a state that was written to a checkpoint and read goes on bit for bit; one batch learned from
    again and again lowers the loss.

    Arguments:
        algorithm: with a small network and a short feed, so that the check is quick.
        spec: what lanes see and do.
        key: decides weights, rows and noise.
        loss: the metric that a repeated batch must lower; empty for `loss`, `value_loss` or `critic_loss`.
        updates: how often the batch is repeated.
        tolerance: relative and absolute difference allowed between jitted and plain results of `act` and `observe`.

    Raises:
        AssertionError: what is wrong, and what to do.
    """
    name = type(algorithm).__name__
    assert isinstance(algorithm, Algorithm), (
        f"{name} needs `feed`, `init`, `initial_memory`, `policy`, `act`, `observe` and `update`."
    )
    key_init, key_act, key_rows, key_update = jax.random.split(jax.random.key(0) if key is None else key, 4)
    state = algorithm.init(key_init, spec)
    assert_arrays(state, f"{name}.init")
    assert_same_values(state, algorithm.init(key_init, spec), f"{name}.init with the same key")
    check_act(algorithm, state, spec, key_act, tolerance)
    rows = rows_for(algorithm, state, spec, key_rows, LANES)
    update = jax.jit(algorithm.update)
    check_learning_is_pure(algorithm, update, state, rows, key_update, tolerance)
    check_unacted_rows(algorithm, update, state, spec, rows, key_update)
    check_continuation(algorithm, update, state, spec, rows, key_update)
    check_repeated_batch(algorithm, state, rows, key_update, loss, updates)


def check_act(algorithm: Algorithm, state: State, spec: Spec, key: Key, tolerance: float) -> None:
    """Assert that `act` is pure, fits the spec, keeps the memory's types, and ignores its key where it is greedy."""
    name, params, memory = type(algorithm).__name__, algorithm.policy(state), algorithm.initial_memory(LANES)
    seen, is_first = observations(spec.observation, key, (LANES,)), jnp.ones(LANES, bool)
    assert_leading(memory, (LANES,), f"{name}.initial_memory")
    for explore in (True, False):
        what = f"{name}.act, explore={explore}"
        act = lambda key, explore=explore: algorithm.act(params, seen, is_first, memory, key, explore)
        action, extras, after = act(key)
        check_elements(spec.action, action, (LANES,), f"{what}: the action", bounds=False)
        assert_leading(extras, (LANES,), f"{what}: extras")
        assert_same_types(memory, after, f"{what}: memory")
        assert_same_values((action, extras, after), act(key), f"{what}, called twice")
        assert_same_values((action, extras, after), jax.jit(act)(key), f"{what}, under jit", tolerance)
        if not explore:
            other = act(jax.random.fold_in(key, 1))
            assert_same_values(action, other[0], f"{what}: a greedy action must not depend on the key")


def check_learning_is_pure(
    algorithm: Algorithm, update: Update, state: State, rows: Trajectory, key: Key, tolerance: float
) -> None:
    """Assert that `observe` and `update` are pure and keep the state's tree fixed, however often they are traced."""
    name = type(algorithm).__name__
    observed = algorithm.observe(state, rows)
    assert_same_types(state, observed, f"{name}.observe: state")
    assert_same_values(observed, algorithm.observe(state, rows), f"{name}.observe, called twice")
    assert_same_values(observed, jax.jit(algorithm.observe)(state, rows), f"{name}.observe, under jit", tolerance)
    updated, report = update(state, rows, key)
    assert_same_types(state, updated, f"{name}.update: state")
    again = jax.jit(lambda *arguments: algorithm.update(*arguments))(state, rows, key)
    assert_same_values(again, (updated, report), f"{name}.update, traced and called again")
    for metric, value in report.metrics.items():
        assert jnp.shape(value) == (), f"{name}.update: the metric '{metric}' has the shape {jnp.shape(value)}; reduce it."
        assert np.isfinite(value), f"{name}.update: the metric '{metric}' is {value}."


def check_unacted_rows(algorithm: Algorithm, update: Update, state: State, spec: Spec, rows: Trajectory, key: Key) -> None:
    """Assert that action, reward and extras of rows without `acted` change nothing in the updated state."""
    assert not np.asarray(rows.acted).all(), "the rows drawn for this check all have decisions: use a longer feed."

    def elsewhere(kept: Any, new: Any) -> Any:
        acted = rows.acted.reshape(*rows.acted.shape, *(1,) * (kept.ndim - rows.acted.ndim))
        return jnp.where(acted, kept, new).astype(kept.dtype)

    other = actions(spec.action, jax.random.fold_in(key, 2), rows.acted.shape)
    garbled = rows._replace(
        action=jax.tree.map(elsewhere, rows.action, other),
        reward=elsewhere(rows.reward, rows.reward + 7.0),
        extras=jax.tree.map(lambda x: elsewhere(x, jnp.zeros_like(x) if x.dtype == bool else 1 - 2 * x), rows.extras),
    )
    what = f"{type(algorithm).__name__}.update: rows without `acted` moved the state; weigh the loss with `rows.acted`"
    assert_same_values(update(state, rows, key)[0], update(state, garbled, key)[0], what, 1e-6)


def check_continuation(algorithm: Algorithm, update: Update, state: State, spec: Spec, rows: Trajectory, key: Key) -> None:
    """Assert that an updated state, written to a checkpoint and read again, acts and learns on bit for bit."""
    name = type(algorithm).__name__
    updated, _ = update(state, rows, key)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint.write(Path(folder), 1, Saved(updated, {}), algorithm.policy(updated), spec, keep=1)
        _, saved = checkpoint.newest(Path(folder), state)
    what = f"{name}: a state read from a checkpoint"
    assert_same_values(algorithm.policy(updated), algorithm.policy(saved.tree), f"{what} has another policy")
    key_on = jax.random.fold_in(key, 3)
    onward = update(updated, rows, key_on), update(saved.tree, rows, key_on)
    assert_same_values(*onward, f"{what} learns differently from there on; keep all that learning needs in the state")


def check_repeated_batch(algorithm: Algorithm, state: State, rows: Trajectory, key: Key, loss: str, updates: int) -> None:
    """Assert that learning from one batch again and again lowers the loss."""
    name = type(algorithm).__name__

    def once(state: State, key: Key) -> tuple[State, Any]:
        state, report = algorithm.update(state, rows, key)
        return state, report.metrics

    _, metrics = jax.jit(lambda state: jax.lax.scan(once, state, jax.random.split(key, updates)))(state)
    named = [loss] if loss else [each for each in ("loss", "value_loss", "critic_loss") if each in metrics]
    assert set(named[:1]) & set(metrics), f"{name}: no such loss among {sorted(metrics)}; name one with `loss=`."
    values = np.asarray(metrics[named[0]])
    quarter = max(updates // 4, 1)
    before, after = values[0], values[-quarter:].mean()
    assert after < before, (
        f"{name}: {updates} updates from one batch took '{named[0]}' from {before:.4g} to {after:.4g}; it must fall: "
        "look at the sign of the loss, the step size and stopped gradients."
    )
