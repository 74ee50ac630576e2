"""Contract check of wrappers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.wrapped import Layers
from ecotone.envs.wrappers.parts import in_rows
from ecotone.protocols import Wrapper
from ecotone.spec import Box, Discrete, Leaf, MultiDiscrete, Place, Space, Spec, over_parts
from ecotone.testing.trees import assert_leading, assert_same_types, assert_same_values
from ecotone.trajectory import TimeStep

LANES, STEPS, END, MOST = 3, 6, 3, 255.0


def check_wrapper(wrapper: Wrapper, spec: Spec, seed: int = 0, tolerance: float = 1e-5) -> list[TimeStep]:
    """Assert that a wrapper keeps its contract for a spec, and return what a policy was told in a few steps.

    It is hashable; what it shows and takes fits its specs; memory and time steps keep their types; NumPy arrays, JAX arrays
    and a jitted program say the same; it is pure; each lane is by itself; a lane that `is_first` forgets what came before.

    Raises:
        AssertionError: what is wrong, and what to do.
    """
    name = type(wrapper).__name__
    assert isinstance(wrapper, Wrapper), f"{name} needs `spec`, `start`, `observe` and `act`."
    hash(wrapper)
    layers = Layers(spec, (wrapper,))
    said, chosen = _steps(spec, seed), _actions(layers.spec.action, seed)
    told, taken = _run(layers, said, chosen)
    for t, (step, action) in enumerate(zip(told, taken, strict=True)):
        _check_fits(layers.spec.observation, step.observation, f"{name}.observe, step {t}")
        _check_fits(in_rows(spec.action), action, f"{name}.act, step {t}")
        assert_same_types(told[0], step, f"{name}.observe, step {t}")
    assert_same_values((told, taken), _run(layers, said, chosen), f"{name}, run twice")
    assert all(isinstance(x, np.ndarray) for x in jax.tree.leaves((told, taken))), f"{name} makes JAX of NumPy arrays."
    in_jax = jax.tree.map(jnp.asarray, (said, chosen))
    for run, how in ((_run, "JAX arrays"), (jax.jit(_run, static_argnums=0), "a jitted program")):
        other = run(layers, *in_jax)
        assert_same_types((told, taken), other, f"{name}, of {how}")
        assert_same_values((told, taken), other, f"{name}: NumPy arrays and {how}", tolerance)
    _check_lanes(layers, said, chosen, name)
    return told


def _run(layers: Layers, said: list[TimeStep], chosen: list[Any]) -> tuple[list[TimeStep], list[Any]]:
    memories, told, taken = layers.start(len(said[0].is_first)), [], []
    assert_leading(memories, (len(said[0].is_first),), "the memory of a wrapper")
    before = memories
    for step, action in zip(said, chosen, strict=True):
        step, memories = layers.observe(memories, step)
        action, memories = layers.act(memories, action)
        assert_same_types(before, memories, "the memory of a wrapper")
        told.append(step)
        taken.append(action)
    return told, taken


def _check_lanes(layers: Layers, said: list[TimeStep], chosen: list[Any], name: str) -> None:
    told, _ = _run(layers, said, chosen)
    for lane in range(LANES):
        one = lambda tree, lane=lane: jax.tree.map(lambda x: x[lane : lane + 1], tree)
        alone, _ = _run(layers, one(said), one(chosen))
        assert_same_values(one(told), alone, f"{name}: lane {lane} among others, and alone")
    fresh, _ = _run(layers, said[END + 1 :], chosen[END + 1 :])
    first = lambda tree: jax.tree.map(lambda x: x[:1], tree)
    assert_same_values(first(told[END + 1 :]), first(fresh), f"{name}: lane 0 behind an is_first, and afresh")


def _steps(spec: Spec, seed: int) -> list[TimeStep]:
    """Steps of which lane 0 ends an episode for good at `END`, lane 1 is cut off there, and the others go on."""
    generator = np.random.default_rng(seed)
    said = []
    for t in range(STEPS + 1):
        first = np.array([t in (0, END + 1), t in (0, END + 1), *[t == 0] * (LANES - 2)])
        over = np.array([t == END, t == END, *[False] * (LANES - 2)])
        reward = np.where(first, 0.0, generator.normal(size=LANES) * 3.0).astype(np.float32)
        discount = np.ones(LANES, np.float32)
        discount[0] = 1.0 - over[0]
        said.append(TimeStep(_elements(spec.observation, generator), first, ~over, reward, discount))
    return said


def _actions(space: Space, seed: int) -> list[Any]:
    generator = np.random.default_rng(seed + 1)
    return [_elements(in_rows(space), generator) for _ in range(STEPS + 1)]


def _elements(space: Space, generator: np.random.Generator, most: float = MOST) -> Any:
    """Random elements of `LANES` lanes: numbers within their bounds and of at most that size, and choices."""

    def one(leaf: Leaf, place: Place) -> np.ndarray:
        shape = (LANES, *place.axes, *leaf.shape)
        low, high = (np.clip(limit, -most, most) for limit in _limits(leaf))
        if isinstance(leaf, Box):
            return generator.uniform(low, high, shape).astype(leaf.dtype)
        return generator.integers(low, high, shape, endpoint=True).astype(leaf.dtype)

    return over_parts(one, space)


def _limits(leaf: Leaf) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(leaf, Box):
        low, high = leaf.bounds()
        return low.astype(float), high.astype(float)
    counts = leaf.n if isinstance(leaf, Discrete) else leaf.sizes if isinstance(leaf, MultiDiscrete) else 2
    return np.asarray(0), np.asarray(counts) - 1


def _check_fits(space: Space, found: Any, what: str) -> None:
    def one(leaf: Leaf, x: Any, place: Place) -> None:
        where, shape = f"{what}: '{place.path}'" if place.path else what, (LANES, *place.axes, *leaf.shape)
        assert x.shape == shape, f"{where} has the shape {x.shape}, but the spec says {shape}."
        assert x.dtype == leaf.dtype, f"{where} is {x.dtype}, but the spec says {leaf.dtype}; convert it with `.astype`."
        low, high = _limits(leaf)
        assert ((x >= low) & (x <= high)).all(), f"{where} goes from {x.min()} to {x.max()}, outside its {low} to {high}."

    over_parts(one, space, found)
