"""Numbers that change while training: a schedule is called with the environment steps taken so far."""

from typing import Any, Protocol, runtime_checkable

import jax.numpy as jnp

from ecotone.frozen import frozen

Array = Any


@runtime_checkable
class Schedule(Protocol):
    """A number as a function of environment steps taken."""

    def __call__(self, steps: Array) -> Array: ...


@frozen
class Constant:
    """Always the same number.

    >>> Constant(0.5)(jnp.asarray(100)).item()
    0.5
    """

    value: float
    """The number."""

    def __call__(self, steps: Array) -> Array:
        return jnp.asarray(self.value, jnp.float32)


@frozen
class Linear:
    """From `start` to `end` in a straight line, then `end`.

    >>> Linear(1.0, 0.0, over=100)(jnp.asarray([0, 25, 1000])).tolist()
    [1.0, 0.75, 0.0]
    """

    start: float
    """Value at step 0."""
    end: float
    """Value from step `over` on."""
    over: float | None = None
    """Environment steps from `start` to `end`; none means all steps of the run."""

    def __call__(self, steps: Array) -> Array:
        if self.over is None:
            raise ValueError(f"{self} has no `over`: give the environment steps that it takes from start to end.")
        done = jnp.clip(steps / jnp.maximum(self.over, 1.0), 0.0, 1.0)
        return self.start + (self.end - self.start) * done


def now(value: Array | Schedule, steps: Array) -> Array:
    """What a number that may be a schedule is after `steps` environment steps.

    >>> [float(now(each, 50)) for each in (0.25, Linear(1.0, 0.0, over=100))]
    [0.25, 0.5]
    """
    return value(steps) if isinstance(value, Schedule) else value
