"""Contract check of wrappers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.wrapped import Layers
from ecotone.envs.wrappers.parts import in_rows
from ecotone.protocols import Wrapper
from ecotone.spec import Spec
from ecotone.testing.elements import check_elements
from ecotone.testing.samples import actions, observations
from ecotone.testing.trees import assert_leading, assert_same_types, assert_same_values
from ecotone.trajectory import TimeStep

Key = Any
LANES, STEPS, END = 3, 6, 3


def check_wrapper(wrapper: Wrapper, spec: Spec, key: Key = None, tolerance: float = 1e-5) -> list[TimeStep]:
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
    key_said, *keys = jax.random.split(jax.random.key(0) if key is None else key, STEPS + 2)
    said = steps(spec, key_said)
    chosen = [jax.tree.map(np.asarray, actions(layers.spec.action, each, (LANES,))) for each in keys]
    told, taken = _run(layers, said, chosen)
    for t, (step, action) in enumerate(zip(told, taken, strict=True)):
        check_elements(layers.spec.observation, step.observation, (LANES,), f"{name}.observe, step {t}")
        check_elements(in_rows(spec.action), action, (LANES,), f"{name}.act, step {t}")
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


def steps(spec: Spec, key: Key) -> list[TimeStep]:
    """Random steps of which lane 0 ends an episode for good at `END`, lane 1 is cut off there, and the others go on."""
    said = []
    for t, (key_seen, key_reward) in enumerate(jax.random.split(key, (STEPS + 1, 2))):
        seen, drawn = observations(spec.observation, key_seen, (LANES,)), 3.0 * jax.random.normal(key_reward, (LANES,))
        ends = np.arange(LANES) < 2
        first = (t == 0) | ((t == END + 1) & ends)
        discount = np.where((t == END) & (np.arange(LANES) == 0), 0.0, 1.0).astype(np.float32)
        reward = np.where(first, 0.0, drawn).astype(np.float32)
        said.append(TimeStep(jax.tree.map(np.asarray, seen), first, ~((t == END) & ends), reward, discount))
    return said
