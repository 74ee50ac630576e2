"""Random draws from a JAX key or, where a policy acts in NumPy, from blocks drawn ahead."""

from typing import Any

import jax
import numpy as np

Array = Any
Shape = tuple[int, ...]


class Noise:
    """NumPy draws of float32, taken from blocks of `block` draws because one small draw costs as much as a large one."""

    def __init__(self, seed: int, block: int = 256) -> None:
        self.generator = np.random.Generator(np.random.PCG64(seed))
        self.block = block
        self.blocks: dict[tuple[str, Shape], tuple[np.ndarray, int]] = {}

    def draw(self, kind: str, shape: Shape) -> np.ndarray:
        """The next draw of a `kind` (`uniform`, `normal`, `gumbel`) and shape."""
        values, used = self.blocks.get((kind, shape), (None, self.block))
        if values is None or used >= len(values):
            values, used = getattr(self, f"_{kind}")((self.block, *shape)), 0
        self.blocks[kind, shape] = values, used + 1
        return values[used]

    def _uniform(self, shape: Shape) -> np.ndarray:
        return self.generator.random(shape, np.float32)

    def _normal(self, shape: Shape) -> np.ndarray:
        return self.generator.standard_normal(shape, np.float32)

    def _gumbel(self, shape: Shape) -> np.ndarray:
        drawn = self.generator.standard_exponential(shape, np.float32)
        return -np.log(np.maximum(drawn, np.finfo(np.float32).tiny))

    def save(self) -> dict[str, Any]:
        """All that decides later draws."""
        name = lambda kind, shape: f"{kind}|{','.join(map(str, shape))}"
        return {
            "generator": self.generator.bit_generator.state,
            "used": {name(*key): used for key, (_, used) in self.blocks.items()},
            "values": {name(*key): values for key, (values, _) in self.blocks.items()},
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Continue where `save` was called."""
        self.generator.bit_generator.state = saved["generator"]
        self.blocks = {}
        for name, used in saved.get("used", {}).items():
            kind, sizes = name.split("|")
            shape = tuple(int(size) for size in sizes.split(",") if size)
            self.blocks[kind, shape] = saved["values"][name], used


Key = Any


def split(key: Key, parts: int = 2) -> Any:
    """Independent keys; `Noise` is its own stream and is handed out as it is."""
    return (key,) * parts if isinstance(key, Noise) else jax.random.split(key, parts)


def uniform(key: Key, shape: Shape) -> Array:
    """Numbers in [0, 1), float32 `shape`."""
    return key.draw("uniform", shape) if isinstance(key, Noise) else jax.random.uniform(key, shape)


def normal(key: Key, shape: Shape) -> Array:
    """Standard normal numbers, float32 `shape`."""
    return key.draw("normal", shape) if isinstance(key, Noise) else jax.random.normal(key, shape)


def gumbel(key: Key, shape: Shape) -> Array:
    """Standard Gumbel numbers (their arg max over logits is a categorical draw), float32 `shape`."""
    return key.draw("gumbel", shape) if isinstance(key, Noise) else jax.random.gumbel(key, shape)
