"""A probe of nested spaces."""

from typing import Any

import jax
import jax.numpy as jnp

from ecotone.frozen import frozen
from ecotone.spec import Box, Dict, Discrete, MultiBinary, Repeated, Spec, Tuple
from ecotone.testing.probes.steps import Step, one_step

Array = Any
Key = Any
Tree = Any
MOST = 3


@frozen
class Nested:
    """One decision of several kinds, each told by a part of the observation; at best it brings 1.

    A quarter each for the choice that is shown, for the bits that are shown, for how near a number comes to the one that is
    shown, and for telling how many items of a list are 1.
    """

    @property
    def spec(self) -> Spec:
        """Dicts and tuples with choices, bits, numbers and a list."""
        shown = {"kind": Discrete(3), "pair": Tuple((MultiBinary((2,)), Box((1,), low=-1.0, high=1.0)))}
        items = Repeated(Dict({"one": MultiBinary((1,))}), MOST)
        told = {"count": Discrete(MOST + 1), "kind": Discrete(3)}
        return Spec(
            Dict({**shown, "items": items}),
            Dict({**told, "pair": Tuple((MultiBinary((2,)), Box((1,), low=-2.0, high=2.0)))}),
        )

    def reset(self, key: Key) -> tuple[Tree, Tree]:
        """Everything evenly."""
        keys = jax.random.split(key, 5)
        count = jax.random.randint(keys[3], (), 0, MOST + 1)
        ones = jax.random.bernoulli(keys[4], 0.5, (MOST, 1)) & (jnp.arange(MOST) < count)[:, None]
        observation = {
            "kind": jax.random.randint(keys[0], (), 0, 3),
            "pair": (
                jax.random.bernoulli(keys[1], 0.5, (2,)).astype(jnp.int32),
                jax.random.uniform(keys[2], (1,), minval=-1.0),
            ),
            "items": {"count": count, "items": {"one": ones.astype(jnp.int32)}},
        }
        return observation, observation

    def step(self, state: Tree, action: Tree, key: Key) -> Step:
        """A quarter for each part that is right, and the end."""
        bits, number = state["pair"]
        right = (
            (action["kind"] == state["kind"]).astype(jnp.float32),
            (action["pair"][0] == bits).mean(dtype=jnp.float32),
            1.0 - jnp.abs(action["pair"][1] - number).sum().clip(0.0, 1.0),
            (action["count"] == state["items"]["items"]["one"].sum()).astype(jnp.float32),
        )
        return one_step(state, sum(right) / 4.0)
