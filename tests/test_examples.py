"""The examples are as short as the pages say, and do what they say."""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.runs import read_experiment

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_the_epidemic_is_short_and_spreads_and_is_fought(monkeypatch):
    lines = [line for line in (EXAMPLES / "epidemic.py").read_text().splitlines() if line.strip()]
    assert len(lines) <= 80
    monkeypatch.delitem(sys.modules, "ecotone_experiment", raising=False)
    world = read_experiment(EXAMPLES / "epidemic.py").env
    keys = jax.random.split(jax.random.key(0), 30)

    @jax.jit
    def play(keys):
        def step(state, key):
            stay = {"vaccinator": jnp.zeros(3, jnp.int32)}
            state, shown = world.step(state, stay, key)
            return state, (state, shown.reward["vaccinator"], shown.observation["vaccinator"])

        return jax.lax.scan(step, world.reset(keys[0])[0], keys)[1]

    states, reward, seen = jax.tree.map(np.asarray, play(keys))
    status = states.parts["status"]
    counts = np.stack([(status == each).sum(1) for each in range(5)], 1)
    assert (counts.sum(1) == 63).all()
    assert (counts[:, 4] == 3).all()
    assert (np.diff(counts[:, 0]) <= 0).all()  # nobody becomes susceptible again
    assert (np.diff(counts[:, 2:4], axis=0) >= 0).all()
    assert min(counts[-1, 1] + counts[-1, 2], counts[-1, 3]) > 3  # some were infected, some vaccinated
    doses, cases = states.events["vaccinated"][:, 60:], states.events["infected"].sum(1, keepdims=True)
    np.testing.assert_allclose(reward, 0.1 * doses - 0.02 * cases, atol=1e-6)
    assert seen.shape == (30, 3, 13, 13, 2)
    frame = world.frame(jax.tree.map(lambda x: x[-1], states))
    labels = np.array([look.label for look in world.scene.looks])[np.asarray(frame.look)]
    assert (labels == "infected").sum() == counts[-1, 1]
    assert set(labels[60:]) == {"vaccinator"}
