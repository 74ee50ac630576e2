"""Environments of many agents that speak in dictionaries, and many copies of one as a stream."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from gymnasium import spaces

from ecotone.envs.agents.copies import Copy, TeamRows
from ecotone.envs.agents.elements import Elements
from ecotone.envs.gymnasium import to_space
from ecotone.envs.lists import fixed, has_lists
from ecotone.mistakes import Mistake
from ecotone.spec import Space, Spec
from ecotone.teams import AgentSteps, teams_of
from ecotone.trajectory import Tree

Step = Callable[[Sequence[Any], Sequence[dict[Any, Any]]], Sequence[Any]]


@runtime_checkable
class DictionaryEnvironment(Protocol):
    """An environment of many agents as users of RLlib and PettingZoo know it: everything is a dict by agent.

    An agent that is in the observations and does not end acts next; any subset may, the others wait. Agents may join late,
    leave, and return. A reward may come at any time and counts for what the agent did last (for nothing before its first
    decision). An agent ends where it is
    true in the terminations (for good) or truncations (cut short: its final observation must be there); `"__all__"` in them
    ends the episode for every agent. Without that key the episode is over when no agent is left.

    Further attributes are used where they are there: `simultaneous` (true says that every agent acts at every step until
    it ends, which is quicker and lets a missing agent be found; false without it), `state()` with `state_space` (the
    global state, for centralised training), `set_task(task)` (for curricula), `render()` and `close()`. Spaces may also be
    dicts by agent, `observation_spaces` and `action_spaces`.
    """

    possible_agents: list[Any]
    """Names of all agents that can ever be there."""

    def observation_space(self, agent: Any) -> spaces.Space:
        """What an agent sees."""
        ...

    def action_space(self, agent: Any) -> spaces.Space:
        """What an agent does."""
        ...

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode: `(observations, infos)`."""
        ...

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Take actions of those who were asked: `(observations, rewards, terminations, truncations, infos)`."""
        ...


def is_dictionary(env: Any) -> bool:
    """Whether an environment speaks the dictionary interface."""
    return all(hasattr(env, name) for name in ("possible_agents", "reset", "step"))


def in_turn(environments: Sequence[Any], actions: Sequence[dict[Any, Any]]) -> list[Any]:
    """Step environments one after another; those that work elsewhere (`send(actions)` and `receive()`) do so at once."""
    elsewhere = [hasattr(env, "send") for env in environments]
    for env, action, sends in zip(environments, actions, elsewhere, strict=True):
        if sends:
            env.send(action)
    every = zip(environments, actions, elsewhere, strict=True)
    return [env.receive() if sends else env.step(action) for env, action, sends in every]


class DictionaryStream:
    """`lanes` copies of an environment of many agents, stepped in this process.

    Agents with equal spaces are a team, see `ecotone.teams.teams_of`.

    Arguments:
        make_env: makes one copy.
        lanes: number of copies.
        seed: every episode of every copy is seeded from it, so that a run can be repeated and continued.
        state: show the global state where the environment has one; false saves the time that it takes.
        step: steps environments with their actions, and gives what each answered.

    Raises:
        Mistake: the environment lacks something, or a space has no array form. While it runs: what an environment gave is
            malformed; the message names the agent, the step, and what was expected.
    """

    def __init__(self, make_env: Callable[[], Any], lanes: int, seed: int, state: bool = True, step: Step = in_turn) -> None:
        self.lanes, self._step = lanes, step
        self.environments = [make_env() for _ in range(lanes)]
        one = self.environments[0]
        keys = _agents(one)
        for other in self.environments[1:]:
            if _agents(other) != keys:
                raise Mistake(f"copies of {one} have other agents: {list(keys)} and {list(_agents(other))}.")
        origins = {name: (_space(one, "observation", key), _space(one, "action", key)) for name, key in keys.items()}
        self.teams = teams_of({name: _spec(name, *both) for name, both in origins.items()})
        self.simultaneous = bool(getattr(one, "simultaneous", False))
        self._rows = {name: TeamRows(team, *origins[team.agents[0]], lanes) for name, team in self.teams.items()}
        every = enumerate(self.environments)
        self.copies = [Copy(env, keys, self._rows, lane, seed, self.simultaneous) for lane, env in every]
        origin = getattr(one, "state_space", None) if state else None
        self._state = None if origin is None else Elements(to_space(origin, "observation"), origin, (lanes,), "state")

    @property
    def state_space(self) -> Space | None:
        """Of the global state; none without one."""
        return None if self._state is None else self._state.space

    def start(self, key: Any = None) -> tuple[None, AgentSteps]:
        """Begin an episode in every copy, or continue the restored ones."""
        self._blank()
        for copy in self.copies:
            copy.begin()
        self._check()
        for rows in self._rows.values():
            rows.reward[:], rows.discount[:] = 0.0, 1.0
        return None, self._shown()

    def step(self, state: None, action: dict[str, Tree]) -> tuple[None, AgentSteps]:
        """Step copies that live, begin anew in copies that are over."""
        chosen = {name: rows.choose(action[name]) for name, rows in self._rows.items()}
        leaves = jax.tree.leaves({name: action[name] for name in self._rows})
        going = [copy for copy in self.copies if not copy.over]
        over = [copy for copy in self.copies if copy.over]
        answers = self._step([copy.env for copy in going], [copy.choose(chosen, leaves) for copy in going])
        self._blank()
        for copy, answer in zip(going, answers, strict=True):
            copy.read(answer)
        for copy in over:
            copy.begin()
        self._check()
        return None, self._shown()

    def save(self) -> dict[str, Any]:
        """What `restore` needs to continue every copy's episode."""
        return {str(lane): copy.save() for lane, copy in enumerate(self.copies)}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `start` continue the saved episodes by repeating their actions."""
        for lane, copy in enumerate(self.copies):
            copy.restore(saved[str(lane)])

    def set_task(self, task: Any) -> None:
        """Hand a task to every copy's `set_task`; raises `Mistake` where the environment has none."""
        for env in self.environments:
            if not hasattr(env, "set_task"):
                raise Mistake(f"{env} has no method `set_task`, which a curriculum needs.")
            env.set_task(task)

    def close(self) -> None:
        """Free the copies' resources."""
        for env in self.environments:
            if hasattr(env, "close"):
                env.close()

    def _blank(self) -> None:
        for rows in self._rows.values():
            rows.blank()

    def _check(self) -> None:
        for name, rows in self._rows.items():
            wrong = rows.mistaken()
            if wrong is not None:
                (lane, agent), what = wrong
                raise self.copies[lane].mistaken(self.teams[name].agents[agent], what)

    def _shown(self) -> AgentSteps:
        by_team = lambda field: {name: getattr(rows, field).copy() for name, rows in self._rows.items()}
        over = np.array([copy.over for copy in self.copies])
        state = () if self._state is None else self._true_state()
        return AgentSteps(
            by_team("observation"),
            by_team("is_first"),
            by_team("asks"),
            by_team("ends"),
            by_team("reward"),
            by_team("discount"),
            over,
            state,
        )

    def _true_state(self) -> Tree:
        assert self._state is not None
        for lane, env in enumerate(self.environments):
            try:
                self._state.put(lane, env.state())
            except Mistake as mistake:
                raise Mistake(f"copy {lane}: its global {mistake}") from mistake
        wrong = self._state.outside(np.ones(self.lanes, bool))
        if wrong is not None:
            raise Mistake(f"copy {wrong[0][0]}: its global {wrong[1]}")
        return self._state.copy()


