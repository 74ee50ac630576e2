"""Distributions of choices: categorical, several at once, bits, and ε-greedy; each can rule out illegal choices.

An illegal choice has the logit -1e30: its probability is exactly 0, it is never drawn nor the mode, and no gradient reaches
its own logit. Where every choice is illegal (a row without a decision), all count as legal, so that nothing is undefined.
"""

import math
from typing import Any, NamedTuple

from ecotone.ops import noise
from ecotone.ops.arrays import log_softmax, namespace, pick, same_shape, softplus
from ecotone.ops.special import sigmoid

Array = Any
Key = Any
ILLEGAL = -1e30


def legal_or_all(legal: Array) -> Array:
    """The mask `[..., K]` itself, but all true where no choice is legal (masking: arXiv:2006.14171).

    >>> legal_or_all(jnp.asarray([[True, False], [False, False]])).tolist()
    [[True, False], [True, True]]
    """
    return legal | ~legal.any(-1, keepdims=True)


def _masked(logits: Array, legal: Array) -> Array:
    same_shape(logits=logits, legal=legal)
    return namespace(logits).where(legal_or_all(legal), logits, logits.dtype.type(ILLEGAL))


class Categorical(NamedTuple):
    """One of K choices (softmax policy, Sutton & Barto 2018, eq. 13.2); `logits` `[..., K]` need not be normalised.

    >>> choice = Categorical(jnp.asarray([[0.0, 1.0], [1.0, -1.0]]))
    >>> choice.mode().tolist(), [round(x, 3) for x in choice.entropy().tolist()]
    ([1, 0], [0.582, 0.365])
    >>> choice.masked(jnp.asarray([[True, False], [False, True]])).mode().tolist()
    [0, 1]
    """

    logits: Array

    def masked(self, legal: Array) -> "Categorical":
        """The same with only the choices of `legal` `[..., K]` bool; all, where none is legal."""
        return Categorical(_masked(self.logits, legal))

    def log_choices(self) -> float:
        """log K in nats, the most that `entropy` can be."""
        return math.log(self.logits.shape[-1])

    def sample(self, key: Key) -> Array:
        """Choices `[...]` int32, by the Gumbel-max trick (Gumbel 1954; arXiv:1411.0030)."""
        scores = self.logits + noise.gumbel(key, self.logits.shape)
        return scores.argmax(-1).astype("int32")

    def mode(self) -> Array:
        """The likeliest choices `[...]` int32."""
        return self.logits.argmax(-1).astype("int32")

    def log_prob(self, action: Array) -> Array:
        """Log-probability of choices `[...]`."""
        return pick(log_softmax(self.logits), action)

    def entropy(self) -> Array:
        """-Σ p log p over the choices, `[...]`; 0 for a certain choice."""
        log_p = log_softmax(self.logits)
        xp = namespace(log_p)
        p = xp.exp(log_p)
        return -(p * xp.where(p > 0, log_p, 0.0)).sum(-1)

    def kl(self, other: "Categorical") -> Array:
        """KL(self ‖ other) in nats, `[...]`."""
        ours, theirs = log_softmax(self.logits), log_softmax(other.logits)
        xp = namespace(ours)
        p = xp.exp(ours)
        return (p * xp.where(p > 0, ours - theirs, 0.0)).sum(-1)


class MultiCategorical(NamedTuple):
    """Several independent choices (arXiv:1711.08946); one array of logits `[..., K_i]` for each.

    >>> choices = MultiCategorical((jnp.zeros(2), jnp.asarray([0.0, 0.0, 5.0])))
    >>> choices.mode().tolist(), round(choices.log_choices(), 3)
    ([0, 2], 1.792)
    """

    logits: tuple[Array, ...]

    def masked(self, legal: tuple[Array, ...]) -> "MultiCategorical":
        """The same with only the choices of `legal`, one bool array `[..., K_i]` each; all, where none is legal."""
        return MultiCategorical(tuple(_masked(*pair) for pair in zip(self.logits, legal, strict=True)))

    def log_choices(self) -> float:
        """Σ log K_i in nats, the most that `entropy` can be."""
        return sum(part.log_choices() for part in self._parts())

    def _parts(self) -> list[Categorical]:
        return [Categorical(part) for part in self.logits]

    def sample(self, key: Key) -> Array:
        """Choices `[..., parts]` int32."""
        keys = noise.split(key, len(self.logits))
        return self._stack([part.sample(k) for part, k in zip(self._parts(), keys, strict=True)])

    def mode(self) -> Array:
        """The likeliest choices `[..., parts]` int32."""
        return self._stack([part.mode() for part in self._parts()])

    def log_prob(self, action: Array) -> Array:
        """Log-probability of all choices together, `[...]`; `action` is `[..., parts]`."""
        return sum(part.log_prob(action[..., i]) for i, part in enumerate(self._parts()))

    def entropy(self) -> Array:
        """Sum of the choices' entropies, `[...]`."""
        return sum(part.entropy() for part in self._parts())

    def kl(self, other: "MultiCategorical") -> Array:
        """KL(self ‖ other) in nats, `[...]`."""
        return sum(a.kl(b) for a, b in zip(self._parts(), other._parts(), strict=True))

    def _stack(self, parts: list[Array]) -> Array:
        return namespace(parts[0]).stack(parts, -1)


