"""NumPy draws: moments, blocks, and continuing where a state was taken."""

import json

import jax
import numpy as np
import pytest
from scipy import stats

from ecotone.ops import noise
from ecotone.ops.noise import Noise

KINDS = {"uniform": stats.uniform(), "normal": stats.norm(), "gumbel": stats.gumbel_r()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", ["numpy", "jax"])
def test_draws_follow_their_distribution(kind, source):
    key = Noise(0) if source == "numpy" else jax.random.key(0)
    draws = np.asarray(getattr(noise, kind)(key, (20_000,)))
    assert draws.dtype == np.float32
    assert stats.kstest(draws, KINDS[kind].cdf).pvalue > 1e-3


@pytest.mark.parametrize("kind", KINDS)
def test_no_draw_comes_twice(kind):
    source = Noise(1, block=8)
    draws = np.stack([getattr(noise, kind)(source, (3,)) for _ in range(40)])
    assert len(np.unique(draws)) == draws.size


def test_seeds_decide():
    draws = [noise.normal(Noise(seed), (4,)) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.allclose(draws[0], draws[2])


def test_split_hands_out_independent_streams():
    source = Noise(0)
    one, other = noise.split(source)
    assert not np.allclose(noise.normal(one, (4,)), noise.normal(other, (4,)))
    keys = noise.split(jax.random.key(0), 3)
    assert len(keys) == 3


@pytest.mark.parametrize("drawn", [0, 3, 8, 11])
def test_a_restored_source_continues_exactly(drawn):
    source = Noise(5, block=8)
    draw = lambda source: [noise.normal(source, (2,)), noise.uniform(source, ()), noise.gumbel(source, (2, 3))]
    for _ in range(drawn):
        draw(source)
    saved = source.save()
    saved = json.loads(json.dumps(saved | {"values": {}})) | {"values": jax.tree.map(np.copy, saved["values"])}
    expected = [draw(source) for _ in range(20)]
    restored = Noise(99, block=8)
    draw(restored)
    restored.restore(saved)
    for ours, theirs in zip([draw(restored) for _ in range(20)], expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)


def test_gumbel_is_finite_even_where_the_generator_gives_zero():
    source = Noise(0, block=2)

    class Zero:
        def standard_exponential(self, shape, dtype):
            return np.zeros(shape, dtype)

    source.generator = Zero()  # type: ignore[assignment]
    assert np.isfinite(noise.gumbel(source, (3,))).all()
