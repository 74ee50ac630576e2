"""What a distribution answers."""

from typing import Any, Protocol

Array = Any
Key = Any
Tree = Any


class Distribution(Protocol):
    """What policies return; those with a closed form also have `entropy`, and `kl` to another of their kind."""

    def sample(self, key: Key) -> Array:
        """Draw an action."""
        ...

    def mode(self) -> Array:
        """The likeliest action."""
        ...

    def log_prob(self, action: Array) -> Array:
        """Logarithm of the (density of the) probability of an action, nats, one number per leading entry."""
        ...


def sample_and_log_prob(distribution: Any, key: Key) -> tuple[Tree, Array]:
    """A draw and its log-probability `[...]` in nats, the more exact way where it has one (arXiv:1801.01290, eq. 21).

    >>> from ecotone.ops.distributions import Deterministic
    >>> sample_and_log_prob(Deterministic(jnp.ones(2)), None)[0].tolist()
    [1.0, 1.0]
    """
    if hasattr(distribution, "sample_and_log_prob"):
        return distribution.sample_and_log_prob(key)
    action = distribution.sample(key)
    return action, distribution.log_prob(action)
