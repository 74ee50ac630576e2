"""Truncated quantile critics."""

from ecotone.algorithms.sac import SAC
from ecotone.frozen import frozen
from ecotone.networks.critics import CriticRecipe, QuantileCritics


@frozen
class TQC(SAC):
    """Soft actor-critic whose critics learn distributions of returns, and whose targets leave out their highest atoms.

    Kuznetsov et al. (arXiv:2005.04269, algorithm 1): `SAC` with `QuantileCritics`, which do all that is different.
    """

    critics: CriticRecipe = QuantileCritics()
    """Quantiles for observation and action; `critics.drop` says how many of the highest are left out."""
