"""Critics by recipe: stacked ones are independent, targets leave out what they shall, and every observation can be read."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.critics import ChoiceCritics, Critics, QuantileCritics
from ecotone.networks.encoders import Encoder
from ecotone.spec import Box, Dict, Discrete, MultiBinary, Spec
from ecotone.testing.samples import actions, observations

VECTOR = Box((2,), low=-1.0, high=1.0)
ARRAYS = np.random.default_rng(0)


def test_critics_are_independent_and_take_any_leading_axes():
    spec = Spec(Box((3,)), VECTOR)
    network = Critics((8, 8), count=3).init(jax.random.key(0), spec)
    stacked = Critics((8, 8), count=3, stacked=True).init(jax.random.key(0), spec)
    seen = observations(spec.observation, jax.random.key(1), (4, 5))
    action = actions(spec.action, jax.random.key(2), (4, 5))
    values = network(seen, action)
    assert values.shape == (3, 4, 5)
    np.testing.assert_allclose(stacked(seen, action), values, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(stacked.first()(seen, action), values[:1], rtol=1e-5, atol=1e-6)
    assert not np.allclose(values[0], values[1])
    flat = network(seen.reshape(20, 3), action.reshape(20, 2))
    np.testing.assert_allclose(flat.reshape(3, 4, 5), values, rtol=1e-5, atol=1e-6)
    silent = jax.tree.map(jnp.zeros_like, (network.body[1:], network.head[1:]))
    body, head = ((own[0], *others) for own, others in zip((network.body, network.head), silent, strict=True))
    alone = dataclasses.replace(network, body=body, head=head)(seen, action)
    np.testing.assert_allclose(alone[0], values[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(network.first()(seen, action), values[:1], rtol=1e-5, atol=1e-6)


def test_the_least_value_is_the_goal():
    said, reward, discount, cost = (ARRAYS.normal(size=shape) for shape in ((3, 4), 4, 4, 4))
    goal = Critics().goal(said, reward, discount, cost)
    np.testing.assert_allclose(goal, reward + discount * (said.min(0) - cost), rtol=1e-6)
    error = said - np.asarray(goal)
    np.testing.assert_allclose(Critics().loss(said, goal), 0.5 * (error**2).sum(0), rtol=1e-5)
    np.testing.assert_allclose(Critics().error(said, goal), abs(error).mean(0), rtol=1e-5)
    assert Critics().gain(said).tolist() == said.min(0).tolist()


def slow_goal(said, drop, reward, discount, cost):
    """Pool, sort, leave out, move: one window after the other."""
    goals = []
    for i in range(said.shape[1]):
        pooled = sorted(x for critic in said[:, i] for x in critic)
        kept = pooled[: len(pooled) - drop * len(said)]
        goals.append([reward[i] + discount[i] * (x - cost[i]) for x in kept])
    return np.array(goals)


def slow_loss(said, goal):
    """Quantile Huber loss of every atom of every critic towards every target."""
    total, atoms = np.zeros(said.shape[1]), said.shape[-1]
    for critic, window, atom in np.ndindex(said.shape):
        for target in goal[window]:
            error = target - said[critic, window, atom]
            huber = 0.5 * error**2 if abs(error) < 1 else abs(error) - 0.5
            total[window] += abs((atom + 0.5) / atoms - (error < 0)) * huber / goal.shape[1]
    return total


@pytest.mark.parametrize("drop", [0, 2])
def test_the_highest_quantiles_are_left_out(drop):
    recipe = QuantileCritics(count=2, atoms=4, drop=drop)
    said, reward, discount, cost = (ARRAYS.normal(size=shape) for shape in ((2, 3, 4), 3, 3, 3))
    goal = recipe.goal(jnp.asarray(said), reward, discount, cost)
    assert goal.shape == (3, 2 * (4 - drop))
    np.testing.assert_allclose(np.sort(goal, -1), np.sort(slow_goal(said, drop, reward, discount, cost), -1), rtol=1e-5)
    np.testing.assert_allclose(recipe.loss(jnp.asarray(said), goal), slow_loss(said, np.asarray(goal)), rtol=1e-4)
    np.testing.assert_allclose(recipe.gain(said), said.mean((0, 2)), rtol=1e-5)
    off = abs(said.mean(-1) - np.asarray(goal).mean(-1)).mean(0)
    np.testing.assert_allclose(recipe.error(said, goal), off, rtol=1e-4)


def test_something_must_be_left():
    with pytest.raises(ValueError, match="5 of 5 atoms cannot be dropped"):
        QuantileCritics(atoms=5, drop=5).init(jax.random.key(0), Spec(Box((3,)), VECTOR))


@pytest.mark.parametrize("recipe", [Critics((8,)), QuantileCritics((8,), atoms=3), ChoiceCritics((8,))], ids=str)
@pytest.mark.parametrize("seen", ["image", "nested", "masked"])
def test_every_observation_is_read(recipe, seen):
    numbers = Box((3,))
    space = {
        "image": Box((8, 8, 1), "uint8", 0, 255),
        "nested": Dict({"kind": Discrete(4), "place": numbers}),
        "masked": Dict({"observation": numbers, "action_mask": MultiBinary((5,))}),
    }[seen]
    of_choices = isinstance(recipe, ChoiceCritics)
    recipe = dataclasses.replace(recipe, encoder=Encoder((4,)))

    def said(key):
        spec = Spec(space, Discrete(5) if of_choices else VECTOR)
        rows = observations(space, key, (6,)), *(() if of_choices else (actions(spec.action, key, (6,)),))
        return recipe.init(key, spec)(*rows)

    last = {Critics: (), QuantileCritics: (3,), ChoiceCritics: (5,)}[type(recipe)]
    assert jax.eval_shape(said, jax.random.key(0)).shape == (2, 6, *last)
