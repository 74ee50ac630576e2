"""What tests of environments share."""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from ecotone.envs.compiled import CompiledStream
from ecotone.protocols import Environment
from ecotone.trajectory import TimeStep


@pytest.fixture
def roll() -> Callable[[Environment, int, Any], TimeStep]:
    """`roll(environment, steps, action, key=0)`: the first row and those of `steps` steps, with `action` `[B, ...]`."""

    def roll(environment: Environment, steps: int, action: Any, key: int = 0) -> TimeStep:
        stream = CompiledStream(environment, len(action))

        @jax.jit
        def run(key: Any) -> tuple[TimeStep, TimeStep]:
            state, first = stream.start(key)
            return first, jax.lax.scan(lambda s, _: stream.step(s, action), state, None, steps)[1]

        rows = jax.tree.map(lambda a, b: np.concatenate([a[None], b]), *run(jax.random.key(key)))
        space = environment.spec.observation
        assert rows.observation.shape == (steps + 1, len(action), *space.shape)
        assert rows.observation.dtype == space.dtype
        assert rows.reward.shape == rows.asks.shape
        assert rows.reward.dtype == rows.discount.dtype == np.float32
        return rows

    return roll
