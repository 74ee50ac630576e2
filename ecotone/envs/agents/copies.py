"""One copy of an environment of many agents: its episodes, which can be repeated, read into the arrays of teams."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from gymnasium import spaces

from ecotone.envs.agents.elements import Elements, action_picker, no_choice
from ecotone.envs.episodes import LIMIT, seed_of
from ecotone.mistakes import Mistake, nearest
from ecotone.spec import to_environment, zeros
from ecotone.teams import Team

ALL = "__all__"
"""What ends the episode for every agent, in the place of an agent's name."""
FLAGS = ("terminations", "truncations")
MISSING = "every agent that has not ended is shown at every step; set `simultaneous = False` if some wait their turn"
JOINED = "set `simultaneous = False` on the environment if agents come and go"
CUT = "put what it sees in the end into the observations of the same step, since learners value it"


class TeamRows:
    """What a team of every copy shows now, `[B, A, ...]`; the attributes are those of `AgentSteps`.

    Arguments:
        team: whose.
        seen, done: the environment's own spaces of what one of its agents sees and does.
        lanes: copies.
    """

    def __init__(self, team: Team, seen: spaces.Space, done: spaces.Space, lanes: int) -> None:
        self.team, shape = team, (lanes, len(team.agents))
        self.observation = Elements(team.spec.observation, seen, shape)
        self.is_first, self.asks, self.ends = (np.zeros(shape, bool) for _ in range(3))
        self.reward, self.discount = np.zeros(shape, np.float32), np.ones(shape, np.float32)
        self._pick = action_picker(team.spec.action, done)

    def blank(self, lanes: Any = slice(None)) -> None:
        """Show nothing of these copies until agents are written into them."""
        self.is_first[lanes] = self.asks[lanes] = self.ends[lanes] = False
        self.reward[lanes], self.discount[lanes] = 0.0, 1.0

    def choose(self, action: Any) -> Any:
        """From actions of rows `[B, A, ...]` to a function that gives one of a copy's agent, as the environment wants it."""
        return self._pick(to_environment(self.team.spec.action, action))

    def mistaken(self) -> tuple[tuple[int, ...], str] | None:
        """Copy and agent that show something outside their space, and what is wrong."""
        wrong = self.observation.outside(self.asks | self.ends)
        at = no_choice(self.team.spec.observation, self.team.spec.action, self.observation.values, self.asks)
        if wrong is None and at is not None:
            wrong = at, "part 'action_mask' lets it choose nothing; whoever is asked needs a legal choice."
        return wrong


@dataclass
class Place:
    """An agent's place in the arrays, and whether it is there, and was there at all in this episode."""

    key: Any
    name: str
    team: str
    rows: TeamRows
    index: int
    live: bool = False
    been: bool = False


