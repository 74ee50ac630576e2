"""Algorithms for teams: what they value in the games that tell them apart, and that the absent do not count."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms import QMIX, VDN
from ecotone.mistakes import Mistake
from ecotone.spec import Box, Discrete, Spec
from ecotone.teams import AGENTS, PRESENT, joint_spec
from ecotone.testing import fit, probes
from ecotone.testing.joint import Joint
from ecotone.testing.samples import rows_for
from tests.algorithms.small import small_pqn_vdn, small_qmix

TEAM = joint_spec(Spec(Box((3,)), Discrete(3)), 3, Box((4,)))


def values(algorithm):
    """What the team's value is of each pair of choices in each place of the two-step game, `[place, first, second]`."""
    state = fit(algorithm, Joint(probes.TwoStep()), lanes=4, fragments=900).state
    place = jnp.eye(3)
    both = jnp.stack([place, place], 1)
    seen = {AGENTS: both, PRESENT: jnp.ones((3, 2), jnp.int8), "rewards": jnp.zeros((3, 2)), "state": place}
    told, _ = state.network(seen, None, ())
    pair = lambda first, second: told.total(jnp.broadcast_to(jnp.asarray([first, second]), (3, 2)))
    return np.asarray([[pair(first, second) for second in range(2)] for first in range(2)]).transpose(2, 0, 1)


def test_qmix_values_what_a_sum_cannot():
    """With choices at random: the table behind each choice, and therefore the first choice (arXiv:1803.11485, table 1)."""
    value = values(small_qmix(gamma=1.0))
    np.testing.assert_allclose(value[2], [[0.0, 1.0], [1.0, 8.0]], atol=0.4)
    np.testing.assert_allclose(value[1], 7.0, atol=0.3)
    np.testing.assert_allclose(value[0], [[7.0, 7.0], [8.0, 8.0]], atol=0.4)


def test_vdn_values_the_best_sum():
    """The sum nearest to the risky table says 6.5 where 8 is true, so that the safe one seems better."""
    value = values(small_qmix(VDN, gamma=1.0))
    np.testing.assert_allclose(value[2], [[-1.5, 2.5], [2.5, 6.5]], atol=0.5)
    np.testing.assert_allclose(value[0], [[7.0, 7.0], [6.5, 6.5]], atol=0.4)


@pytest.mark.parametrize("algorithm", [small_qmix(n=2), small_pqn_vdn()], ids=["qmix", "pqn-vdn"])
def test_the_absent_do_not_count(algorithm):
    """What an agent that nobody asked does or sees changes nothing."""
    state = algorithm.init(jax.random.key(0), TEAM)
    rows = rows_for(algorithm, state, TEAM, jax.random.key(1))
    seen = rows.observation | {PRESENT: rows.observation[PRESENT].at[..., 0].set(0).at[..., 1].set(1)}
    rows = rows._replace(observation=seen)
    agents = rows.observation[AGENTS].at[:, :, 0].add(3.0)
    other = rows._replace(observation=seen | {AGENTS: agents}, action=rows.action.at[..., 0].set(2))
    update = jax.jit(algorithm.update)
    ours, theirs = (update(state, each, jax.random.key(2))[0] for each in (rows, other))
    for one, same in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
        np.testing.assert_array_equal(one, same)
    present = rows._replace(observation=seen | {AGENTS: rows.observation[AGENTS].at[:, :, 1].add(3.0)})
    moved = update(state, present, jax.random.key(2))[0]
    assert any((a != b).any() for a, b in zip(jax.tree.leaves(ours.network), jax.tree.leaves(moved.network), strict=True))


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [(small_qmix(temperature=0.03), "leave `temperature` out"), (small_qmix(burn_in=2), "burn_in")],
)
def test_options_that_a_team_cannot_honour_are_mistakes(algorithm, told):
    with pytest.raises(Mistake, match=told):
        algorithm.init(jax.random.key(0), TEAM)


def test_lanes_that_are_single_agents_are_an_error():
    with pytest.raises(ValueError, match="group with `joint`"):
        QMIX().init(jax.random.key(0), Spec(Box((3,)), Discrete(3)))
