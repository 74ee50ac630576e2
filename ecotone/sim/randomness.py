"""Python's and NumPy's shared random numbers, with a state for each copy of a simulation."""

import random
from typing import Any

import numpy as np
from numpy.random import mtrand


class GlobalDraws:
    """A state of `random` and `numpy.random` that replaces the process's within a `with` block.

    So copies of a simulation that draws from the shared generators neither disturb each other nor anybody else, and a seed
    decides what each draws. Until `seed` is called, the block changes nothing.
    """

    def __init__(self) -> None:
        self._numpy: Any = None
        self._python: Any = None

    def seed(self, seed: int) -> None:
        """Begin both anew from a seed."""
        self._numpy = np.random.MT19937(seed)
        self._python = random.Random(seed).getstate()

    def __enter__(self) -> None:
        if self._numpy is not None:
            self._exchange()

    def __exit__(self, *error: Any) -> None:
        if self._numpy is not None:
            self._exchange()

    def _exchange(self) -> None:
        theirs = mtrand.get_bit_generator(), random.getstate()
        mtrand.set_bit_generator(self._numpy)
        random.setstate(self._python)
        self._numpy, self._python = theirs
