"""Distributions of real numbers: normal, squashed normal, and a point."""

import math
from typing import Any, NamedTuple

import numpy as np

from ecotone.ops import noise
from ecotone.ops.arrays import namespace, softplus

Array = Any
Key = Any
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)
NODES, WEIGHTS = (part.astype(np.float32) for part in np.polynomial.hermite_e.hermegauss(32))
"""Where and how much a Gauss-Hermite quadrature of standard normal numbers looks."""


class Normal(NamedTuple):
    """Independent normal numbers (Williams 1992, section 6): `mean` `[..., D]` and `log_std`, which broadcasts to it.

    >>> normal = Normal(jnp.asarray([1.0, -1.0]), jnp.log(jnp.full(2, 0.1)))
    >>> round(float(normal.log_prob(jnp.asarray([1.2, -1.1]))), 3), round(float(normal.entropy()), 3)
    (0.267, -1.767)
    """

    mean: Array
    log_std: Array

    def sample(self, key: Key) -> Array:
        """Draws `[..., D]`."""
        xp = namespace(self.mean)
        return self.mean + xp.exp(self.log_std) * noise.normal(key, self.mean.shape)

    def mode(self) -> Array:
        """The mean `[..., D]`."""
        return self.mean

    def log_prob(self, action: Array) -> Array:
        """Log-density of `[..., D]`, summed over D: `[...]`."""
        xp = namespace(self.mean)
        scaled = (action - self.mean) * xp.exp(-self.log_std)
        return (-0.5 * scaled * scaled - self.log_std - HALF_LOG_TWO_PI).sum(-1)

    def entropy(self) -> Array:
        """½ log(2πe σ²) summed over D: `[...]`."""
        xp = namespace(self.mean)
        log_std = xp.broadcast_to(self.log_std, self.mean.shape)
        return (log_std + 0.5 + HALF_LOG_TWO_PI).sum(-1)

    def kl(self, other: "Normal") -> Array:
        """KL(self ‖ other) in nats, `[...]`."""
        xp = namespace(self.mean)
        ratio = xp.exp(2.0 * (self.log_std - other.log_std))
        shift = (self.mean - other.mean) * xp.exp(-other.log_std)
        return (other.log_std - self.log_std + 0.5 * (ratio + shift * shift - 1.0)).sum(-1)


class TanhNormal(NamedTuple):
    """A normal squashed into (-1, 1) by tanh: `mean` and `log_std` `[..., D]` are those of the number before tanh.

    arXiv:1801.01290, appendix C.

    >>> squashed = TanhNormal(jnp.zeros(1), jnp.zeros(1))
    >>> squashed.mode().tolist(), round(float(squashed.log_prob(jnp.zeros(1))), 3)
    ([0.0], -0.919)
    """

    mean: Array
    log_std: Array

    def sample(self, key: Key) -> Array:
        """Draws `[..., D]` in (-1, 1)."""
        return namespace(self.mean).tanh(Normal(self.mean, self.log_std).sample(key))

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """Draws `[..., D]` and their log-densities `[...]`, exact also where tanh saturates (arXiv:1801.01290, eq. 21)."""
        normal = Normal(self.mean, self.log_std)
        before = normal.sample(key)
        return namespace(before).tanh(before), normal.log_prob(before) - self._log_slope(before)

    def mode(self) -> Array:
        """tanh of the mean `[..., D]` (the median; the field calls it the mode)."""
        return namespace(self.mean).tanh(self.mean)

    def log_prob(self, action: Array) -> Array:
        """Log-density of actions `[..., D]` in [-1, 1]: `[...]`; actions are kept 1e-6 away from the bounds."""
        before = namespace(action).arctanh(action.clip(-1.0 + 1e-6, 1.0 - 1e-6))
        return Normal(self.mean, self.log_std).log_prob(before) - self._log_slope(before)

    def entropy(self) -> Array:
        """Differential entropy summed over D, `[...]`, by quadrature: to 1e-3 for deviations up to 1, 0.1 up to e²."""
        xp = namespace(self.mean)
        weights = (WEIGHTS / WEIGHTS.sum()).reshape(-1, *(1,) * (self.mean.ndim - 1))
        nodes = NODES.reshape(-1, *(1,) * self.mean.ndim)
        slope = self._log_slope(self.mean + xp.exp(self.log_std) * nodes)
        return Normal(self.mean, self.log_std).entropy() + (weights * slope).sum(0)

    def kl(self, other: "TanhNormal") -> Array:
        """KL(self ‖ other) in nats, `[...]`: that of the numbers before tanh, which keeps divergences."""
        return Normal(self.mean, self.log_std).kl(Normal(other.mean, other.log_std))

    def _log_slope(self, before: Array) -> Array:
        return (2.0 * (math.log(2.0) - before - softplus(-2.0 * before))).sum(-1)


class Deterministic(NamedTuple):
    """Always the same numbers: `value` `[..., D]` (arXiv:1509.02971).

    >>> point = Deterministic(jnp.asarray([[1.0, 2.0], [3.0, 4.0]]))
    >>> point.log_prob(jnp.asarray([[1.0, 2.0], [3.0, 5.0]])).tolist()
    [0.0, -inf]
    """

    value: Array

    def sample(self, key: Key) -> Array:
        """The value `[..., D]`; `key` is not used."""
        return self.value

    def mode(self) -> Array:
        """The value `[..., D]`."""
        return self.value

    def log_prob(self, action: Array) -> Array:
        """Log of the probability (not a density) of `[..., D]`: 0 for the value itself, else -inf, `[...]`."""
        xp = namespace(self.value)
        same = (action == self.value).all(-1)
        return xp.where(same, xp.zeros((), self.value.dtype), xp.full((), -xp.inf, self.value.dtype))

    def entropy(self) -> Array:
        """0, `[...]`."""
        return namespace(self.value).zeros_like(self.value[..., 0])

    def kl(self, other: "Deterministic") -> Array:
        """0 where the values agree, else inf, `[...]`."""
        return -other.log_prob(self.value)