def _agents(env: Any) -> dict[str, Any]:
    """The environment's own names of its agents, by ours."""
    if not is_dictionary(env):
        raise Mistake(f"{env} is no environment of many agents: it needs `possible_agents`, `reset` and `step`.")
    keys = {str(key): key for key in env.possible_agents}
    if not keys or len(keys) < len(env.possible_agents):
        raise Mistake(f"possible_agents of {env} must name one agent at least, and none twice: {env.possible_agents}.")
    return keys


def _space(env: Any, what: str, key: Any) -> spaces.Space:
    """What an agent sees or does, from a method, or from a dict by agent."""
    found = getattr(env, f"{what}_space", None)
    table = getattr(env, f"{what}_spaces", found)
    if callable(found):
        space = found(key)
    elif isinstance(table, Mapping | spaces.Dict) and key in table:
        space = table[key]
    else:
        raise Mistake(f"{env} has no {what} space for agent '{key}': it needs `{what}_space(agent)`, or `{what}_spaces`.")
    if not isinstance(space, spaces.Space):
        raise Mistake(f"the {what} space of agent '{key}' is a {type(space).__name__}, not a Gymnasium space.")
    return space


def _spec(agent: str, seen: spaces.Space, done: spaces.Space) -> Spec:
    try:
        seen = fixed(seen) if has_lists(seen) else seen
        return Spec(to_space(seen, "observation"), to_space(done, "action"))
    except Mistake as mistake:
        raise Mistake(f"agent '{agent}': {mistake}") from mistake
