"""Networks of teams: whose rows they read, and what a mixer promises."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.networks.encoders import Encoder
from ecotone.networks.mixers import Additive, Monotonic
from ecotone.networks.models import QNetwork
from ecotone.networks.recurrent import GRU
from ecotone.networks.teams import Agents, TeamQNetwork, TeamValues, with_indicator
from ecotone.networks.values import Quantiles
from ecotone.spec import ACTION_MASK, Box, Dict, Discrete, MultiBinary, MultiDiscrete, Spec
from ecotone.teams import AGENTS, PRESENT, joint_spec, mask_of, member_spec
from ecotone.testing import check_model
from ecotone.testing.samples import observations

MEMBER = Spec(Dict({"observation": Box((3,)), ACTION_MASK: MultiBinary((4,))}), Discrete(4))
TEAM = joint_spec(MEMBER, 3, Box((5,)))
KEY = jax.random.key(0)


def rows(leading, key=KEY):
    """Random observations of the team."""
    return observations(TEAM.observation, key, leading)


def agent(seen, i, axis):
    """What one agent sees of a team's observations."""
    return jax.tree.map(lambda x: jnp.take(x, i, axis), seen)


def test_a_teams_spec_and_that_of_its_members_tell_each_other():
    assert TEAM.action == MultiDiscrete((4, 4, 4))
    assert TEAM.observation[AGENTS]["observation"].shape == (3, 3)
    for member in (
        MEMBER,
        Spec(Box((2, 2), low=(0.0, 1.0, 2.0, 3.0), high=9.0), Box((2,))),
        Spec(Discrete(3, 1), Discrete(2)),
    ):
        assert member_spec(joint_spec(member, 2, Box((1,)))) == member
    with pytest.raises(ValueError, match="group with `joint`"):
        member_spec(MEMBER)
    with pytest.raises(ValueError, match="flatten it"):
        joint_spec(Spec(MultiDiscrete((2, 3)), Discrete(2)), 2, Box((1,)))
    assert mask_of(rows((2,))).shape == (2, 3, 4)


@pytest.mark.parametrize("shared", [True, False])
def test_each_agent_reads_its_own_rows_alone(shared):
    """A team read at once says what its agents say when each is read by itself, with a memory of its own."""
    recipe = Agents(QNetwork(Encoder((6,)), core=GRU(5)), shared=shared, most=4)
    network, seen = recipe.init(KEY, TEAM), rows((3, 2))
    is_first = jnp.asarray([[True, True], [False, True], [False, False]])
    said, memory = jax.jit(lambda network, *row: network(*row))(network, seen, is_first, recipe.initial_memory(2))
    assert said.shape == (3, 2, 3, 4)
    assert memory.shape == (2, 4, 5)
    shown = with_indicator(seen[AGENTS], 3, seen[PRESENT].shape)
    for i in range(3):
        alone = network.network if shared else jax.tree.map(lambda x, i=i: x[i], network.network)
        expected, after = alone(agent(shown, i, 2), is_first, jnp.zeros((2, 5)))
        np.testing.assert_allclose(said[:, :, i], expected, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(memory[:, i], after, rtol=1e-5, atol=1e-6)
    with pytest.raises(Mistake, match="set `most`"):
        Agents(QNetwork(core=GRU(5)), most=2).init(KEY, TEAM)


def test_agents_with_the_same_weights_are_told_apart():
    seen = rows((2,))
    seen[AGENTS]["observation"] = jnp.ones_like(seen[AGENTS]["observation"])
    seen[AGENTS][ACTION_MASK] = jnp.ones_like(seen[AGENTS][ACTION_MASK])
    same, _ = Agents(indicator=False).init(KEY, TEAM)(seen, None, ())
    told, _ = Agents().init(KEY, TEAM)(seen, None, ())
    np.testing.assert_array_equal(same[:, 0], same[:, 1])
    assert not np.allclose(told[:, 0], told[:, 1])


@pytest.mark.parametrize("mixer", [Additive(), Monotonic(4, 8), Monotonic(4, 0)])
def test_what_is_best_for_each_is_best_for_the_team(mixer):
    """Over all choices of all agents together, and whatever the state; an absent agent changes nothing."""
    network, seen = TeamQNetwork(Agents(QNetwork(Encoder((8,)))), mixer).init(KEY, TEAM), rows((16,))
    seen[AGENTS][ACTION_MASK] = jnp.ones_like(seen[AGENTS][ACTION_MASK])
    seen[PRESENT] = seen[PRESENT].at[:, 0].set(0).at[:, 1].set(1)
    told, _ = network(seen, None, ())
    greedy = told.total(told.greedy())
    for choices in itertools.product(range(4), repeat=3):
        assert (told.total(jnp.broadcast_to(jnp.asarray(choices), (16, 3))) <= greedy + 1e-5).all()
    others = told.greedy().at[:, 0].add(1) % 4
    np.testing.assert_array_equal(told.total(others), greedy)
    slope = jax.grad(lambda values: TeamValues(values, told.there, told.mixing).total(told.greedy()).sum())(told.values)
    assert (slope >= 0.0).all()
    assert (slope[:, 0] == 0.0).all()
    assert (jnp.abs(slope[:, 1]).sum(-1) > 0.0).all()


def test_where_nobody_is_asked_all_agents_count():
    seen = rows((2,))
    seen[PRESENT] = jnp.asarray([[0, 0, 0], [0, 1, 0]], jnp.int8)
    told, _ = TeamQNetwork(mixer=Additive()).init(KEY, TEAM)(seen, None, ())
    assert told.there.tolist() == [[True, True, True], [False, True, False]]


def test_a_teams_model_keeps_the_contract():
    check_model(TeamQNetwork(Agents(QNetwork(Encoder((8,)), core=GRU(4))), Monotonic(4, 8)), TEAM)


def test_values_that_cannot_be_mixed_are_a_mistake():
    with pytest.raises(Mistake, match="mixed, one per choice"):
        TeamQNetwork(Agents(QNetwork(head=Quantiles(4)))).init(KEY, TEAM)
