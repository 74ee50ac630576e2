"""A stream of many agents as groups see it: time steps whose fields are dicts by group, with agents folded into lanes."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone.envs.agents.padding import cut
from ecotone.envs.agents.seats import Seats, fold
from ecotone.frozen import register
from ecotone.groups import ALL, World
from ecotone.mistakes import Mistake
from ecotone.ops.arrays import namespace
from ecotone.spec import Spec
from ecotone.teams import REWARDS, AgentSteps, Counting, MultiAgentStream
from ecotone.trajectory import Array, TimeStep, Tree

Key = Any


class Shared(NamedTuple):
    """What is remembered of a joint group.

    Its members that are in an episode `[B, A]`, whether its lane has begun `[B]`, and what each member got since the lane's
    last row `[B, A]`.
    """

    alive: Array
    begun: Array
    owed: Array


class GroupedState(NamedTuple):
    """The inner stream's state, copies that are over `[B]`, and what is remembered of joint groups, by name."""

    inner: Any
    over: Array
    joint: dict[str, Shared]


@dataclass(frozen=True)
class Grouped:
    """Time steps by group, of a stream of many agents; pure where that is.

    Beside the groups stands the entry `__all__`, of the copies as a whole: `is_first` and `asks` `[B]` (their episode
    begins, and has not ended), `reward` `[B, N]` of every agent in the world's order; and, where agents wait their turn, in
    `observation` which rows of each group count, since the lane is asked or its episode ends `[L]`.

    Arguments:
        stream: what is stepped.
        world: everybody in it.
        seats: where the agents of each group sit.
    """

    stream: MultiAgentStream
    world: World
    seats: tuple[Seats, ...]

    @property
    def spec(self) -> dict[str, Spec]:
        """What each group's algorithm sees and does in a lane."""
        return {each.name: each.spec for each in self.seats}

    @property
    def lanes(self) -> int:
        """Copies."""
        return self.stream.lanes

    def start(self, key: Key = None) -> tuple[GroupedState, TimeStep]:
        """Begin an episode in every copy."""
        inner, steps = self.stream.start(key)
        xp = namespace(steps.over)
        there = [steps.asks[team] | steps.ends[team] for team in steps.asks]
        begins = [steps.is_first[team] | ~here for team, here in zip(steps.asks, there, strict=True)]
        first = xp.concatenate(begins, 1).all(1)
        return self.told(self.blank(inner, first), steps)

    def blank(self, inner: Any, over: Array) -> GroupedState:
        """Nothing is remembered of joint groups yet."""
        xp, joint = namespace(over), {}
        for each in self.seats:
            if each.joint:
                nobody = xp.zeros((self.lanes, len(each.agents)), bool)
                joint[each.name] = Shared(nobody, xp.zeros(self.lanes, bool), nobody.astype("float32"))
        return GroupedState(inner, over, joint)

    def step(self, state: GroupedState, action: dict[str, Tree]) -> tuple[GroupedState, TimeStep]:
        """Take actions by group, `[L, ...]` as rows have them."""
        inner, steps = self.stream.step(state.inner, self.by_team(action))
        return self.told(state._replace(inner=inner), steps)

    def shares(self, returns: Array) -> tuple[dict[str, Array], dict[str, Array]]:
        """Returns `[..., N]` of all agents by agent, and by group the mean of its agents', `[...]`."""
        agents = {agent: returns[..., i] for i, agent in enumerate(self.world.agents)}
        groups = {each.name: sum(agents[agent] for agent in each.agents) / len(each.agents) for each in self.seats}
        return agents, groups

    def counts(self, state: GroupedState) -> dict[str, Array]:
        """What happened in every copy's step, `[B]` by name; nothing where the stream does not count."""
        return self.stream.counts(state.inner) if isinstance(self.stream, Counting) else {}

    def with_task(self, task: Any) -> "Grouped":
        """The same groups around the stream with another task."""
        return replace(self, stream=self.stream.with_task(task))  # type: ignore[attr-defined]

    def told(self, state: GroupedState, steps: AgentSteps) -> tuple[GroupedState, TimeStep]:
        """What the stream told, by group."""
        xp = namespace(steps.over)
        rewards = xp.concatenate([steps.reward[team] for team, _ in self.world.teams], 1)
        fields: list[dict[str, Any]] = [{ALL: ()}, {ALL: state.over}, {ALL: ~steps.over}, {ALL: rewards}, {}]
        joint, counts = {}, {}
        for each in self.seats:
            if each.joint:
                lane, counts[each.name], joint[each.name] = _joint(each, steps, state)
            else:
                lane, counts[each.name] = _folded(each, steps, self.world.simultaneous)
            for field, values in zip(fields, lane, strict=True):
                field[each.name] = values
        if not self.world.simultaneous:
            fields[0][ALL] = counts
        return GroupedState(state.inner, steps.over, joint), TimeStep(*fields)

    def by_team(self, action: dict[str, Tree]) -> dict[str, Tree]:
        """Actions by team `[B, A, ...]`."""
        pieces: dict[str, list[tuple[tuple[int, ...], Tree]]] = {team: [] for team, _ in self.world.teams}
        for each in self.seats:
            chosen, begin = jax.tree.map(lambda x, each=each: _apart(x, each, self.lanes), action[each.name]), 0
            for team, spec, index, _ in each.places:
                mine = jax.tree.map(lambda x, a=begin, b=begin + len(index): x[:, a:b], chosen)
                pieces[team].append((index, cut(spec, each.own, mine)))
                begin += len(index)
        return {team: _in_order(parts) for team, parts in pieces.items()}


