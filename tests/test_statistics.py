import numpy as np
import pytest
from scipy import stats

from ecotone.statistics import bootstrap, iqm, summary


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 31, 32])
def test_iqm_is_the_mean_trimmed_by_a_quarter(count):
    scores = np.random.default_rng(count).standard_cauchy((3, count))
    np.testing.assert_allclose(iqm(scores), stats.trim_mean(scores, 0.25, axis=-1))


def test_iqm_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="at least one"):
        iqm(np.zeros((3, 0)))


def test_interval_covers_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(0)
    covered = 0
    for trial in range(300):
        low, high = bootstrap([random.normal(3.0, 2.0, 40)], lambda x: x.mean(-1), resamples=400, seed=trial)
        covered += low <= 3.0 <= high
    assert 0.90 <= covered / 300 <= 0.98


def test_strata_are_resampled_apart():
    """Scores that are equal within each stratum have no spread, however far the strata lie apart."""
    low, high = bootstrap([np.full(5, 1.0), np.full(5, 100.0)], lambda x: x.mean(-1))
    assert low == high == pytest.approx(50.5)
    low, high = bootstrap([np.array([1.0] * 5 + [100.0] * 5)], lambda x: x.mean(-1))
    assert high - low > 20.0


def test_leading_axes_are_kept_and_agree_with_one_at_a_time():
    scores = np.random.default_rng(1).normal(size=(7, 10))
    low, high = bootstrap([scores])
    assert low.shape == high.shape == (7,)
    one = bootstrap([scores[3]])
    assert (low[3], high[3]) == pytest.approx(one)
    assert np.all(low <= iqm(scores)) and np.all(iqm(scores) <= high)


def test_summary_has_the_keys_of_the_command_line():
    told = summary([1.0, 2.0, 3.0, 40.0], [1, 2, 3, 4])
    assert list(told) == ["episodes", "return_mean", "return_std", "return_iqm", "return_ci95", "length_mean"]
    assert told["episodes"] == 4
    assert told["return_mean"] == pytest.approx(11.5)
    assert told["return_iqm"] == pytest.approx(2.5)
    assert told["length_mean"] == pytest.approx(2.5)
    low, high = told["return_ci95"]
    assert low <= 2.5 <= high
