"""Distributions made of others: a product of independent parts, and a chain in which later parts depend on earlier ones."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, NamedTuple

import jax

from ecotone.frozen import register
from ecotone.ops import noise
from ecotone.ops.arrays import same_shape
from ecotone.ops.distributions.protocol import Distribution, Recorded, entropy, recorded, sample_and_log_prob

Array = Any
Key = Any
Tree = Any


def _is_part(tree: Any) -> bool:
    return hasattr(tree, "log_prob")


def _total(numbers: list[Array]) -> Array:
    same_shape(**{f"part {i}": number for i, number in enumerate(numbers)})
    return sum(numbers[1:], numbers[0])


class Joint(NamedTuple):
    """Independent parts in nested dicts and tuples; actions have the same nesting. It is the policy of nested spaces.

    Log-probabilities, entropies and divergences `[...]` are sums over the parts (arXiv:1711.08946), which must share their
    leading axes.

    >>> from ecotone.ops.distributions import Bernoulli, Categorical
    >>> both = Joint({"move": Categorical(jnp.zeros(4)), "grip": (Bernoulli(jnp.zeros(2)),)})
    >>> round(float(both.entropy()), 3), round(float(both.log_prob(both.mode())), 3)
    (2.773, -2.773)
    """

    parts: Tree
    entropy_takes_action = True

    def _flat(self) -> tuple[list[Any], Any]:
        return jax.tree.flatten(self.parts, is_leaf=_is_part)

    def log_choices(self) -> float:
        """Sum of the parts' `log_choices` in nats; raises `AttributeError` if a part is no choice."""
        return sum(part.log_choices() for part in self._flat()[0])

    def sample(self, key: Key) -> Tree:
        """Draws, nested as the parts."""
        parts, tree = self._flat()
        keys = noise.split(key, len(parts))
        return tree.unflatten([part.sample(k) for part, k in zip(parts, keys, strict=True)])

    def sample_and_log_prob(self, key: Key) -> tuple[Tree, Array]:
        """Draws, nested as the parts, and their log-probabilities `[...]`."""
        parts, tree = self._flat()
        keys = noise.split(key, len(parts))
        pairs = [sample_and_log_prob(part, k) for part, k in zip(parts, keys, strict=True)]
        return tree.unflatten([action for action, _ in pairs]), _total([log_prob for _, log_prob in pairs])

    def mode(self) -> Tree:
        """The parts' modes, nested as the parts."""
        parts, tree = self._flat()
        return tree.unflatten([part.mode() for part in parts])

    def log_prob(self, action: Tree) -> Array:
        """Log-probability of all parts together, `[...]`; raises `ValueError` if the nesting differs."""
        parts, tree = self._flat()
        actions = tree.flatten_up_to(action)
        return _total([part.log_prob(each) for part, each in zip(parts, actions, strict=True)])

    def entropy(self, action: Tree | None = None) -> Array:
        """Sum of the parts' entropies, `[...]`; parts that estimate theirs from an action get that of `action`."""
        parts, tree = self._flat()
        if action is None:
            return _total([part.entropy() for part in parts])
        return _total([entropy(part, each) for part, each in zip(parts, tree.flatten_up_to(action), strict=True)])

    def recorded(self, action: Tree) -> "Joint":
        """The parts as rows are to remember them."""
        parts, tree = self._flat()
        return Joint(tree.unflatten([recorded(*pair) for pair in zip(parts, tree.flatten_up_to(action), strict=True)]))

    def kl(self, other: "Joint") -> Array:
        """KL(self ‖ other) in nats, `[...]`."""
        parts, others = self._flat()[0], other._flat()[0]
        return _total([ours.kl(theirs) for ours, theirs in zip(parts, others, strict=True)])


def joint(policy: Tree) -> Any:
    """A distribution itself, or the `Joint` of nested ones, with leading axes `[...]` (arXiv:1711.08946).

    >>> from ecotone.ops.distributions import Categorical
    >>> type(joint((Categorical(jnp.zeros(2)),))).__name__
    'Joint'
    """
    return policy if _is_part(policy) else Joint(policy)