class Copy:
    """One environment, its agents and its episode.

    Arguments:
        env: speaks the dictionary interface.
        keys: the environment's own names of its agents, by our names.
        rows: arrays of all teams.
        lane: number of the copy in them.
        seed: every episode is seeded from it.
        simultaneous: whether every agent that is there acts at every step.
    """

    def __init__(
        self, env: Any, keys: Mapping[str, Any], rows: Mapping[str, TeamRows], lane: int, seed: int, simultaneous: bool
    ) -> None:
        self.env, self._rows, self._lane, self._seed, self._simultaneous = env, rows, lane, seed, simultaneous
        placed = {agent: (name, each, i) for name, each in rows.items() for i, agent in enumerate(each.team.agents)}
        self._places = [Place(key, name, *placed[name]) for name, key in keys.items()]
        self._known = set(keys.values())
        self._known_or_all = self._known | {ALL}
        self._asked: list[Place] = []
        self.episode, self.steps, self.over = -1, 0, False
        self._taken: list[list[Any]] = []
        self._restored: dict[str, Any] | None = None

    def begin(self) -> None:
        """Begin the next episode, or repeat a restored one."""
        saved, self._restored = self._restored, None
        self.episode = self.episode + 1 if saved is None else int(saved["episode"])
        self._taken, self.steps = [], 0
        for place in self._places:
            place.live = place.been = False
        answer = self.env.reset(seed=seed_of(self._seed, self._lane, self.episode))
        observations, _ = self._answered(answer, 2, "reset", "(observations, infos)")
        self._read(observations, {}, {}, {})
        if saved is not None:
            self._repeat(saved)

    def choose(self, chosen: Mapping[str, Any], leaves: list[Any], lane: int | None = None) -> dict[Any, Any]:
        """Actions of those who were asked, for the environment; they are taken down, so that they can be repeated.

        Arguments:
            chosen: what each team's `choose` gave.
            leaves: all arrays of the actions of rows, copies on axis 0.
            lane: the number of the copy in both, where it is not its own.
        """
        lane = self._lane if lane is None else lane
        if len(self._taken) < LIMIT:
            self._taken.append([leaf[lane] for leaf in leaves])
        self.steps += 1
        return {place.key: chosen[place.team](lane, place.index) for place in self._asked}

    def read(self, answer: Any) -> None:
        """Lay what the environment answered to a step into the blank arrays; raises `Mistake` for what is malformed."""
        wanted = "(observations, rewards, terminations, truncations, infos)"
        observations, rewards, terminations, truncations, _ = self._answered(answer, 5, "step", wanted)
        self._read(observations, rewards, terminations, truncations)

    def _read(self, observations: Any, rewards: Any, terminations: Any, truncations: Any) -> None:
        self._check_names(observations, rewards, terminations, truncations)
        terminated, truncated = terminations.get(ALL, False), truncations.get(ALL, False)
        self._asked, left = [], False
        for place in self._places:
            key = place.key
            if key in rewards:
                self._pay(place, rewards[key], key in observations)
            gone = bool(terminated or terminations.get(key, False))
            if gone or truncated or truncations.get(key, False):
                if place.live:
                    self._end(place, observations, gone)
            elif key in observations:
                self._ask(place, observations[key])
            elif place.live and self._simultaneous:
                raise self._mistake(place, "is missing from the observations", MISSING)
            left |= place.live
        self._finish(bool(terminated or truncated), ALL in terminations or ALL in truncations, left)

    def _ask(self, place: Place, observation: Any) -> None:
        rows, at = place.rows, (self._lane, place.index)
        self._put(place, observation)
        rows.asks[at] = True
        if not place.live:
            if self.steps and self._simultaneous:
                raise self._mistake(place, "joined (or came back) within an episode", JOINED)
            place.live = place.been = rows.is_first[at] = True
        self._asked.append(place)

    def _end(self, place: Place, observations: Any, gone: bool) -> None:
        rows, at = place.rows, (self._lane, place.index)
        if place.key in observations:
            self._put(place, observations[place.key])
        elif not gone:
            raise self._mistake(place, "was truncated without a final observation", CUT)
        place.live = False
        rows.ends[at], rows.discount[at] = True, 0.0 if gone else 1.0

    def _finish(self, over: bool, told: bool, left: bool) -> None:
        self.over = over or not (left or told or self.steps == 0)
        if not self.over and not self._asked:
            why = "agents are there, but none is observed" if left else "no agent is left"
            raise Mistake(
                f"nobody is asked for an action {self._when()}: {why}, and '{ALL}' does not end the episode; show an "
                f"observation to whoever acts next, or set terminations['{ALL}'] or truncations['{ALL}']."
            )

    def _put(self, place: Place, observation: Any) -> None:
        try:
            place.rows.observation.put((self._lane, place.index), observation)
        except Mistake as mistake:
            raise Mistake(f"agent '{place.name}' {self._when()}: its {mistake}") from mistake

    def _pay(self, place: Place, reward: Any, shown: bool) -> None:
        try:
            paid = float(reward)
        except (TypeError, ValueError):
            paid = math.nan
        if not math.isfinite(paid):
            raise self._mistake(place, f"got the reward {reward}", "a reward is one finite number")
        if place.been:
            place.rows.reward[self._lane, place.index] = paid
        elif paid and not shown:  # with a first observation it is left out, since no decision earned it
            raise self._mistake(place, f"got the reward {paid:g} before it was there", "show it an observation first")

    def _check_names(self, *told: Any) -> None:
        for what, names in zip(("observations", "rewards", "terminations", "truncations"), told, strict=True):
            if not isinstance(names, Mapping):
                raise Mistake(f"the {what} {self._when()} are a {type(names).__name__}, not a dict by agent.")
            if names.keys() <= (self._known_or_all if what in FLAGS else self._known):
                continue
            unknown = next(iter(names.keys() - self._known_or_all), ALL)
            hint = nearest(str(unknown), map(str, self._known)) or f" There are {', '.join(map(str, self._known))}."
            raise Mistake(f"agent '{unknown}' in the {what} {self._when()} is not one of possible_agents.{hint}")

    def _answered(self, answer: Any, count: int, method: str, wanted: str) -> Any:
        if not isinstance(answer, tuple) or len(answer) != count:
            found = f"{len(answer)} things" if isinstance(answer, tuple) else f"a {type(answer).__name__}"
            raise Mistake(f"`{method}` gave {found} {self._when()}, not {wanted}.")
        return answer

    def mistaken(self, agent: str, what: str) -> Mistake:
        """An agent's mistake now."""
        return Mistake(f"agent '{agent}' {self._when()}: its {what}")

    def _mistake(self, place: Place, what: str, remedy: str) -> Mistake:
        return Mistake(f"agent '{place.name}' {what} {self._when()}: {remedy}.")

    def _when(self) -> str:
        return f"at step {self.steps} of the episode (copy {self._lane})"

    def save(self) -> dict[str, Any]:
        """Number of the episode, and the actions of all teams since it began `[T, A, ...]`."""
        taken = zip(*self._taken, strict=True)
        return {"episode": self.episode, "actions": {str(i): np.array(leaf) for i, leaf in enumerate(taken)}}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `begin` repeat a saved episode."""
        self._restored = saved

    def _repeat(self, saved: dict[str, Any]) -> None:
        structure = jax.tree.structure({name: zeros(rows.team.spec.action, ()) for name, rows in self._rows.items()})
        parts = [saved["actions"][str(i)] for i in range(len(saved.get("actions", ())))]
        for leaves in zip(*parts, strict=True):
            alone = [leaf[None] for leaf in leaves]
            action = structure.unflatten(alone)
            chosen = {name: rows.choose(action[name]) for name, rows in self._rows.items()}
            answer = self.env.step(self.choose(chosen, alone, 0))
            for rows in self._rows.values():
                rows.blank(self._lane)
            self.read(answer)
