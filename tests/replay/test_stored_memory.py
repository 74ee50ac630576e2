"""The memory that comes with a window is the one that the policy had there."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.envs.classic.cartpole import CartPole
from ecotone.envs.compiled import CompiledStream
from ecotone.networks.attention import GatedTransformer
from ecotone.networks.recurrent import GRU
from ecotone.replay import ring
from ecotone.runtime.collect import collect
from tests.algorithms.small import recurrent_dqn, small_dqn
from tests.replay.test_ring import fragment

LANES = 3


def played(algorithm, fragments, length):
    """Fragments of CartPole played with fixed weights, and these."""
    stream, key = CompiledStream(CartPole(), LANES), jax.random.key(0)
    params = algorithm.policy(algorithm.init(key, stream.spec))
    go_on = jax.jit(partial(collect, algorithm, params, stream, length=length))
    (state, now), memory, rows = stream.start(key), algorithm.initial_memory(LANES), []
    for i in range(fragments):
        state, now, memory, more = go_on(state=state, now=now, memory=memory, key=jax.random.fold_in(key, i))
        rows.append(more)
    return rows, params


@pytest.mark.parametrize("core", [GRU(8), GatedTransformer(8, heads=2, reach=4)], ids=repr)
@pytest.mark.parametrize("length", [1, 5])
def test_windows_bring_the_memory_of_a_network_unrolled_from_the_start(core, length):
    rows, params = played(recurrent_dqn(core), 60 // length, length)
    store = ring.empty(rows[0], 20 * LANES, 4)
    for each in rows:
        store = jax.jit(ring.add)(store, each)
    drawn = jax.jit(ring.draw, static_argnums=(2, 3))(store, jax.random.key(1), 40, 4)

    seen, is_first = (
        np.concatenate([np.asarray(x)[:-1] for x in kept])
        for kept in ([each.observation for each in rows], [each.is_first for each in rows])
    )
    memory, before = core.initial_memory(LANES), []
    read = jax.jit(lambda *row: params.network(*row))
    for t in range(len(seen)):
        before.append(memory)
        memory = read(seen[t][None], is_first[t][None], memory)[1]
    before = jax.tree.map(lambda *x: np.stack(x), *before)
    assert is_first[20:].any()
    for i, first in enumerate(np.asarray(drawn.observation[0])):
        ((t, lane),) = np.argwhere((seen == first).all(-1))
        got = jax.tree.map(lambda x, i=i: x[i], drawn.memory)
        jax.tree.map(lambda x, y, t=t, lane=lane: np.testing.assert_allclose(x, y[t, lane], atol=1e-5), got, before)


def test_of_the_extras_the_memory_alone_is_kept():
    rows = fragment(0, 2)._replace(extras={"memory": (np.zeros((3, 2, 5), np.float32),), "log_prob": np.zeros((3, 2))})
    store = ring.add(ring.empty(rows, 20, 2), rows)
    assert store.rows.extras == ()
    assert [x.shape for x in store.rows.memory] == [(*store.rows.acted.shape, 5)]
    drawn = ring.draw(store, jax.random.key(0), 7, 2)
    assert drawn.extras == ()
    assert [x.shape for x in drawn.memory] == [(7, 5)]


def test_feed_forward_policies_keep_nothing_more():
    rows, _ = played(small_dqn(), 1, 4)
    assert rows[0].extras == ()
    store = ring.empty(rows[0], 20, 2)
    assert store.rows.memory == ring.draw(store, jax.random.key(0), 7, 2).memory == ()
    assert len(jax.tree.leaves(store.rows)) == 6
    assert jnp.result_type(store.rows.reward) == jnp.float32
