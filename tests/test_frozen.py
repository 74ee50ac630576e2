"""Frozen classes: floats are leaves, everything else is structure."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.algorithms import PPO
from ecotone.frozen import FROZEN, frozen, static
from ecotone.ops.descent import Adam
from ecotone.ops.schedules import Constant, Linear, Schedule


@frozen
class Inner:
    """A leaf and some structure."""

    rate: float = 0.5
    count: int = 3


@frozen
class Outer:
    """All kinds of fields."""

    scale: float
    inner: Inner = Inner()
    schedule: Schedule = Constant(0.1)
    limit: float | None = None
    other: Inner | None = None
    name: str = "x"
    sizes: tuple[int, ...] = (1, 2)
    ratio: float = static(default=0.25)

    def __post_init__(self):
        if self.name == "":
            raise ValueError("no name")


def test_floats_are_leaves_and_the_rest_is_structure():
    leaves = jax.tree.leaves(Outer(2.0))
    assert leaves == [2.0, 0.5, 0.1]
    assert len(jax.tree.leaves(Outer(2.0, limit=1.0, other=Inner(0.7)))) == 5
    structure = jax.tree.structure
    assert structure(Outer(2.0)) == structure(Outer(3.0, Inner(0.9)))
    for other in (Outer(2.0, name="y"), Outer(2.0, Inner(count=4)), Outer(2.0, sizes=(1,)), Outer(2.0, ratio=0.5)):
        assert structure(Outer(2.0)) != structure(other)


def test_integers_given_for_floats_become_floats():
    outer = Outer(2, limit=1, ratio=1)  # type: ignore[arg-type]
    assert [type(x) for x in (outer.scale, outer.limit, outer.ratio)] == [float] * 3
    assert type(outer.inner.count) is int
    assert outer == Outer(2.0, limit=1.0, ratio=1.0)
    assert Outer(True).scale is True


def test_own_checks_run_after_coercion():
    with pytest.raises(ValueError, match="no name"):
        Outer(1.0, name="")


def test_frozen_means_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Inner().rate = 1.0  # type: ignore[misc]
    assert dataclasses.replace(Inner(), rate=2).rate == 2.0


def test_equality_hash_and_repr():
    assert Outer(1.0) == Outer(1.0) != Outer(2.0)
    assert hash(Outer(1.0)) == hash(Outer(1.0))
    assert len({PPO(), PPO(), PPO(gamma=0.9)}) == 2
    assert repr(Inner(0.25)) == "Inner(rate=0.25, count=3)"


def test_every_frozen_class_is_registered_by_name():
    assert FROZEN[f"{__name__}.Inner"] is Inner
    assert FROZEN["ecotone.algorithms.ppo.PPO"] is PPO
    assert FROZEN["ecotone.ops.schedules.Linear"] is Linear


def test_a_round_trip_through_the_tree_keeps_everything():
    outer = Outer(2.0, other=Inner(0.7), name="z")
    leaves, structure = jax.tree.flatten(outer)
    assert jax.tree.unflatten(structure, leaves) == outer
    doubled = jax.tree.map(lambda x: 2 * x, outer)
    assert (doubled.scale, doubled.inner.rate, doubled.other.rate, doubled.name) == (4.0, 1.0, 1.4, "z")


def test_changing_a_float_does_not_recompile():
    traced = []

    @jax.jit
    def double(outer):
        traced.append(outer)
        return outer.scale * 2 * outer.inner.count

    assert double(Outer(1.0)) == 6.0
    assert double(Outer(4.0)) == 24.0
    assert len(traced) == 1
    assert double(Outer(1.0, Inner(count=5))) == 10.0
    assert len(traced) == 2


def test_a_sweep_is_a_vmap_over_the_object():
    sweep = jax.tree.map(lambda x: jnp.asarray([x, 2 * x]), Outer(1.0))
    result = jax.vmap(lambda o: o.scale + o.inner.rate + o.schedule(0))(sweep)
    np.testing.assert_allclose(result, [1.6, 3.2], rtol=1e-6)


def test_a_gradient_flows_into_the_object():
    slope = jax.grad(lambda adam: adam.learning_rate(50) * 3.0)(Adam(Linear(1.0, 0.0, over=100)))
    np.testing.assert_allclose(slope.learning_rate.start, 1.5)


def test_structures_of_different_classes_differ():
    @frozen
    class One:
        """Nothing."""

    @frozen
    class Other:
        """Nothing either."""

    assert jax.tree.structure(One()) != jax.tree.structure(Other())
    assert jax.tree.structure(One()) == jax.tree.structure(One())
