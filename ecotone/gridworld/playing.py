"""One step of a grid world: everybody acts, then it is seen who is done, who is paid what, and who is next."""

from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.gridworld.chance import shuffled
from ecotone.gridworld.channels import learning_members
from ecotone.gridworld.components import Actor, Channel, Crowd, Events
from ecotone.gridworld.state import GridState, blank
from ecotone.teams import Shown

if TYPE_CHECKING:
    from ecotone.gridworld.world import GridWorld as World

Array = Any
Tree = Any


def begun(world: "World", words: Array) -> GridState:
    """The first state of an episode; one random word for each part."""
    state = blank(world.roster, world.events)
    for part, word in zip(world.parts, words[: len(world.parts)], strict=True):
        state = part.reset(world, state, word)
    asks, turn = world.turns.next(world, state, state.active & world.learns)
    return state._replace(asks=asks, turn=turn)


def play(world: "World", state: GridState, actions: list[Tree], words: Array) -> GridState:
    """The state after all actors and rules, in their order."""
    before, asked, used = state, state.asks, 0
    events = dict.fromkeys(world.events, jnp.zeros(world.size, jnp.float32))
    for actor, action in zip(world.actors, actions, strict=True):
        members = learning_members(world, actor) if isinstance(actor, Channel) else np.arange(world.size)
        times = len(members) if isinstance(actor, Channel) else 1
        mine = words[used : used + times * actor.words].reshape(times, actor.words)
        used += times * actor.words
        if not len(members):
            continue
        if not isinstance(actor, Channel):
            state, happened = actor.happen(world, state, mine[0])
        elif isinstance(actor, Crowd):
            state, happened = actor.act_together(world, state, members, (asked & state.active)[members], action, mine)
        else:
            assert isinstance(actor, Actor)
            state, happened = in_turn(world, actor, state, members, action, mine, words[-1])
        for name, count in happened.items():
            events[name] += spread(world.size, members, count)
    killed = before.active & ~state.active & (state.health <= 0)
    events |= {"acted": asked.astype(jnp.float32), "killed": killed.astype(jnp.float32)}
    return concluded(world, state._replace(events=events, time=state.time + 1))


def spread(size: int, members: np.ndarray, values: Array) -> Array:
    """Values of some agents `[M]` among zeros for all others, `[N]` float32."""
    if len(members) == size:
        return values.astype(jnp.float32)
    place = np.full(size, len(members))
    place[members] = np.arange(len(members))
    return jnp.append(values.astype(jnp.float32), 0.0)[place]


def in_turn(
    world: "World", actor: Actor, state: GridState, members: np.ndarray, action: Tree, words: Array, order: Array
) -> tuple[GridState, Events]:
    """The state after all members `[M]` who were asked and are active acted, one after another, and their events `[M]`."""
    asked, agents = state.asks, jnp.asarray(members, jnp.int32)
    turns = (agents, asked[members], action, words)
    back = None
    if world.turns.shuffled:
        places = jnp.argsort(shuffled(order, members.astype(np.uint32)))
        turns, back = jax.tree.map(lambda each: each[places], turns), jnp.argsort(places)

    def once(state: GridState, turn: tuple[Array, Array, Tree, Array]) -> tuple[GridState, Events]:
        agent, asked, action, words = turn
        acted, events = actor.act(world, state, agent, action, words)
        does = asked & state.active[agent]
        events = {name: jnp.where(does, count, 0).astype(jnp.float32) for name, count in events.items()}
        return jax.tree.map(lambda new, old: old if new is old else jnp.where(does, new, old), acted, state), events

    state, events = jax.lax.scan(once, state, turns)
    return state, events if back is None else {name: count[back] for name, count in events.items()}


def concluded(world: "World", state: GridState) -> GridState:
    """The state with those who are done now, and those who are asked next."""
    over = any_over(world, state)
    ended = state.ended
    for ending in world.endings:
        ended |= ending.ended(world, state)
    candidates = world.learns & state.active & ~ended & ~over
    asks, turn = world.turns.next(world, state, candidates)
    events = state.events | {"ended": (ended & ~state.ended).astype(jnp.float32)}
    return state._replace(ended=ended, asks=asks & candidates, turn=turn, events=events)


def any_over(world: "World", state: GridState) -> Array:
    """Whether the episode ended for good for everybody, `[]` bool."""
    over = jnp.zeros((), bool)
    for ending in world.endings:
        over |= ending.over(world, state)
    return over


def shown_now(world: "World", before: GridState, state: GridState, word: Array) -> Shown:
    """What everybody sees and is paid; where `before` is `state` itself, an episode begins."""
    begins = before is state
    over = jnp.zeros((), bool) if begins else any_over(world, state)
    left = world.learns & ~before.ended & (before.active | state.active)
    late = jnp.zeros((), bool) if begins or world.horizon is None else state.time >= world.horizon
    ends = left & (state.ended | over)
    truncated = left & ~ends & late
    paid = jnp.zeros(world.size, jnp.float32)
    for reward in () if begins else world.rewards:
        paid += reward.pay(world, before, state)
    nobody = ~(left & ~ends).any() if not begins else over
    parts = {k: world.kinds[k].name for k in world.learners}
    where = {name: world.roster.of(k) for k, name in parts.items()}
    each = lambda array: {name: array[place] for name, place in where.items()}
    over = over | late | nobody
    return Shown(
        observation={name: observed(world, state, k, word) for k, name in parts.items()},
        asks=each(state.asks & ~over), reward=each(jnp.where(left, paid, 0.0)),
        terminated=each(ends), truncated=each(truncated), over=over, state=revealed(world, state),
    )  # fmt: skip


def observed(world: "World", state: GridState, kind: int, word: Array) -> Tree:
    """What the agents of a kind see, `[A, ...]`."""
    serving = [observer for observer in world.observers if observer.serves(world.kinds[kind])]
    parts = {observer.key: observer.observe(world, state, kind, word) for observer in serving}
    return parts[serving[0].key] if len(parts) == 1 else parts


def revealed(world: "World", state: GridState) -> Tree:
    """The true state: presence, row and column from 0 to 1, health, `[N, 4]` float32; `()` unless the world reveals it."""
    if not world.reveals:
        return ()
    row, column = state.row / max(world.rows - 1, 1), state.column / max(world.columns - 1, 1)
    there = state.active.astype(jnp.float32)
    return jnp.stack([there, row * there, column * there, state.health], -1).astype(jnp.float32)
