"""Algorithms for teams: what they value in the games that tell them apart, and that the absent do not count."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms import QMIX, VDN
from ecotone.algorithms.normalized import NormalizeObservations, NormalizeRewards
from ecotone.mistakes import Mistake
from ecotone.networks.models import QNetwork
from ecotone.networks.recurrent import GRU
from ecotone.networks.teams import Agents
from ecotone.ops.deterministic import straight_through
from ecotone.ops.distributions import Categorical
from ecotone.spec import Box, Discrete, Spec
from ecotone.teams import AGENTS, PRESENT, joint_spec
from ecotone.testing import fit, probes
from ecotone.testing.samples import rows_for
from tests.algorithms.small import small_matd3, small_pqn_vdn, small_qmix

TEAM = joint_spec(Spec(Box((3,)), Discrete(3)), 3, Box((4,)))


def values(algorithm):
    """What the team's value is of each pair of choices in each place of the two-step game, `[place, first, second]`."""
    state = fit(algorithm, probes.TwoStep(), lanes=4, fragments=900).state
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


@pytest.mark.parametrize(
    "algorithm", [small_qmix(n=2), small_pqn_vdn(), small_matd3(delay=1)], ids=["qmix", "pqn-vdn", "matd3"]
)
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
    assert any((a != b).any() for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(moved), strict=True))


def test_matd3_finds_the_better_table():
    """Critics that see both choices value the risky table rightly; each agent has half of every reward."""
    state = fit(small_matd3(delay=1, restraint=0.1), probes.TwoStep(), lanes=4, fragments=1_500).state
    place = jnp.eye(3)
    seen = {AGENTS: jnp.stack([place, place], 1), PRESENT: jnp.ones((3, 2), jnp.int8), "state": place}
    choice = state.networks.actor(seen, None, ())[0].mode()
    assert choice[0, 0] == 1
    assert choice[2].tolist() == [1, 1]
    value = state.networks.critics(seen, jax.nn.one_hot(choice, 2)).min(0)
    np.testing.assert_allclose(value[2], 4.0, atol=0.4)
    np.testing.assert_allclose(value[0], 0.9 * 4.0, atol=0.4)


def test_matd3_learns_each_agents_own_reward_or_the_teams():
    """Errors of the critics are those of a slow loop over agents."""
    for team in (False, True):
        algorithm = small_matd3(n=2, team=team, smoothing=0.0)
        state = algorithm.init(jax.random.key(0), TEAM)
        rows = rows_for(algorithm, state, TEAM, jax.random.key(1))
        batch = algorithm._batch(rows)
        paid = rows.observation["rewards"]
        for lane in range(8):
            for i in range(3):
                reward, discount = 0.0, 1.0
                for t in range(2):
                    if not rows.acted[t, lane]:
                        break
                    reward += discount * float(rows.reward[t, lane] if team else paid[t + 1, lane, i])
                    discount *= 0.9 * float(rows.discount[t, lane])
                np.testing.assert_allclose(batch.reward[lane, i], reward, rtol=1e-5, atol=1e-6)


def test_choices_get_the_slope_of_a_softmax():
    key, logits, slope = jax.random.key(3), jnp.asarray([0.5, -1.0, -1e30]), jnp.asarray([1.0, -2.0, 5.0])
    choice, gradient = (
        straight_through(key, logits),
        jax.grad(lambda x: (straight_through(key, x, 0.5) * slope).sum())(logits),
    )
    soft = lambda x: (jax.nn.softmax((x + jax.random.gumbel(key, (3,))) / 0.5) * slope).sum()
    np.testing.assert_allclose(gradient, jax.grad(soft)(logits), rtol=1e-5)
    assert choice.argmax() == Categorical(logits).sample(key)
    assert gradient[2] == 0.0


@pytest.mark.parametrize(
    ("algorithm", "told"),
    [
        (small_qmix(temperature=0.03), "leave `temperature` out"),
        (small_qmix(burn_in=2), "burn_in"),
        (small_matd3(delay=0), "at least 1"),
        (dataclasses.replace(small_matd3(), actor=Agents(QNetwork(core=GRU(4)))), "take QMIX or MAPPO"),
        (dataclasses.replace(small_matd3(), actor=Agents(QNetwork())), r"Agents\(AnyActor"),
    ],
)
def test_options_that_a_team_cannot_honour_are_mistakes(algorithm, told):
    with pytest.raises(Mistake, match=told):
        algorithm.init(jax.random.key(0), TEAM)


def test_lanes_that_are_single_agents_are_an_error():
    with pytest.raises(ValueError, match="group with `joint`"):
        QMIX().init(jax.random.key(0), Spec(Box((3,)), Discrete(3)))


def test_rewards_of_each_agent_are_scaled_with_those_of_the_team_but_not_normalised_as_observations():
    inner, rewards = small_matd3(delay=1), "rewards"
    state = NormalizeObservations(inner).init(jax.random.key(0), TEAM)
    seen = rows_for(inner, state.inner, TEAM, jax.random.key(1)).observation
    scaled = dataclasses.replace(state.scaling, mean=tuple(mean + 1.0 for mean in state.scaling.mean))(seen)
    np.testing.assert_array_equal(scaled[rewards], seen[rewards])
    assert not np.allclose(scaled["state"], seen["state"])
    algorithm = NormalizeRewards(inner)
    state = algorithm.init(jax.random.key(0), TEAM)
    state = state._replace(seen=state.seen._replace(count=jnp.ones(()), spread=jnp.full((), 4.0)))  # a deviation of 2
    rows = rows_for(inner, state.inner, TEAM, jax.random.key(1))
    half = rows._replace(reward=rows.reward / 2, observation=rows.observation | {rewards: rows.observation[rewards] / 2})
    ours = jax.jit(algorithm.update)(state, rows, jax.random.key(2))[1].metrics
    theirs = jax.jit(inner.update)(state.inner, half, jax.random.key(2))[1].metrics
    np.testing.assert_allclose(ours["critic_loss"], theirs["critic_loss"], rtol=1e-4)
