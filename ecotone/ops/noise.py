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

    def log_gamma(self, concentration: np.ndarray) -> np.ndarray:
        """Logarithms of gamma numbers, float32 in the shape of `concentration`; not in blocks: each call has its own."""
        boosted = np.log(self.generator.standard_gamma(np.asarray(concentration, np.float64) + 1.0))
        return (boosted - self.generator.standard_exponential(boosted.shape) / concentration).astype(np.float32)

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


def log_gamma(key: Key, concentration: Array) -> Array:
    """Logarithms of gamma numbers of scale 1, float32 in the shape of `concentration` > 0, finite also where that is small.

    G(a) is drawn as G(a + 1) U^(1/a) (Marsaglia & Tsang 2000, section 6); from a JAX key a gradient reaches `concentration`.

    >>> from ecotone.ops.noise import Noise
    >>> log_gamma(Noise(0), jnp.full((2, 3), 0.5)).shape
    (2, 3)
    """
    return key.log_gamma(concentration) if isinstance(key, Noise) else jax.random.loggamma(key, concentration)


def gamma(key: Key, concentration: Array) -> Array:
    """Gamma numbers of scale 1, float32 in the shape of `concentration` > 0.

    >>> from ecotone.ops.noise import Noise
    >>> gamma(Noise(0), jnp.ones(3)).shape
    (3,)
    """
    xp = np if isinstance(key, Noise) else jax.numpy
    return xp.exp(log_gamma(key, concentration))
