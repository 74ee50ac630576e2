"""A compiled stream that is stepped from Python does what it does inside a program, and compiles once."""

import jax
import numpy as np

from ecotone.envs.stepwise import Stepwise, _step
from ecotone.envs.streams import compiled_stream
from ecotone.protocols import Stream
from ecotone.teams import MultiAgentStream
from ecotone.testing.trees import assert_same_values


def test_steps_are_the_streams_own():
    for name, kind in (("Catch-v0", Stream), ("grid:multi_corridor", MultiAgentStream)):
        stream = compiled_stream(name, 2, {})
        programs = Stepwise(stream)
        assert isinstance(programs, kind)
        state, now = programs.start(jax.random.key(1))
        assert_same_values((state, now), stream.start(jax.random.key(1)), name)
        if kind is Stream:
            action = np.zeros(2, np.int32)
            assert_same_values(programs.step(state, action), stream.step(state, action), name)


def test_alike_streams_share_a_program():
    _step.clear_cache()
    for _ in range(2):
        programs = Stepwise(compiled_stream("Catch-v0", 1, {}))
        state, _ = programs.start(jax.random.key(0))
        for _ in range(3):
            state, _ = programs.step(state, np.zeros(1, np.int32))
    assert _step._cache_size() == 1
