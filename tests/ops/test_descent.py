"""Adam on one flat vector against optax on the tree; RMSProp against a slow loop; targets that follow; schedules."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from ecotone.ops.descent import Adam, Optimizer, RMSProp, periodic, polyak
from ecotone.ops.schedules import Constant, Linear, Schedule

NETWORK = {"weight": jnp.asarray([[1.0, -2.0], [0.5, 3.0]]), "bias": (jnp.asarray([0.1, -0.1]), jnp.asarray(2.0))}


@pytest.mark.parametrize("clip_norm", [0.5, 1e6, float("inf")])
def test_adam_matches_optax(run, clip_norm):
    ours = Adam(Constant(0.01), clip_norm, epsilon=1e-5, b1=0.8, b2=0.99)
    theirs = optax.chain(optax.clip_by_global_norm(clip_norm), optax.adam(0.01, b1=0.8, b2=0.99, eps=1e-5))
    one, other = NETWORK, NETWORK
    state, their_state = ours.init(one), theirs.init(other)
    for step in range(4):
        gradient = jax.tree.map(lambda x, step=step: x * (step - 1.5) + 0.3, other)
        one, state = run(ours.descend, one, state, gradient, jnp.asarray(step))
        moves, their_state = theirs.update(gradient, their_state)
        other = optax.apply_updates(other, moves)
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [{}, {"clip_norm": None, "inside": True, "initial": 1.0, "epsilon": 0.1}, {"momentum": 0.9}],
    ids=["as PyTorch", "as TensorFlow", "with momentum"],
)
def test_rmsprop_matches_a_slow_loop(options):
    ours = RMSProp(Constant(0.01), **options)
    weights, state = NETWORK, ours.init(NETWORK)
    slow = np.concatenate([np.ravel(x) for x in jax.tree.leaves(NETWORK)]).astype(np.float64)
    square, velocity = np.full_like(slow, ours.initial), np.zeros_like(slow)
    for step in range(4):
        gradient = jax.tree.map(lambda x, step=step: x * (step - 1.5) + 0.3, weights)
        flat = np.concatenate([np.ravel(x) for x in jax.tree.leaves(gradient)]).astype(np.float64)
        if ours.clip_norm is not None:
            flat *= min(1.0, ours.clip_norm / np.linalg.norm(flat))
        square = ours.decay * square + (1 - ours.decay) * flat**2
        root = np.sqrt(square + ours.epsilon) if ours.inside else np.sqrt(square) + ours.epsilon
        velocity = (ours.momentum or 0.0) * velocity + flat / root
        slow -= 0.01 * velocity
        weights, state = ours.descend(weights, state, gradient, jnp.asarray(step))
        np.testing.assert_allclose(np.concatenate([np.ravel(x) for x in jax.tree.leaves(weights)]), slow, rtol=2e-5)


def test_optimisers_are_optimisers():
    assert all(isinstance(kind(), Optimizer) for kind in (Adam, RMSProp))


def test_the_step_follows_the_schedule():
    adam = Adam(Linear(0.1, 0.0, over=100))
    state = adam.init(NETWORK)
    moved, _ = adam.descend(NETWORK, state, NETWORK, jnp.asarray(50))
    still, _ = adam.descend(NETWORK, state, NETWORK, jnp.asarray(100))
    np.testing.assert_allclose(NETWORK["bias"][1] - moved["bias"][1], 0.05, rtol=1e-3)
    np.testing.assert_array_equal(still["weight"], NETWORK["weight"])


def test_a_sweep_over_step_sizes_is_a_vmap(run):
    rates = jnp.asarray([0.1, 0.2])
    sweep = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), Adam(Constant(0.0)))
    sweep = replace(sweep, learning_rate=Constant(rates))  # type: ignore[arg-type]
    once = lambda adam: adam.descend(NETWORK, adam.init(NETWORK), NETWORK, jnp.asarray(0))[0]["bias"][1]
    moved = run(jax.vmap(once), sweep)
    np.testing.assert_allclose(2.0 - moved, [0.1, 0.2], rtol=1e-3)


def test_polyak_moves_a_part_of_the_way(run):
    target = jax.tree.map(jnp.zeros_like, NETWORK)
    moved = run(polyak, target, NETWORK, 0.25)
    np.testing.assert_allclose(moved["weight"], 0.25 * NETWORK["weight"])
    mapped = run(jax.vmap(polyak, (None, None, 0)), target, NETWORK, jnp.asarray([0.0, 1.0]))
    np.testing.assert_allclose(mapped["weight"], jnp.stack([target["weight"], NETWORK["weight"]]))


def test_periodic_copies_on_time(run):
    target = jax.tree.map(jnp.zeros_like, NETWORK)
    copied = [float(run(lambda u: periodic(target, NETWORK, u, 3), jnp.asarray(u))["bias"][1]) for u in range(1, 8)]
    assert copied == [0.0, 0.0, 2.0, 0.0, 0.0, 2.0, 0.0]
    mapped = run(jax.vmap(lambda u: periodic(target, NETWORK, u, 3)), jnp.arange(4))
    np.testing.assert_array_equal(mapped["bias"][1], [2.0, 0.0, 0.0, 2.0])


def test_schedules(run):
    steps = jnp.asarray([0, 25, 100, 1000])
    np.testing.assert_allclose(run(Linear(1.0, 0.2, over=100), steps), [1.0, 0.8, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(run(jax.vmap(Linear(1.0, 0.2, over=100)), steps), [1.0, 0.8, 0.2, 0.2], rtol=1e-6)
    np.testing.assert_allclose(run(Linear(1.0, 0.2, over=0), steps), [1.0, 0.2, 0.2, 0.2], rtol=1e-6)
    assert run(Constant(3), steps[0]) == 3.0
    assert isinstance(Constant(3), Schedule)


def test_a_line_without_a_length_says_so():
    with pytest.raises(ValueError, match="give the environment steps"):
        Linear(1.0, 0.0)(jnp.asarray(0))
