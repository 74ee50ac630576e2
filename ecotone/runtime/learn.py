"""The one `learn`: what every runtime does with a fragment of rows."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.tree_util import GetAttrKey

from ecotone.feed import NoRows, Replay, Rollout
from ecotone.groups import ALL
from ecotone.mistakes import Mistake
from ecotone.ops import devices
from ecotone.protocols import Algorithm, Key, Params, State
from ecotone.replay import experience
from ecotone.replay.experience import Experience
from ecotone.runtime import past
from ecotone.runtime.party import Party, split_agents
from ecotone.runtime.spread import OWN, SAME
from ecotone.runtime.turns import compact, nobody_waits
from ecotone.trajectory import Array, Trajectory, Tree


class Learner(NamedTuple):
    """All that learning carries from one fragment to the next; of a `Party`, dicts by group.

    Beside a party's stores stands the entry `__all__`: rows of lanes that wait their turn, by group.
    """

    state: State
    store: Any
    key: Key


LEARNER = Learner(SAME, OWN, SAME)
"""What of a learner several devices share."""


class Learned(NamedTuple):
    """What a fragment left: the learner, what actors need of it, and metrics of the `updates` just made (means).

    Of a `Party`, metrics are named `group/metric`, and updates are a dict by group.
    """

    learner: Learner
    params: Params
    metrics: dict[str, Array]
    updates: Any


def begin(algorithm: Algorithm | Party, key: Key, spec: Any, example: Trajectory) -> Learner:
    """A fresh learner for fragments shaped as `example` `[T + 1, B, ...]`."""
    if isinstance(algorithm, Party):
        return _begin_party(algorithm, key, spec, example)
    key_state, key_learn = jax.random.split(key)
    state = algorithm.init(key_state, spec)
    if isinstance(feed := algorithm.feed, Replay):
        return Learner(state, experience.empty(feed, example, spec.observation), key_learn)
    return Learner(state, (), key_learn)


def fragment_length(algorithm: Algorithm | Party, lanes: int) -> int:
    """Decisions per lane between two calls of `learn`; of a `Party`, steps of its environment.

    Raises `Mistake` for groups of a party that cannot learn at the same time.
    """
    if isinstance(algorithm, Party):
        return _common_length(algorithm, lanes)
    feed = algorithm.feed
    if isinstance(feed, Rollout):
        return feed.length
    if isinstance(feed, Replay):
        return feed.fragment(lanes)
    if isinstance(feed, NoRows):
        return Rollout().length
    raise ValueError(f"{type(algorithm).__name__} learns from a dataset and collects nothing.")


def learn(algorithm: Algorithm | Party, learner: Learner, rows: Trajectory, steps: Array | None = None) -> Learned:
    """Take note of a fragment and learn from it, or from what the replay draws. Pure; every runtime jits it.

    `steps` says how many environment steps the fragment took; none means as many as there are decisions.
    """
    if isinstance(algorithm, Party):
        return _learn_party(algorithm, learner, rows)
    if steps is None and devices.count() > 1:
        steps = devices.total(rows.acted[:-1].sum(dtype=jnp.int32))
    key, key_update = jax.random.split(learner.key)
    key_update = devices.apart(key_update)
    state = counted(learner.state, algorithm.observe(learner.state, rows), steps)
    if isinstance(algorithm.feed, Replay):
        store = counted(learner.store, experience.add(algorithm.feed, learner.store, rows), steps)
        due = algorithm.feed.updates(rows.acted[:-1].size)
        state, store, metrics, updates = _learn_from_replay(algorithm, state, store, due, key_update)
    elif isinstance(algorithm.feed, NoRows):
        store, metrics, updates = (), {}, jnp.zeros((), jnp.int32)
    else:
        state, report = algorithm.update(state, rows, key_update)
        store, metrics, updates = (), report.metrics, jnp.ones((), jnp.int32)
    return Learned(Learner(state, store, key), algorithm.policy(state), metrics, updates)


def counted(before: Tree, after: Tree, steps: Array | None) -> Tree:
    """`after`, with `steps` more than `before` in whole numbers named `steps`; none leaves what was counted."""

    def one(path: Any, old: Any, new: Any) -> Any:
        assert steps is not None
        counts = path and path[-1] == GetAttrKey("steps") and new.shape == () and jnp.issubdtype(new.dtype, jnp.integer)
        return old + steps.astype(new.dtype) if counts else new

    return after if steps is None else jax.tree_util.tree_map_with_path(one, before, after)


def _learn_from_replay(algorithm: Any, state: State, held: Experience, due: int, key: Key) -> tuple:
    feed = algorithm.feed

    def once(both: tuple, keys: Key) -> tuple[tuple, dict[str, Array]]:
        state, priorities = both
        now = held._replace(priorities=priorities)
        windows, at = experience.draw(feed, now, keys[0])
        state, report = algorithm.update(state, windows, keys[1])
        return (state, experience.learned(feed, now, at, report).priorities), report.metrics

    def some(both: tuple) -> tuple[tuple, dict[str, Array]]:
        if due == 1:
            return once(both, keys_of(key, due)[0])
        both, metrics = jax.lax.scan(once, both, keys_of(key, due))
        return both, jax.tree.map(lambda x: x.mean(0), metrics)

    def none(both: tuple) -> tuple[tuple, dict[str, Array]]:
        shapes = jax.eval_shape(some, both)[1]
        return both, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), shapes)

    ready = experience.ready(feed, held.ring.layout, held.ring.filled)
    (state, priorities), metrics = jax.lax.cond(ready, some, none, (state, held.priorities))
    return state, held._replace(priorities=priorities), metrics, jnp.where(ready, due, 0)


def keys_of(key: Key, due: int) -> Key:
    """For each update that is due a key to draw windows with and one to learn with, `[due, 2]`."""
    return jax.random.split(key, (due, 2))


def _common_length(party: Party, copies: int) -> int:
    """Steps between two calls of `learn` that suit every group which learns."""
    learning = {
        name: (party.groups[name].algorithm, feed) for name, feed in party.feeds.items() if not isinstance(feed, NoRows)
    }
    fresh = {name: feed.length for name, (_, feed) in learning.items() if isinstance(feed, Rollout)}
    if len(set(fresh.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in fresh.items())
        raise Mistake(f"groups learn at the same time, but their feeds have unlike lengths ({told}): make them equal.")
    wanted = {
        name: fragment_length(algorithm, _learner_lanes(party, name, copies)) for name, (algorithm, _) in learning.items()
    }
    length = next(iter(fresh.values()), max(wanted.values(), default=Rollout().length))
    for name, least in wanted.items():
        if least > length:
            raise Mistake(
                f"group {name} learns every {least} rows per lane, but others every {length}: give them longer feeds."
            )
    return length


def _learner_lanes(party: Party, name: str, copies: int) -> int:
    """Lanes of one learner of a group."""
    return party.lanes(name, copies) if party.groups[name].shared else copies


def _begin_party(party: Party, key: Key, spec: Any, example: Trajectory) -> Learner:
    learners, waiting = {}, {}
    for name, key_group in zip(sorted(party.groups), jax.random.split(key, len(party.groups)), strict=True):
        rows, group = rows_of(example, name), party.groups[name]
        if party.waits:
            waiting[name] = nobody_waits(rows)
            rows = rows._replace(memory=rows.memory.now)
        if group.past is not None:
            continue
        if group.train:
            one = rows if group.shared else jax.eval_shape(lambda r, n=name: _apart(party, n, r, take=0), rows)
            fresh = lambda key, one=one, group=group, name=name: begin(group.algorithm, key, spec[name], one)
            learners[name] = party.each(name, fresh, party.keys(name, key_group))
        else:
            learners[name] = Learner(party.init_group(name, key_group, spec[name]), (), key_group)
    for name, other in party.pasts.items():
        learners[name] = Learner(
            party.begin_past(name, learners[other.of].state), (), jax.random.fold_in(key, len(learners))
        )
    return _together(learners, waiting)


def _together(learners: dict[str, Learner], waiting: dict[str, Trajectory]) -> Learner:
    """The learners of a party as one, with the rows that wait."""
    fields = ({name: each[i] for name, each in learners.items()} for i in range(3))
    together = Learner(*fields)
    return together._replace(store=together.store | {ALL: waiting})


def _learn_party(party: Party, learner: Learner, rows: Trajectory) -> Learned:
    learners, params, metrics, updates, waiting = {}, {}, {}, {}, {}
    steps = devices.total(rows.acted[ALL][:-1].sum(dtype=jnp.int32))
    for name, group in party.groups.items():
        own, mine = Learner(*(field[name] for field in learner)), rows_of(rows, name)
        if party.waits:
            waiting[name], mine = compact(learner.store[ALL][name], mine, rows.observation[ALL][name])
        if not group.learns:
            learners[name], params[name] = own, party.policy_of(name, own.state)
            continue
        mine = mine if group.shared else _apart(party, name, mine)
        learned = party.each(name, lambda own, mine, group=group: learn(group.algorithm, own, mine, steps), own, mine)
        learners[name], params[name] = learned.learner, learned.params
        metrics |= {f"{name}/{metric}": value.mean() for metric, value in learned.metrics.items()}
        updates[name] = learned.updates.max()
    for name, other in party.pasts.items():
        key, key_draw = jax.random.split(learners[name].key)
        pool = past.onward(other, learners[name].state, params[other.of], key_draw)
        learners[name], params[name] = Learner(pool, (), key), past.policy(pool)
    return Learned(_together(learners, waiting), params, metrics, updates)


def rows_of(rows: Trajectory, name: str) -> Trajectory:
    """The rows of one group."""
    return Trajectory(*(field[name] for field in rows))


def _apart(party: Party, name: str, rows: Trajectory, take: int | None = None) -> Trajectory:
    """Rows of a group's lanes with the agents in front, or those of one agent."""
    size = party.size(name)
    memory = split_agents(rows.memory, size, 0)
    apart = split_agents(rows._replace(memory=()), size, 1)._replace(memory=memory)
    return apart if take is None else jax.tree.map(lambda x: x[take], apart)
