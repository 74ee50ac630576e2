"""Running moments against NumPy over all that was seen, moving averages and PopArt against rlax."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import rlax
from hypothesis import given
from hypothesis import strategies as st

from ecotone.ops.normalisers import ExponentialMoments, PopArt, RunningNormaliser, Scales
from tests.ops.vectors import numbers

close = lambda ours, theirs: np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
NORMALISER = RunningNormaliser()


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.5, 1.0]))
def test_moments_are_those_of_all_that_counted(seed, chance):
    generator = np.random.default_rng(seed)
    seen = NORMALISER.init({"a": np.zeros(2), "b": np.zeros(())})
    kept = {"a": [], "b": []}
    for _ in range(3):
        acted = generator.random((4, 3)) < chance
        batch = {"a": generator.normal(50.0, 3.0, (4, 3, 2)), "b": generator.normal(-1.0, 0.1, (4, 3))}
        batch = {name: x.astype(np.float32) for name, x in batch.items()}
        seen = jax.jit(NORMALISER.update)(seen, batch, acted)
        for name, x in batch.items():
            kept[name].append(x[acted])
    count = sum(len(x) for x in kept["b"])
    assert seen.count == count
    everything = {name: np.concatenate(x).astype(np.float64) for name, x in kept.items()}
    for name, x in everything.items():
        np.testing.assert_allclose(seen.mean[name], x.mean(0) if count else 0.0, rtol=1e-4)
        np.testing.assert_allclose(seen.spread[name] / max(count, 1), x.var(0) if count else 0.0, rtol=2e-3, atol=1e-4)


def test_normalised_entries(run):
    x = np.random.default_rng(0).normal(7.0, 3.0, (1000, 2)).astype(np.float32)
    seen = run(NORMALISER.update, NORMALISER.init(x[0]), x)
    scaled = run(NORMALISER.apply, seen, x)
    close(scaled.mean(0), np.zeros(2))
    close(scaled.std(0), np.ones(2))
    np.testing.assert_allclose(run(NORMALISER.invert, seen, scaled), x, rtol=1e-4, atol=1e-4)
    assert np.abs(run(NORMALISER.apply, seen, 1e9 * x)).max() == 10.0
    on_numpy = NORMALISER.apply(jax.tree.map(np.asarray, seen), x)
    assert isinstance(on_numpy, np.ndarray)
    close(on_numpy, scaled)


def test_before_anything_is_seen_nothing_changes(run):
    seen = NORMALISER.init(np.zeros(2))
    x = numbers([1, -2])
    close(run(NORMALISER.apply, seen, x), x)
    after = run(NORMALISER.update, seen, x, np.asarray([False]))
    jax.tree.map(np.testing.assert_array_equal, after, seen)
    constant = run(NORMALISER.update, seen, np.ones((5, 2), np.float32))
    assert np.isfinite(run(NORMALISER.apply, constant, x)).all()


def test_numbers_far_from_zero_keep_their_variance(run):
    """Sums of squares would lose it in float32."""
    x = (1e4 + np.random.default_rng(0).normal(size=(20, 50))).astype(np.float32)
    seen = NORMALISER.init(np.zeros(()))
    for part in x:
        seen = run(NORMALISER.update, seen, part)
    np.testing.assert_allclose(NORMALISER.deviation(seen), x.astype(np.float64).std(), rtol=2e-3)


def test_many_normalisers_under_vmap(run):
    x = np.random.default_rng(0).normal(size=(3, 20, 2)).astype(np.float32)
    seen = run(jax.vmap(lambda x: NORMALISER.update(NORMALISER.init(x[0]), x)), x)
    alone = NORMALISER.update(NORMALISER.init(x[1, 0]), x[1])
    jax.tree.map(lambda many, one: close(many[1], one), seen, alone)


def test_published_moving_averages(run):
    average = ExponentialMoments(0.9)
    seen = run(average.update, average.init(np.zeros(())), jnp.asarray(5.0))
    mean, variance = average.moments(seen)
    close(mean, 5.0)
    np.testing.assert_allclose(variance, 0.0, atol=1e-5)
    seen = run(average.update, seen, jnp.asarray(7.0))
    mean, variance = run(average.moments, seen)
    close(mean, 6.052632)
    np.testing.assert_allclose(variance, 0.997230, rtol=1e-4)


def test_moving_averages_match_rlax(run):
    average, generator = ExponentialMoments(0.95), np.random.default_rng(0)
    init, update = rlax.create_ema(0.95)
    example = {"a": np.zeros(()), "b": (np.zeros(()),)}
    ours, theirs = average.init(example), init(example)
    for _ in range(5):
        batch = {"a": generator.normal(size=6).astype(np.float32), "b": (generator.normal(size=3).astype(np.float32),)}
        ours = run(average.update, ours, batch)
        moments, theirs = update(batch, theirs)
    mean, variance = average.moments(ours)
    jax.tree.map(close, mean, moments.mean)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-5), variance, moments.variance)


def test_moving_averages_ignore_what_does_not_count(run):
    average = ExponentialMoments(0.9)
    seen = run(average.update, average.init(np.zeros(2)), numbers([1, 2], [9, 9]), np.asarray([True, False]))
    close(average.moments(seen)[0], [1, 2])
    same = run(average.update, seen, numbers([7, 7]), np.asarray([False]))
    jax.tree.map(np.testing.assert_array_equal, same, seen)
    assert not np.any(average.moments(average.init(np.zeros(2)))[0])


def test_popart_matches_rlax(run):
    """With one target for each output in a batch; more count as so many steps here, and as one large step there."""
    ours, generator = PopArt(0.1, 1e-4, 1e6), np.random.default_rng(0)
    scales, theirs = ours.init(3), rlax.popart(3, 0.1, 1e-4, 1e6)[0]()
    weight, bias = generator.normal(size=(4, 3)).astype(np.float32), generator.normal(size=3).astype(np.float32)
    linear = {"w": weight, "b": bias}
    for _ in range(5):
        targets, output = generator.normal(3.0, 5.0, 2).astype(np.float32), np.asarray([2, 0])
        new = run(ours.update, scales, targets, output)
        weight, bias = run(ours.preserve, weight, bias, scales, new)
        linear, theirs = rlax.popart(3, 0.1, 1e-4, 1e6)[1](linear, theirs, targets, output)
        scales = new
    np.testing.assert_allclose(scales.mean, theirs.shift, rtol=1e-5)
    np.testing.assert_allclose(ours.deviation(scales), theirs.scale, rtol=1e-4)
    np.testing.assert_allclose(weight, linear["w"], rtol=1e-4)
    np.testing.assert_allclose(bias, linear["b"], rtol=1e-3, atol=1e-5)
    values = numbers(1, 2, 3)
    close(run(ours.apply, scales, values, np.arange(3)), rlax.normalize(theirs, values, np.arange(3)))
    close(run(ours.invert, scales, values, np.arange(3)), rlax.unnormalize(theirs, values, np.arange(3)))


@given(st.integers(0, 2**32 - 1))
def test_popart_preserves_outputs_precisely(seed):
    generator = np.random.default_rng(seed)
    popart, features = PopArt(0.05), generator.normal(size=(6, 4)).astype(np.float32)
    weight, bias = generator.normal(size=(4, 2)).astype(np.float32), generator.normal(size=2).astype(np.float32)
    old = popart.init(2)
    output = generator.integers(0, 2, 8)
    new = popart.update(old, generator.normal(0.0, 10.0, 8).astype(np.float32), output)
    both = popart.preserve(weight, bias, old, new)
    raw = lambda weight, bias, scales: popart.deviation(scales) * (features @ weight + bias) + scales.mean
    np.testing.assert_allclose(raw(*both, new), raw(weight, bias, old), rtol=1e-3, atol=1e-4)


def test_popart_counts_targets_and_stays_within_bounds(run):
    popart = PopArt(0.1, 0.5, 2.0)
    four = run(popart.update, popart.init(2), np.full(4, 3.0, np.float32), np.zeros(4, int))
    one = popart.init(2)
    for _ in range(4):
        one = popart.update(one, numbers(3), np.zeros(1, int))
    jax.tree.map(close, four, one)
    assert four.mean[1] == 0.0
    masked = run(popart.update, one, numbers(99, 3), np.zeros(2, int), np.asarray([False, True]))
    jax.tree.map(close, masked, popart.update(one, numbers(3), np.zeros(1, int)))
    assert run(popart.deviation, Scales(numbers(5), numbers(25)))[0] == 0.5
    assert run(popart.deviation, Scales(numbers(5), numbers(2500)))[0] == 2.0
    huge = popart.update(popart.init(1), np.full(100_000, 1e3, np.float32), np.zeros(100_000, int))
    np.testing.assert_allclose(huge.mean, 1e3, rtol=1e-3)
    whole = run(PopArt(1.0).update, popart.init(2), numbers(3), np.ones(1, int))
    close(whole.mean, [0, 3])
    slope = jax.grad(lambda x: popart.update(popart.init(1), x, np.zeros(1, int)).mean.sum())(numbers(1))
    assert slope == 0.0


def test_wrong_shapes_are_errors():
    with pytest.raises(ValueError, match="one shape"):
        NORMALISER.update(NORMALISER.init(np.zeros(3)), np.zeros((5, 1)))
    with pytest.raises(ValueError, match="one shape"):
        NORMALISER.update(NORMALISER.init(np.zeros(3)), np.zeros((5, 3)), np.ones(1, bool))
    with pytest.raises(ValueError, match="one shape"):
        ExponentialMoments().update(ExponentialMoments().init(np.zeros(3)), np.zeros((5, 1)))
    with pytest.raises(ValueError, match="one shape"):
        PopArt().update(PopArt().init(2), numbers(1, 2), np.zeros(1, int))
    with pytest.raises(ValueError, match="one shape"):
        PopArt().preserve(np.ones((4, 1)), np.ones(1), PopArt().init(2), PopArt().init(2))
