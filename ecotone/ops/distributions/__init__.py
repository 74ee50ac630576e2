"""Distributions over actions, as trees of their parameters; each works on NumPy and JAX arrays, any leading axes."""

from ecotone.ops.distributions.arranged import Arranged, Shape
from ecotone.ops.distributions.atoms import Atoms
from ecotone.ops.distributions.bounded import Beta, Dirichlet
from ecotone.ops.distributions.choices import Bernoulli, Categorical, EpsilonGreedy, MultiCategorical, legal_or_all
from ecotone.ops.distributions.composite import Autoregressive, Joint, joint
from ecotone.ops.distributions.continuous import Deterministic, Normal, TanhNormal
from ecotone.ops.distributions.protocol import Distribution, Recorded, entropy, recorded, sample_and_log_prob

__all__ = [
    "Arranged",
    "Atoms",
    "Autoregressive",
    "Bernoulli",
    "Beta",
    "Categorical",
    "Deterministic",
    "Dirichlet",
    "Distribution",
    "EpsilonGreedy",
    "Joint",
    "MultiCategorical",
    "Normal",
    "Recorded",
    "Shape",
    "TanhNormal",
    "entropy",
    "joint",
    "legal_or_all",
    "recorded",
    "sample_and_log_prob",
]