@partial(register, data=("parameters",), meta=("conditional", "count"))
@dataclass(frozen=True, eq=False)
class Autoregressive:
    """Parts drawn in order, each given the earlier choices: p(a) = Π p(a_i | a_1 … a_{i-1}) (arXiv:1806.00589).

    Arguments:
        parameters: tree of arrays `[...]` that `conditional` reads: features, or a network and its features.
        conditional: `conditional(parameters, earlier)` is the distribution of part `len(earlier)`; `earlier` is the tuple of
            choices so far. It is static: use one function, not a new lambda in every call, or programs compile anew.
        count: number of parts; an action is a tuple of that many.

    >>> from ecotone.ops.distributions import Categorical
    >>> follow = lambda table, earlier: Categorical(table[earlier[0]] if earlier else table[0])
    >>> chain = Autoregressive(jnp.asarray([[0.0, 1.0], [0.0, 9.0]]), follow, 2)
    >>> [int(choice) for choice in chain.mode()]
    [1, 1]
    """

    parameters: Tree
    conditional: Callable[[Tree, tuple[Tree, ...]], Distribution]
    count: int
    entropy_takes_action: ClassVar[bool] = True

    def recorded(self, action: tuple[Tree, ...]) -> Recorded:
        """The log-probability of the chain that was drawn."""
        return Recorded(self.log_prob(action))

    def _along(self, choose: Callable[[int, Any], Tree]) -> tuple[tuple[Tree, ...], list[Any]]:
        """The choices that `choose(i, part)` makes in order, and the distributions they were made from."""
        choices: tuple[Tree, ...] = ()
        parts = []
        for i in range(self.count):
            parts.append(self.conditional(self.parameters, choices))
            choices = (*choices, choose(i, parts[-1]))
        return choices, parts

    def parts(self, action: tuple[Tree, ...]) -> list[Any]:
        """The distribution of each part given the earlier entries of `action`."""
        return self._along(lambda i, part: action[i])[1]

    def sample(self, key: Key) -> tuple[Tree, ...]:
        """Draws, a tuple of the parts' actions."""
        keys = noise.split(key, self.count)
        return self._along(lambda i, part: part.sample(keys[i]))[0]

    def sample_and_log_prob(self, key: Key) -> tuple[tuple[Tree, ...], Array]:
        """Draws and their log-probabilities `[...]`, with each part asked once."""
        keys = noise.split(key, self.count)
        pairs: list[tuple[Tree, Array]] = []

        def choose(i: int, part: Any) -> Tree:
            pairs.append(sample_and_log_prob(part, keys[i]))
            return pairs[-1][0]

        return self._along(choose)[0], _total([log_prob for _, log_prob in pairs])

    def mode(self) -> tuple[Tree, ...]:
        """The mode of each part given the modes before it, which need not be the likeliest chain."""
        return self._along(lambda i, part: part.mode())[0]

    def log_prob(self, action: tuple[Tree, ...]) -> Array:
        """Log-probability of the chain, `[...]`."""
        return _total([part.log_prob(each) for part, each in zip(self.parts(action), action, strict=True)])

    def entropy(self, action: tuple[Tree, ...] | None = None) -> Array:
        """Sum of the parts' entropies given the earlier entries of `action` (of the mode where none is given), `[...]`.

        For an action drawn from this distribution it is an unbiased estimate of the chain's entropy (the smoothed
        estimator of arXiv:1806.00589); its gradient leaves out that other parameters would draw other actions.
        """
        return _total([part.entropy() for part in self.parts(self.mode() if action is None else action)])

    def kl(self, other: "Autoregressive", action: tuple[Tree, ...] | None = None) -> Array:
        """Sum of the parts' KL(self ‖ other) given the earlier entries of `action` (of the mode where none), `[...]`.

        For an action drawn from this distribution it is an unbiased estimate of the divergence of the chains.
        """
        action = self.mode() if action is None else action
        return _total([ours.kl(theirs) for ours, theirs in zip(self.parts(action), other.parts(action), strict=True)])
