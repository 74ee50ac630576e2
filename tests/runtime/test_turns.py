"""Rows of lanes that wait their turn: on each agent's own clock they are what the agent alone would have seen."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.ops.returns import gae
from ecotone.runtime.party import Turns
from ecotone.runtime.turns import compact, nobody_waits
from ecotone.trajectory import Trajectory

LENGTH, FRAGMENTS, LANES, GAMMA, TRACE = 6, 5, 40, 0.9, 0.7


def clock(random, steps):
    """One agent's fate on the environment's clock: rows that ask, that end, and rewards that come at any time."""
    asks, ends, first = np.zeros(steps, bool), np.zeros(steps, bool), np.zeros(steps, bool)
    terminated, alive = np.zeros(steps, bool), False
    for t in range(steps):
        kind = random.random()
        if alive and kind < 0.15:
            ends[t], terminated[t], alive = True, random.random() < 0.5, False
        elif kind < 0.6:
            asks[t], first[t], alive = True, not alive, True
    return asks, ends, first, terminated, random.normal(size=steps)


def rows_on(asks, first, ends, terminated, reward):
    """Raw rows of one fragment `[LENGTH + 1, LANES]`, whose observation is the number of the row."""
    acted = asks.copy()
    acted[-1] = False
    then = np.where(np.roll(terminated & ends, -1, 0), 0.0, 1.0)
    then[-1] = 0.0  # the runtime leaves the last row's discount blank
    reward = np.roll(reward, -1, 0)
    reward[-1] = 0.0
    return acted, then, reward


def alone(asks, ends, first, terminated, reward, values):
    """Advantages by row of one agent's episodes, each on its own clock, and the reward of every decision."""
    counts = np.flatnonzero(asks | ends)
    advantage, rewards = {}, {}
    later = 0.0
    for here, following in reversed(list(itertools.pairwise(counts))):
        if not asks[here]:
            later = 0.0
            continue
        rewards[here] = reward[here + 1 : following + 1].sum()
        discount = 0.0 if ends[following] and terminated[following] else 1.0
        delta = rewards[here] + GAMMA * discount * values[following] - values[here]
        later = delta + GAMMA * discount * TRACE * (0.0 if ends[following] else later)
        advantage[here] = later
    return advantage, rewards


def fragments(seed):
    """Fragments as the runtime collects them, and each lane's clock."""
    random, steps = np.random.default_rng(seed), LENGTH * FRAGMENTS + 1
    lanes = [clock(random, steps) for _ in range(LANES)]
    asks, ends, first, terminated, reward = (np.stack(each, 1) for each in zip(*lanes, strict=True))
    pieces = []
    for i in range(FRAGMENTS):
        part = slice(i * LENGTH, (i + 1) * LENGTH + 1)
        acted, discount, brought = rows_on(asks[part], first[part], ends[part], terminated[part], reward[part])
        seen = np.arange(steps)[part, None].repeat(LANES, 1)
        memory = Turns(jnp.zeros((LANES, 1)), jnp.ones((LANES, 1)))
        rows = Trajectory(
            seen, first[part], acted, seen, brought.astype(np.float32), discount.astype(np.float32), (), memory
        )
        pieces.append((jax.tree.map(jnp.asarray, rows), jnp.asarray((asks | ends)[part])))
    return pieces, lanes


def test_compacted_rows_are_those_of_each_agents_own_clock():
    pieces, lanes = fragments(0)
    waiting = nobody_waits(jax.eval_shape(lambda: pieces[0][0]))
    values = np.random.default_rng(1).normal(size=LENGTH * FRAGMENTS + 1)
    done = jax.jit(compact)
    told: list[dict] = [{} for _ in lanes]
    newest = None
    for rows, counts in pieces:
        waiting, rows = done(waiting, rows, counts)
        seen, acted, reward = map(np.asarray, (rows.observation, rows.acted, rows.reward))
        if newest is not None:
            decided = acted[0]
            np.testing.assert_array_equal(seen[0][decided], newest[decided])
        newest = seen[-1]
        estimates = np.asarray(gae(rows, jnp.asarray(values)[rows.observation], GAMMA, 0.0))
        for t, lane in np.argwhere(acted):
            assert seen[t, lane] not in told[lane], "a decision was told twice"
            told[lane][seen[t, lane]] = (reward[t, lane], estimates[t, lane], bool(rows.is_first[t, lane]))
    for lane, (asks, ends, first, terminated, reward) in enumerate(lanes):
        _, rewards = alone(asks, ends, first, terminated, reward, values)
        assert sorted(told[lane]) == sorted(rewards)
        for row, (brought, delta, is_first) in told[lane].items():
            following = np.flatnonzero((asks | ends)[row + 1 :])[0] + row + 1
            discount = 0.0 if ends[following] and terminated[following] else 1.0
            np.testing.assert_allclose(brought, rewards[row], atol=1e-5)
            np.testing.assert_allclose(delta, rewards[row] + GAMMA * discount * values[following] - values[row], atol=1e-5)
            assert is_first == first[row]


def test_advantages_of_one_long_fragment_equal_those_of_the_own_clock():
    pieces, lanes = fragments(2)
    join = lambda *parts: jnp.concatenate([*(part[:-1] for part in parts[:-1]), parts[-1]])
    rows = jax.tree.map(join, *(rows._replace(memory=()) for rows, _ in pieces))._replace(memory=pieces[0][0].memory)
    counts = join(*(counts for _, counts in pieces))
    values = np.random.default_rng(3).normal(size=LENGTH * FRAGMENTS + 1)
    _, compacted = compact(nobody_waits(rows), rows, counts)
    estimates = np.asarray(gae(compacted, jnp.asarray(values)[compacted.observation], GAMMA, TRACE))
    seen, acted = np.asarray(compacted.observation), np.asarray(compacted.acted)
    for lane, fate in enumerate(lanes):
        expected, _ = alone(*fate, values)
        found = {seen[t, lane]: estimates[t, lane] for t in np.flatnonzero(acted[:, lane])}
        assert sorted(found) == sorted(expected)
        np.testing.assert_allclose([found[row] for row in sorted(found)], [expected[r] for r in sorted(found)], atol=1e-4)


def test_a_waiting_lane_keeps_the_memory_before_its_pending_row():
    rows, counts = fragments(4)[0][0]
    _, compacted = compact(nobody_waits(rows), rows, counts)
    waits = ~np.asarray(counts[0])
    assert waits.any()
    assert not waits.all()
    np.testing.assert_array_equal(np.asarray(compacted.memory)[:, 0], waits.astype(np.float32))
