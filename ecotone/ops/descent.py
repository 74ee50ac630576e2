"""Gradient descent on networks: optimisers on one flat vector, and target networks that follow."""

from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import optax

from ecotone.frozen import frozen
from ecotone.ops import devices
from ecotone.ops.schedules import Constant, Schedule

Array = Any
Tree = Any
FLAT_BELOW = 50_000
"""Weights below which the optimiser works on one vector: XLA on CPU pays per array there, and per byte copied above."""


@runtime_checkable
class Optimizer(Protocol):
    """A recipe for steps down a gradient."""

    @property
    def learning_rate(self) -> Schedule: ...

    def init(self, network: Tree) -> Tree:
        """The optimiser's state for a network."""
        ...

    def descend(self, network: Tree, state: Tree, gradient: Tree, steps: Array, multiples: Tree = 1.0) -> tuple[Tree, Tree]:
        """One step down `gradient`: `(network, state)`; `steps` are environment steps, for the schedule.

        `multiples` of the step size are one number, or a tree of numbers for parts of the network.
        """
        ...


def _transform(optimizer: Any, network: Tree) -> optax.GradientTransformation:
    """The optimiser's rule behind its clip, on one vector where the network is small."""
    rule = optimizer.rule()
    if optimizer.clip_norm is not None:
        rule = optax.chain(optax.clip_by_global_norm(optimizer.clip_norm), rule)
    return optax.flatten(rule) if sum(x.size for x in jax.tree.leaves(network)) < FLAT_BELOW else rule


def _init(optimizer: Any, network: Tree) -> Tree:
    """The optimiser's state for a network."""
    return _transform(optimizer, network).init(network)


def _descend(
    optimizer: Any, network: Tree, state: Tree, gradient: Tree, steps: Array, multiples: Tree = 1.0
) -> tuple[Tree, Tree]:
    """One step down `gradient`, or its mean over devices; see `Optimizer`."""
    direction, state = _transform(optimizer, network).update(devices.average(gradient), state)
    rate = optimizer.learning_rate(steps)

    def part(multiple: Array, network: Tree, direction: Tree) -> Tree:
        return jax.tree.map(lambda weight, move: weight - multiple * rate * move, network, direction)

    return jax.tree.map(part, multiples, network, direction), state


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

    init, descend = _init, _descend

    def rule(self) -> optax.GradientTransformation:
        """The direction of a step, before its size."""
        return optax.scale_by_adam(self.b1, self.b2, self.epsilon)


@frozen
class RMSProp:
    """RMSProp behind a clip of the gradient's global norm: gradients divided by the root of their running square.

    Tieleman & Hinton 2012 (lecture 6.5). TensorFlow adds epsilon inside the root and begins with a square of 1, which
    IMPALA's published settings mean (arXiv:1802.01561, appendix D); PyTorch adds it outside and begins with 0.

    >>> rmsprop, weights = RMSProp(Constant(0.1), decay=0.75), {"w": jnp.asarray([1.0, 2.0])}
    >>> weights, state = rmsprop.descend(weights, rmsprop.init(weights), {"w": jnp.asarray([0.3, -0.4])}, steps=0)
    >>> weights["w"].round(2).tolist() == jnp.asarray([0.8, 2.2]).round(2).tolist()
    True
    """

    learning_rate: Schedule = Constant(7e-4)
    """Step size; usually 1e-4 to 3e-3. More is faster until it diverges."""
    clip_norm: float | None = 0.5
    """Largest global norm of a gradient; usually 0.5 to 40; none leaves gradients alone."""
    epsilon: float = 1e-5
    """Added to the denominator; usually 1e-5 to 0.1. More damps directions of small gradients."""
    decay: float = 0.99
    """Of the gradient's square; usually 0.9 to 0.99. More forgets old gradients later."""
    inside: bool = False
    """Epsilon inside the root, as in TensorFlow, or outside, as in PyTorch."""
    initial: float = 0.0
    """Square of the gradient to begin with; 1 makes the first steps small, as in TensorFlow."""
    momentum: float | None = None
    """Decay of a running sum of steps; usually 0.9; none takes each step alone."""

    init, descend = _init, _descend

    def rule(self) -> optax.GradientTransformation:
        """The direction of a step, before its size."""
        rule = optax.scale_by_rms(self.decay, self.epsilon, self.initial, eps_in_sqrt=self.inside)
        return rule if self.momentum is None else optax.chain(rule, optax.trace(self.momentum))


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
