"""Distributions of bounded real numbers: beta between bounds, and Dirichlet on the simplex."""

from typing import Any, NamedTuple

from ecotone.ops import noise
from ecotone.ops.arrays import namespace
from ecotone.ops.special import digamma, gammaln, log_sum_exp

Array = Any
Key = Any
EDGE = 1e-6


class Beta(NamedTuple):
    """Independent beta numbers between `low` and `high` (Chou et al. 2017): `alpha`, `beta` `[..., D]` > 0.

    The bounds are those of actions in rows, [-1, 1]; `Beta(alpha, beta, 0.0)` is the plain one on [0, 1]. Above 1, both
    concentrations make one hump; at 1 the density is even.

    >>> even = Beta(jnp.ones(2), jnp.ones(2))
    >>> even.mode().tolist(), round(float(even.log_prob(jnp.asarray([-0.5, 0.9]))), 3)
    ([0.0, 0.0], -1.386)
    """

    alpha: Array
    beta: Array
    low: Array = -1.0
    high: Array = 1.0

    def _between(self, part: Array) -> Array:
        return self.low + (self.high - self.low) * part

    def _log_span(self) -> Array:
        xp = namespace(self.alpha)
        return xp.broadcast_to(xp.log(xp.asarray(self.high - self.low, self.alpha.dtype)), self.alpha.shape)

    def _log_beta(self) -> Array:
        return gammaln(self.alpha) + gammaln(self.beta) - gammaln(self.alpha + self.beta)

    def _log_parts(self, key: Key) -> tuple[Array, Array]:
        """Logarithms of a draw's distance from `low` and from `high` in parts of the span, each `[..., D]`."""
        key_low, key_high = noise.split(key)
        one, other = noise.log_gamma(key_low, self.alpha), noise.log_gamma(key_high, self.beta)
        both = namespace(one).logaddexp(one, other)
        return one - both, other - both

    def sample(self, key: Key) -> Array:
        """Draws `[..., D]` within the bounds."""
        log_part = self._log_parts(key)[0]
        return self._between(namespace(log_part).exp(log_part))

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """Draws `[..., D]` and their log-densities `[...]`, exact also where a draw rounds to a bound."""
        low, high = self._log_parts(key)
        density = (self.alpha - 1.0) * low + (self.beta - 1.0) * high - self._log_beta() - self._log_span()
        return self._between(namespace(low).exp(low)), density.sum(-1)

    def mode(self) -> Array:
        """The peak `[..., D]`; where none is inside, the bound of more mass, or the middle if both have alike."""
        xp, one, other = namespace(self.alpha), self.alpha - 1.0, self.beta - 1.0
        inside = (one > 0) & (other > 0)
        peak = one / xp.where(inside, one + other, 1.0)
        return self._between(xp.where(inside, peak, 0.5 + 0.5 * xp.sign(one - other)))

    def log_prob(self, action: Array) -> Array:
        """Log-density of `[..., D]` within the bounds: `[...]`; kept 1e-6 of the span away from them."""
        xp = namespace(action)
        part = ((action - self.low) / (self.high - self.low)).clip(EDGE, 1.0 - EDGE)
        density = (self.alpha - 1.0) * xp.log(part) + (self.beta - 1.0) * xp.log1p(-part)
        return (density - self._log_beta() - self._log_span()).sum(-1)

    def entropy(self) -> Array:
        """Differential entropy summed over D, `[...]`."""
        a, b = self.alpha, self.beta
        inside = (a + b - 2.0) * digamma(a + b) - (a - 1.0) * digamma(a) - (b - 1.0) * digamma(b)
        return (self._log_beta() + inside + self._log_span()).sum(-1)

    def kl(self, other: "Beta") -> Array:
        """KL(self ‖ other) in nats, `[...]`, for the same bounds."""
        a, b = self.alpha - other.alpha, self.beta - other.beta
        inside = a * digamma(self.alpha) + b * digamma(self.beta) - (a + b) * digamma(self.alpha + self.beta)
        return (other._log_beta() - self._log_beta() + inside).sum(-1)


class Dirichlet(NamedTuple):
    """Shares of a whole, K numbers that sum to 1 (Kotz et al. 2000, chapter 49): `concentration` `[..., K]` > 0.

    >>> shares = Dirichlet(jnp.asarray([2.0, 3.0, 4.0]))
    >>> [round(x, 3) for x in shares.mode().tolist()], round(float(shares.log_prob(jnp.asarray([0.2, 0.3, 0.5]))), 3)
    ([0.167, 0.333, 0.5], 2.023)
    """

    concentration: Array

    def _log_shares(self, key: Key) -> Array:
        drawn = noise.log_gamma(key, self.concentration)
        return drawn - log_sum_exp(drawn)

    def _log_beta(self) -> Array:
        return gammaln(self.concentration).sum(-1) - gammaln(self.concentration.sum(-1))

    def sample(self, key: Key) -> Array:
        """Shares `[..., K]`."""
        log_shares = self._log_shares(key)
        return namespace(log_shares).exp(log_shares)

    def sample_and_log_prob(self, key: Key) -> tuple[Array, Array]:
        """Shares `[..., K]` and their log-densities `[...]`, exact also where a share rounds to 0."""
        log_shares = self._log_shares(key)
        density = ((self.concentration - 1.0) * log_shares).sum(-1) - self._log_beta()
        return namespace(log_shares).exp(log_shares), density

    def mode(self) -> Array:
        """The peak `[..., K]`; the mean where a concentration is at most 1, so that the density has no peak inside."""
        a = self.concentration
        xp, inside = namespace(a), (a > 1.0).all(-1, keepdims=True)
        peak = (a - 1.0) / xp.where(inside, (a - 1.0).sum(-1, keepdims=True), 1.0)
        return xp.where(inside, peak, a / a.sum(-1, keepdims=True))

    def log_prob(self, action: Array) -> Array:
        """Log-density of shares `[..., K]` over the first K - 1 of them: `[...]`; shares below 1e-6 count as 1e-6."""
        logs = namespace(action).log(action.clip(EDGE, 1.0))
        return ((self.concentration - 1.0) * logs).sum(-1) - self._log_beta()

    def entropy(self) -> Array:
        """Differential entropy, `[...]`."""
        a, total = self.concentration, self.concentration.sum(-1)
        surplus = (total - a.shape[-1]) * digamma(total)
        return self._log_beta() + surplus - ((a - 1.0) * digamma(a)).sum(-1)

    def kl(self, other: "Dirichlet") -> Array:
        """KL(self ‖ other) in nats, `[...]`."""
        a = self.concentration
        inside = (a - other.concentration) * (digamma(a) - digamma(a.sum(-1, keepdims=True)))
        return other._log_beta() - self._log_beta() + inside.sum(-1)
