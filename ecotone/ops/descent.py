"""Gradient descent on networks: optimisers on one flat vector, and target networks that follow."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from ecotone.frozen import frozen
from ecotone.ops.schedules import Constant, Schedule

Array = Any
Tree = Any
FLAT_BELOW = 50_000
"""Weights below which the optimiser works on one vector: XLA on CPU pays per array there, and per byte copied above."""


@frozen
class Adam:
    """Adam (arXiv:1412.6980) behind a clip of the gradient's global norm.

    >>> adam, weights = Adam(Constant(0.1)), {"w": jnp.asarray([1.0, 2.0])}
    >>> weights, state = adam.descend(weights, adam.init(weights), {"w": jnp.asarray([3.0, -4.0])}, steps=0)
    >>> weights["w"].round(2).tolist() == jnp.asarray([0.9, 2.1]).tolist()
    True
    """

    learning_rate: Schedule = Constant(3e-4)
    """Step size; usually 1e-5 to 3e-3. More is faster until it diverges."""
    clip_norm: float | None = 0.5
    """Largest global norm of a gradient; usually 0.5 to 40; none leaves gradients alone."""
    epsilon: float = 1e-5
    """Added to the denominator; usually 1e-8 to 1e-3. More damps directions of small gradients."""
    b1: float = 0.9
    """Decay of the gradient's mean."""
    b2: float = 0.999
    """Decay of the gradient's square."""

    def _transform(self, network: Tree) -> optax.GradientTransformation:
        adam = optax.scale_by_adam(self.b1, self.b2, self.epsilon)
        if self.clip_norm is not None:
            adam = optax.chain(optax.clip_by_global_norm(self.clip_norm), adam)
        return optax.flatten(adam) if sum(x.size for x in jax.tree.leaves(network)) < FLAT_BELOW else adam

    def init(self, network: Tree) -> Tree:
        """The optimiser's state for a network."""
        return self._transform(network).init(network)

    def descend(self, network: Tree, state: Tree, gradient: Tree, steps: Array, multiples: Tree = 1.0) -> tuple[Tree, Tree]:
        """One step down `gradient`: `(network, state)`; `steps` are environment steps, for the schedule.

        `multiples` of the step size are one number, or a tree of numbers for parts of the network.
        """
        direction, state = self._transform(network).update(gradient, state)
        rate = self.learning_rate(steps)

        def part(multiple: Array, network: Tree, direction: Tree) -> Tree:
            return jax.tree.map(lambda weight, move: weight - multiple * rate * move, network, direction)

        return jax.tree.map(part, multiples, network, direction), state


def polyak(target: Tree, network: Tree, rate: Array) -> Tree:
    """The target moved by `rate` in [0, 1] of its distance to the network (arXiv:1509.02971, algorithm 1).

    >>> polyak({"w": jnp.zeros(2)}, {"w": jnp.ones(2)}, 0.25)["w"].tolist()
    [0.25, 0.25]
    """
    return jax.tree.map(lambda old, new: old + rate * (new - old), target, network)


def periodic(target: Tree, network: Tree, updates: Array, period: int) -> Tree:
    """The network itself on each `period`-th update, else the target unchanged (Mnih et al. 2015).

    >>> [periodic({"w": jnp.zeros(())}, {"w": jnp.ones(())}, updates, 2)["w"].item() for updates in (1, 2, 3)]
    [0.0, 1.0, 0.0]
    """
    return jax.tree.map(lambda old, new: jnp.where(updates % period == 0, new, old), target, network)
