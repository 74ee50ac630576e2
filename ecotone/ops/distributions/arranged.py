"""A distribution whose actions are laid out in another way: other axes, another type, another nesting."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

from ecotone.frozen import register
from ecotone.ops.distributions.protocol import Recorded, entropy, recorded, sample_and_log_prob

Array = Any
Key = Any
Tree = Any


class Form(Protocol):
    """Two ways between actions as a distribution has them and as they are wanted; hashable, equal where it does the same."""

    def outward(self, action: Tree) -> Tree:
        """The action as it is wanted."""
        ...

    def inward(self, action: Tree) -> Tree:
        """The action as the distribution has it."""
        ...


class Shape(NamedTuple):
    """The form of arrays `[..., *shape]` of a type that are vectors `[..., D]` to the distribution (arXiv:1711.08946).

    >>> Shape((2, 2), "int8").outward(jnp.zeros((5, 4))).shape
    (5, 2, 2)
    """

    shape: tuple[int, ...]
    dtype: str

    def outward(self, action: Array) -> Array:
        """`[..., D]` as `[..., *shape]`."""
        return action.reshape(*action.shape[:-1], *self.shape).astype(self.dtype)

    def inward(self, action: Array) -> Array:
        """`[..., *shape]` as `[..., D]`."""
        return action.reshape(*action.shape[: action.ndim - len(self.shape)], math.prod(self.shape))


@partial(register, data=("part",), meta=("form",))
@dataclass(frozen=True, eq=False)
class Arranged:
    """A distribution `part` whose actions take another `form`, which keeps leading axes `[...]` (arXiv:1711.08946).

    The form must not change volumes, as reshaping and nesting do not.

    >>> from ecotone.ops.distributions import Bernoulli
    >>> grid = Arranged(Bernoulli(jnp.zeros(4)), Shape((2, 2), "int8"))
    >>> grid.mode().tolist(), round(float(grid.log_prob(grid.mode())), 3)
    ([[0, 0], [0, 0]], -2.773)
    """

    part: Any
    form: Form

    @property
    def entropy_takes_action(self) -> bool:
        """Whether the part's does."""
        return getattr(self.part, "entropy_takes_action", False)

    def log_choices(self) -> float:
        """The part's, in nats."""
        return self.part.log_choices()

    def sample(self, key: Key) -> Tree:
        """Draws in the form."""
        return self.form.outward(self.part.sample(key))

    def sample_and_log_prob(self, key: Key) -> tuple[Tree, Array]:
        """Draws in the form and their log-probabilities `[...]`."""
        action, log_prob = sample_and_log_prob(self.part, key)
        return self.form.outward(action), log_prob

    def mode(self) -> Tree:
        """The part's mode in the form."""
        return self.form.outward(self.part.mode())

    def log_prob(self, action: Tree) -> Array:
        """Log-probability of actions in the form, `[...]`."""
        return self.part.log_prob(self.form.inward(action))

    def entropy(self, action: Tree | None = None) -> Array:
        """The part's entropy, `[...]`, estimated from the action where it is one that does."""
        return self.part.entropy() if action is None else entropy(self.part, self.form.inward(action))

    def kl(self, other: "Arranged") -> Array:
        """KL(self ‖ other) in nats, `[...]`, for the same form."""
        return self.part.kl(other.part)

    def recorded(self, action: Tree) -> Any:
        """What rows are to remember: this, or what its part says otherwise."""
        kept = recorded(self.part, self.form.inward(action))
        return kept if isinstance(kept, Recorded) else Arranged(kept, self.form)
