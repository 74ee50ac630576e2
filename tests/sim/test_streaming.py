"""Managed simulations as streams of many copies."""

import jax
import numpy as np
import pytest

from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.envs.gymnasium import to_space
from ecotone.sim import AllStepManager, Box, TurnBasedManager
from ecotone.sim.games import MultiCorridor
from ecotone.spec import MultiBinary


def rows(stream, state, choose, steps):
    """Time steps under random actions."""
    told = []
    for _ in range(steps):
        state, now = stream.step(state, {"agent": choose.integers(0, 3, (2, 3)).astype(np.int32)})
        told.append(now)
    return told


@pytest.mark.parametrize("manager", [AllStepManager, TurnBasedManager])
def test_copies_of_simulations_stream_and_continue_where_they_were_saved(manager):
    make = lambda: DictionaryStream(lambda: manager(MultiCorridor(5, 3), horizon=20), 2, seed=0)
    stream = make()
    assert stream.simultaneous == (manager is AllStepManager)
    state, first = stream.start()
    assert first.asks["agent"].sum() == (6 if manager is AllStepManager else 2)
    told = rows(stream, state, np.random.default_rng(0), 70)
    assert sum(now.over.sum() for now in told) > 4
    ends = sum(now.ends["agent"].sum() for now in told)
    cut = sum((now.ends["agent"] & (now.discount["agent"] == 1)).sum() for now in told)
    assert 0 < cut < ends
    saved, choose = stream.save(), np.random.default_rng(1)
    expected = rows(stream, None, choose, 30)
    again = make()
    again.restore(saved)
    again.start()
    for ours, theirs in zip(expected, rows(again, None, np.random.default_rng(1), 30), strict=True):
        jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_what_is_earned_before_the_first_decision_counts_for_nothing():
    stream = DictionaryStream(lambda: TurnBasedManager(MultiCorridor(5, 3)), 1, seed=0)
    sim = stream.environments[0].sim
    stream.start()
    sim.reset(positions=[0, 1, 2])
    shown = stream.step(None, {"agent": np.full((1, 3), 2, np.int32)})[1]
    assert shown.reward["agent"].tolist() == [[0, 0, 0]], "agent1, bumped into, is paid -2 with its first observation"
    stream.step(None, {"agent": np.full((1, 3), 2, np.int32)})
    shown = stream.step(None, {"agent": np.full((1, 3), 2, np.int32)})[1]
    assert shown.reward["agent"].tolist() == [[-5, 0, 0]]


def test_bits_on_several_axes_are_actions():
    """Abmarl's agents choose by such a box which cells around them they attack."""
    space = Box(0, 1, (3, 3), int)
    assert to_space(space, "action") == MultiBinary((3, 3))
    sim = MultiCorridor(5, 1)
    sim.agents["agent0"].action_space = space
    sim.step = lambda action_dict: told.append(action_dict["agent0"])
    told = []
    stream = DictionaryStream(lambda: AllStepManager(sim), 1, seed=0)
    stream.start()
    stream.step(None, {"agent": np.eye(3, dtype=np.int32)[None, None]})
    np.testing.assert_array_equal(told, [np.eye(3)])
    assert told[0] in space
