"""Distributions over actions, as trees of their parameters; each works on NumPy and JAX arrays, any leading axes."""

import math
from typing import Any, NamedTuple, Protocol

from ecotone.ops import noise
from ecotone.ops.arrays import log_softmax, namespace, pick, softplus

Array = Any
Key = Any
HALF_LOG_TWO_PI = 0.5 * math.log(2.0 * math.pi)


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


class Categorical(NamedTuple):
    """One of K choices; `logits` `[..., K]` need not be normalised."""

    logits: Array

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
    """Several independent choices; one array of logits `[..., K_i]` for each."""

    logits: tuple[Array, ...]

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


class Normal(NamedTuple):
    """Independent normal numbers: `mean` `[..., D]` and `log_std`, which broadcasts to it."""

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
    """A normal squashed into (-1, 1) by tanh: `mean` and `log_std` `[..., D]` are those of the number before tanh."""

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

    def _log_slope(self, before: Array) -> Array:
        return (2.0 * (math.log(2.0) - before - softplus(-2.0 * before))).sum(-1)


class EpsilonGreedy(NamedTuple):
    """The choice of highest value `[..., K]`, but with probability `epsilon` any choice, all alike."""

    values: Array
    epsilon: Array

    def sample(self, key: Key) -> Array:
        """Choices `[...]` int32."""
        key_explore, key_choice = noise.split(key)
        shape = self.values.shape
        explores = noise.uniform(key_explore, shape[:-1]) < self.epsilon
        any_choice = (noise.uniform(key_choice, shape[:-1]) * shape[-1]).astype("int32")
        return namespace(self.values).where(explores, any_choice, self.mode())

    def mode(self) -> Array:
        """The choices of highest value `[...]` int32."""
        return self.values.argmax(-1).astype("int32")