class Bernoulli(NamedTuple):
    """D independent bits (Williams 1992, section 4); `logits` `[..., D]` are log-odds of 1.

    It is the policy of a MultiBinary space.

    >>> bits = Bernoulli(jnp.asarray([0.0, 1000.0, -1000.0]))
    >>> round(float(bits.log_prob(jnp.asarray([0, 1, 0]))), 3), round(float(bits.entropy()), 3)
    (-0.693, 0.693)
    >>> bits.masked(jnp.asarray([True, False, True])).mode().tolist()
    [0, 0, 0]
    """

    logits: Array

    def masked(self, legal: Array) -> "Bernoulli":
        """The same where 1 is only possible in the entries with `legal` `[..., D]` bool; the others are 0."""
        same_shape(logits=self.logits, legal=legal)
        return Bernoulli(namespace(self.logits).where(legal, self.logits, self.logits.dtype.type(ILLEGAL)))

    def log_choices(self) -> float:
        """D log 2 in nats, the most that `entropy` can be."""
        return self.logits.shape[-1] * math.log(2.0)

    def sample(self, key: Key) -> Array:
        """Bits `[..., D]` int32."""
        return (noise.uniform(key, self.logits.shape) < sigmoid(self.logits)).astype("int32")

    def mode(self) -> Array:
        """The likelier bits `[..., D]` int32; 0 where both are alike."""
        return (self.logits > 0).astype("int32")

    def log_prob(self, action: Array) -> Array:
        """Log-probability of bits `[..., D]` together, `[...]`."""
        return -softplus(namespace(self.logits).where(action > 0, -self.logits, self.logits)).sum(-1)

    def entropy(self) -> Array:
        """Sum of the bits' entropies, `[...]`."""
        one, zero = sigmoid(self.logits), sigmoid(-self.logits)
        return (one * softplus(-self.logits) + zero * softplus(self.logits)).sum(-1)

    def kl(self, other: "Bernoulli") -> Array:
        """KL(self ‖ other) in nats, `[...]`."""
        ours, theirs = self.logits, other.logits
        if_one = sigmoid(ours) * (softplus(-theirs) - softplus(-ours))
        return (if_one + sigmoid(-ours) * (softplus(theirs) - softplus(ours))).sum(-1)


class EpsilonGreedy(NamedTuple):
    """The choice of highest value `[..., K]`, but with probability `epsilon` any legal choice, all alike.

    Sutton & Barto 2018, section 2.2. Of several highest values the first counts. `legal` `[..., K]` bool is all true where
    not given.

    >>> choice = EpsilonGreedy(jnp.asarray([0.9, 1.0, 0.9, 0.1, -0.6]), 0.1)
    >>> [round(x, 3) for x in choice.probabilities().tolist()]
    [0.02, 0.92, 0.02, 0.02, 0.02]
    """

    values: Array
    epsilon: Array
    legal: Array | None = None

    def masked(self, legal: Array) -> "EpsilonGreedy":
        """The same with only the choices of `legal` `[..., K]` bool; all, where none is legal."""
        same_shape(values=self.values, legal=legal)
        return self._replace(legal=legal_or_all(legal))

    def probabilities(self) -> Array:
        """Probability of each choice, `[..., K]`."""
        xp, epsilon = namespace(self.values), namespace(self.values).asarray(self.epsilon)[..., None]
        legal = xp.ones_like(self.values) if self.legal is None else self.legal.astype(self.values.dtype)
        greedy = xp.arange(self.values.shape[-1]) == self.mode()[..., None]
        return epsilon * legal / legal.sum(-1, keepdims=True) + (1.0 - epsilon) * greedy

    def sample(self, key: Key) -> Array:
        """Choices `[...]` int32."""
        key_explore, key_choice = noise.split(key)
        shape = self.values.shape
        explores = noise.uniform(key_explore, shape[:-1]) < self.epsilon
        if self.legal is None:
            any_choice = (noise.uniform(key_choice, shape[:-1]) * shape[-1]).astype("int32")
        else:
            scores = namespace(self.values).where(self.legal, noise.uniform(key_choice, shape), -1.0)
            any_choice = scores.argmax(-1).astype("int32")
        return namespace(self.values).where(explores, any_choice, self.mode())

    def mode(self) -> Array:
        """The choices of highest value `[...]` int32."""
        values = self.values if self.legal is None else _masked(self.values, self.legal)
        return values.argmax(-1).astype("int32")

    def log_prob(self, action: Array) -> Array:
        """Log-probability of choices `[...]`; -inf for what can never be chosen."""
        chance = pick(self.probabilities(), action)
        xp = namespace(chance)
        return xp.where(chance > 0, xp.log(xp.where(chance > 0, chance, 1.0)), -xp.inf)

    def entropy(self) -> Array:
        """-Σ p log p over the choices, `[...]`."""
        p = self.probabilities()
        xp = namespace(p)
        return -(p * xp.log(xp.where(p > 0, p, 1.0))).sum(-1)

    def kl(self, other: "EpsilonGreedy") -> Array:
        """KL(self ‖ other) in nats, `[...]`; inf where the other can never choose what this one can."""
        ours, theirs = self.probabilities(), other.probabilities()
        xp = namespace(ours)
        log_ratio = xp.log(xp.where(ours > 0, ours, 1.0)) - xp.log(xp.where(theirs > 0, theirs, 1.0))
        return xp.where(ours > 0, xp.where(theirs > 0, ours * log_ratio, xp.inf), 0.0).sum(-1)