Now = tuple[GroupedState, TimeStep]


@dataclass(frozen=True)
class LocalGrouped(Grouped):
    """`Grouped` around a stream stepped in this process, which holds its own state."""

    def save(self) -> dict[str, Any]:
        """What the stream saves."""
        return self.stream.save()  # type: ignore[attr-defined]

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `start` continue the saved episodes."""
        self.stream.restore(saved)  # type: ignore[attr-defined]

    def continued(self, fresh: Now, saved: Now) -> Now:
        """What was saved; of copies that were not repeated exactly what `start` gave, with agents that begin episodes."""
        same = np.ones(self.lanes, bool)
        for each in self.seats:
            seen, before = (tree[1].observation[each.name] for tree in (fresh, saved))
            if each.joint:
                seen, before = ({name: part for name, part in of.items() if name != REWARDS} for of in (seen, before))
            for x, y in zip(jax.tree.leaves(seen), jax.tree.leaves(before), strict=True):
                same &= (np.asarray(x) == y).reshape(self.lanes, -1).all(1)
        state, now = fresh
        anew = {name: now.asks[name] for name in now.is_first}
        choose = lambda new, old: np.where(_wide(same, new), old, new).astype(new.dtype)
        state, now = jax.tree.map(choose, (state, now._replace(is_first=anew)), saved)
        return state, now

    def set_task(self, task: Any) -> None:
        """Hand a task to the stream; raises `Mistake` where it has no tasks."""
        if not hasattr(self.stream, "set_task"):
            raise Mistake(f"{type(self.stream).__name__} has no tasks to change between.")
        self.stream.set_task(task)  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close the stream."""
        self.stream.close()  # type: ignore[attr-defined]


def _wide(copies: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Of copies `[B]`, for an array whose axis 0 is copies or lanes, agents fastest."""
    return np.repeat(copies, len(like) // len(copies)).reshape(-1, *(1,) * (like.ndim - 1))


register(Grouped, ("stream",), ("world", "seats"))


def _apart(x: Array, seats: Seats, copies: int) -> Array:
    """A group's lanes as `[B, A, ...]`."""
    return x if seats.joint else x.reshape(copies, len(seats.agents), *x.shape[1:])


def _in_order(parts: list[tuple[tuple[int, ...], Tree]]) -> Tree:
    """Pieces of a team's actions `[B, A_i, ...]`, each with its places, as one."""
    order = np.argsort([place for index, _ in parts for place in index])
    if len(parts) == 1:
        return parts[0][1]
    join = lambda *each: namespace(each[0]).concatenate(each, 1)[:, order]
    return jax.tree.map(join, *(part for _, part in parts))


def _folded(seats: Seats, steps: AgentSteps, simultaneous: bool) -> tuple[TimeStep, Array]:
    """The time step of agents folded into lanes, and which of these rows count `[B · A]`."""
    own, asks = seats.observations(steps.observation), seats.gather(steps.asks)
    there = asks | seats.gather(steps.ends)
    state = seats.states(steps.state, own, there if simultaneous else None) if seats.central else None
    fields = (seats.gather(each) for each in (steps.is_first, steps.asks, steps.reward, steps.discount))
    return TimeStep(seats.folded(own, state), *map(fold, fields)), fold(there)


def _joint(seats: Seats, steps: AgentSteps, before: GroupedState) -> tuple[TimeStep, Array, Shared]:
    """The time step of a group whose copies are its lanes, which of these rows count `[B]`, and what is remembered.

    The lane is asked while any member is; its episode ends with that of the last member, for good unless that was cut short.
    Present are those who are asked, and in the end those whose episodes were cut short: what they saw has a value.
    """
    memory, new = before.joint[seats.name], before.over[:, None]
    own, asks, ends = seats.observations(steps.observation), seats.gather(steps.asks), seats.gather(steps.ends)
    discount, reward = seats.gather(steps.discount), seats.gather(steps.reward)
    xp = namespace(reward)
    present = (memory.alive & ~new) | asks
    alive, begun = present & ~ends, memory.begun & ~before.over
    asked = asks.any(1)
    over = ends.any(1) & ~alive.any(1)
    counts = asked | over
    owed = xp.where(new, 0.0, memory.owed) + reward
    state = seats.states(steps.state, own, present | ends)
    last = xp.where(ends, discount, 0.0).max(1)
    now = TimeStep(
        seats.beside(own, xp.where(over[:, None], ends & (discount > 0), asks), owed, state),
        counts & ~begun,
        asked,
        reward.sum(1),
        xp.where(over, last, 1.0).astype("float32"),
    )
    return now, counts, Shared(alive, begun | counts, xp.where(counts[:, None], 0.0, owed))
