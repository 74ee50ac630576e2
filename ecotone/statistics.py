"""Scores of few runs, told honestly: interquartile means and bootstrapped intervals (Agarwal et al., arXiv:2108.13264)."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any
Statistic = Callable[[Array], Array]
"""A function of scores `[..., N]` that gives one number per leading index."""


def iqm(scores: Array) -> Array:
    """Interquartile mean over the last axis: the mean without the lowest and the highest quarter (rounded down).

    Arguments:
        scores: `[..., N]`, N at least 1.
    """
    scores = np.sort(np.asarray(scores, np.float64), axis=-1)
    count = scores.shape[-1]
    if count == 0:
        raise ValueError("the interquartile mean of no scores is not defined: give at least one.")
    cut = count // 4
    return scores[..., cut : count - cut].mean(-1)


def bootstrap(
    strata: Sequence[Array],
    statistic: Statistic = iqm,
    resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[Array, Array]:
    """Percentile interval of a statistic by the stratified bootstrap.

    Each stratum (a task, say) is resampled with replacement on its own, so that every resample has as many scores of each.

    Arguments:
        strata: one array `[..., N_i]` of scores per stratum, with equal leading axes; scores lie on the last one.
        statistic: what is estimated, from all strata joined along the last axis.
        resamples: how many; 2000 leaves an error of about a hundredth of the interval's width.
        confidence: probability with which the interval should cover the truth.
        seed: of the resampling.

    Returns: low and high ends, each with the leading axes.
    """
    random = np.random.default_rng(seed)
    pieces = []
    for scores in strata:
        scores = np.asarray(scores, np.float64)
        index = random.integers(scores.shape[-1], size=(resamples, scores.shape[-1]))
        pieces.append(scores[..., index])
    estimates = statistic(np.concatenate(pieces, axis=-1))
    tail = 0.5 * (1.0 - confidence)
    low, high = np.quantile(estimates, [tail, 1.0 - tail], axis=-1)
    return low, high


def summary(returns: Sequence[float], lengths: Sequence[int]) -> dict[str, Any]:
    """What an evaluation's episodes come to, as `ecotone evaluate --json` prints it (without the time it took)."""
    scores = np.asarray(returns, np.float64)
    low, high = bootstrap([scores])
    return {
        "episodes": len(scores),
        "return_mean": float(scores.mean()),
        "return_std": float(scores.std()),
        "return_iqm": float(iqm(scores)),
        "return_ci95": [float(low), float(high)],
        "length_mean": float(np.mean(lengths)),
    }
