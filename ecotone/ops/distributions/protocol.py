"""What a distribution answers."""

from typing import Any, NamedTuple, Protocol

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


class Recorded(NamedTuple):
    """What rows keep of a draw from a distribution that is no tree of rows: its log-probability `chosen` `[...]`, nats.

    It is all that a probability ratio needs of the policy that acted (arXiv:1707.06347, eq. 6).

    >>> Recorded(jnp.asarray([-0.5])).log_prob(None).tolist()
    [-0.5]
    """

    chosen: Array

    def log_prob(self, action: Tree) -> Array:
        """Log-probability of the action that was drawn, `[...]`; of no other."""
        return self.chosen


def recorded(policy: Any, action: Tree) -> Any:
    """What rows `[...]` are to remember of a policy that drew `action`; it can tell the `log_prob` of that action.

    The policy itself, unless it has a function `recorded` of the action that says otherwise, as those have whose leaves
    lack the rows' leading axes (`Autoregressive`, arXiv:1806.00589).

    >>> from ecotone.ops.distributions import Deterministic
    >>> recorded(Deterministic(jnp.ones(2)), jnp.ones(2)).value.tolist()
    [1.0, 1.0]
    """
    return policy.recorded(action) if hasattr(policy, "recorded") else policy


def entropy(policy: Any, action: Tree) -> Array:
    """Entropy `[...]` in nats, of a policy that drew `action`.

    Where the distribution says `entropy_takes_action` it is the policy's own estimate from the action (arXiv:1806.00589).

    >>> from ecotone.ops.distributions import Categorical
    >>> round(float(entropy(Categorical(jnp.zeros(2)), jnp.asarray(1))), 3)
    0.693
    """
    return policy.entropy(action) if getattr(policy, "entropy_takes_action", False) else policy.entropy()
