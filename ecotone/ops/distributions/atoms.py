"""A distribution over given numbers, as distributional value learning keeps."""

from typing import Any, NamedTuple

from ecotone.ops.arrays import log_softmax, namespace
from ecotone.ops.distributions.choices import Categorical

Array = Any
Key = Any


class Atoms(NamedTuple):
    """One of N numbers `atoms` `[N]`, with `logits` `[..., N]` (arXiv:1707.06887, section 4).

    >>> returns = Atoms(jnp.log(jnp.asarray([0.2, 0.5, 0.3])), jnp.asarray([-1.0, 0.0, 1.0]))
    >>> round(float(returns.mean()), 3), round(float(returns.variance()), 3), float(returns.mode())
    (0.1, 0.49, 0.0)
    """

    logits: Array
    atoms: Array

    def probabilities(self) -> Array:
        """Probability of each atom, `[..., N]`."""
        log_p = log_softmax(self.logits)
        return namespace(log_p).exp(log_p)

    def mean(self) -> Array:
        """Expected number, `[...]`."""
        return (self.probabilities() * self.atoms).sum(-1)

    def variance(self) -> Array:
        """Variance, `[...]`."""
        offset = self.atoms - self.mean()[..., None]
        return (self.probabilities() * offset * offset).sum(-1)

    def sample(self, key: Key) -> Array:
        """Atoms `[...]`."""
        return namespace(self.logits).asarray(self.atoms)[Categorical(self.logits).sample(key)]

    def mode(self) -> Array:
        """The likeliest atom, `[...]`."""
        return namespace(self.logits).asarray(self.atoms)[Categorical(self.logits).mode()]

    def log_prob(self, value: Array) -> Array:
        """Log-probability of the atom next to each value, `[...]`."""
        distance = abs(value[..., None] - self.atoms)
        return Categorical(self.logits).log_prob(distance.argmin(-1))

    def entropy(self) -> Array:
        """-Σ p log p over the atoms, `[...]`."""
        return Categorical(self.logits).entropy()

    def kl(self, other: "Atoms") -> Array:
        """KL(self ‖ other) in nats, `[...]`, for the same atoms."""
        return Categorical(self.logits).kl(Categorical(other.logits))
