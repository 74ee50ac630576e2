"""Programs over bare leaves."""

import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.runtime.program import Program


def test_carries_its_tree_and_returns_results():
    program = Program(lambda c, x, y: ({"n": x["n"] + y * c}, x["n"]), 2.0, {"n": 1.0})
    assert float(program(3.0)) == 1.0
    assert float(program(1.0)) == 7.0
    assert float(program.carried["n"]) == 9.0
    assert program.executables == 1


def test_refuses_a_state_that_changes_its_type():
    program = Program(lambda c, x: (x.astype(jnp.int32), 0), (), np.float32(1.0))
    with pytest.raises(TypeError, match=r"float32\[\] -> int32\[\]"):
        program()


def test_constants_can_be_replaced_without_compiling_again():
    program = Program(lambda c, x: (x + c["by"], x), {"by": 1.0}, 0.0)
    program()
    program.replace_constants({"by": 5.0})
    program()
    assert float(program.carried) == 6.0
    assert program.executables == 1
    with pytest.raises(Mistake, match="another structure"):
        program.replace_constants({"other": 1.0})
