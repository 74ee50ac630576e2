"""Contract checks of environments and streams of many agents."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.envs.stepwise import Stepwise
from ecotone.spec import ACTION_MASK, Discrete, Spec, split_mask, to_environment
from ecotone.teams import AgentSteps, MultiAgentEnvironment, MultiAgentStream, Team
from ecotone.testing.elements import check_elements
from ecotone.testing.environments import check_spec
from ecotone.testing.samples import actions
from ecotone.testing.trees import assert_leading, assert_same_types, assert_same_values

Key = Any
Tree = Any
BY_AGENT = {"is_first": "bool", "asks": "bool", "ends": "bool", "reward": "float32", "discount": "float32"}


def check_multi_agent_environment(environment: MultiAgentEnvironment, steps: int = 100, key: Key = None) -> None:
    """Assert that a compiled environment of many agents keeps its contract, over `steps` random legal decisions.

    Teams have hashable specs; `reset` and `step` are pure and keep the trees of the state and of what is shown fixed, so
    that a scan and a `vmap` can run them; what many copies show keeps the rows' grammar, see `check_multi_agent_stream`.

    Raises:
        AssertionError: what is wrong, and what to do.
    """
    name, key = type(environment).__name__, jax.random.key(0) if key is None else key
    wanted = "`teams`, `state_space`, `simultaneous`, `reset(key)` and `step(state, action, key)`"
    assert isinstance(environment, MultiAgentEnvironment), f"{name} needs {wanted}."
    key_reset, key_step = jax.random.split(key)
    reset, step = jax.jit(environment.reset), jax.jit(environment.step)
    first = reset(key_reset)
    assert_same_values(first, reset(key_reset), f"{name}.reset with the same key")
    state, shown = first
    for field in ("observation", "asks", "reward", "terminated", "truncated"):
        teams = sorted(getattr(shown, field))
        assert teams == sorted(environment.teams), f"{name}.reset: `{field}` has the teams {teams}, not those of `teams`."
    chosen = legal_actions(environment.teams, shown.observation, key_step, ())
    chosen = {team: to_environment(environment.teams[team].spec.action, action) for team, action in chosen.items()}
    assert_same_types(first, jax.eval_shape(environment.step, state, chosen, key_step), f"{name} from reset to step")
    following = step(state, chosen, key_step)
    assert_same_values(following, step(state, chosen, key_step), f"{name}.step with the same arguments")
    check_multi_agent_stream(CompiledAgents(environment, 2), steps, key)


def check_agents(make_env: Callable[[], Any], steps: int = 200, seed: int = 0) -> None:
    """Assert that environments that speak in dictionaries keep their contract, over `steps` random legal decisions.

    What two copies show keeps the rows' grammar, and the same seed and actions bring the same again.

    Arguments:
        make_env: makes one environment, see `ecotone.envs.agents.dictionary.DictionaryEnvironment`.
        steps: decisions in each copy.
        seed: of the episodes and of the actions.

    Raises:
        Mistake: what an environment gave is malformed: by which agent, at which step, and what was expected.
        AssertionError: what else is wrong, and what to do.
    """
    told = []
    for _ in range(2):
        stream = DictionaryStream(make_env, 2, seed)
        try:
            told.append(check_multi_agent_stream(stream, steps, jax.random.key(seed)))
        finally:
            stream.close()
    for t, (ours, theirs) in enumerate(zip(*told, strict=True)):
        remedy = "draw every random number from a generator that `reset(seed=...)` seeds"
        assert_same_values(ours, theirs, f"step {t} again with the same seed and actions ({remedy})")


def check_multi_agent_stream(stream: MultiAgentStream, steps: int, key: Key = None) -> list[AgentSteps]:
    """Assert that a stream of many agents keeps the rows' grammar over `steps` random legal actions in every copy.

    An agent's episode begins (`is_first`) where it is asked and none of its own goes on, and it `ends` once; whoever ends
    is not asked; whose episode goes on is asked at every step where the stream is `simultaneous`; where a copy is `over`
    every episode ends, and the next row begins others. Discount 0 comes only with an end, no reward with a copy's first
    row; who is asked has a legal choice; shapes, dtypes and bounds are fixed and the specs'.

    Returns:
        What it showed, NumPy arrays.

    Raises:
        AssertionError: what is wrong, of which agent, in which copy and at which step.
    """
    name, key = type(stream).__name__, jax.random.key(0) if key is None else key
    wanted = "`teams`, `state_space`, `simultaneous`, `lanes`, `start(key)` and `step(state, action)`"
    assert isinstance(stream, MultiAgentStream), f"{name} needs {wanted}."
    for team in stream.teams.values():
        check_spec(team.spec, f"{name}, team of {team.agents[0]}")
    compiled = isinstance(stream, CompiledAgents)
    stepped = Stepwise(stream) if compiled else stream
    state, now = stepped.start(key)
    grammar, told = Grammar(stream, name), []
    for t, key_action in enumerate(jax.random.split(key, steps + 1)):
        now = jax.tree.map(np.asarray, now)
        grammar.check(now, f"{name}, step {t}")
        told.append(now)
        chosen = legal_actions(stream.teams, now.observation, key_action, (stream.lanes,))
        state, now = stepped.step(state, chosen if compiled else jax.tree.map(np.asarray, chosen))
    return told


class Grammar:
    """What may follow what in the rows of a stream; knows whose episodes go on."""

    def __init__(self, stream: MultiAgentStream, name: str) -> None:
        self.stream, self.name = stream, name
        self.live = {team: np.zeros((stream.lanes, len(each.agents)), bool) for team, each in stream.teams.items()}
        self.begins = np.ones(stream.lanes, bool)

    def check(self, now: AgentSteps, where: str) -> None:
        """Assert shapes, types, values and order of the next row."""
        assert isinstance(now, AgentSteps), f"{where}: gives a {type(now).__name__}, not an ecotone.teams.AgentSteps."
        for team, each in self.stream.teams.items():
            self._check_types(now, team, each, where)
            self._check_order(now, team, each, where)
        if self.stream.state_space is not None:
            check_elements(self.stream.state_space, now.state, (self.stream.lanes,), f"{where}: the state")
        anyone = np.concatenate([now.asks[team] for team in self.stream.teams], 1).any(1)
        assert (anyone | now.over).all(), f"{where}: nobody is asked in a copy that is not over."
        self.begins = now.over

    def _check_types(self, now: AgentSteps, team: str, each: Team, where: str) -> None:
        shape = (self.stream.lanes, len(each.agents))
        there, what = now.asks[team] | now.ends[team], f"{where}: team '{team}'"
        assert_leading(now.observation[team], shape, what)
        shown = jax.tree.map(lambda x: x[there], now.observation[team])
        check_elements(each.spec.observation, shown, (int(there.sum()),), what)
        for field, dtype in BY_AGENT.items():
            value = getattr(now, field)[team]
            described = (value.shape, str(value.dtype))
            assert described == (shape, dtype), (
                f"{where}: `{field}` of '{team}' is {described}, but must be {(shape, dtype)}."
            )
        assert np.isfinite(now.reward[team]).all(), f"{where}: a reward of team '{team}' is not finite."

    def _check_order(self, now: AgentSteps, team: str, each: Team, where: str) -> None:
        first, asks, ends, reward, discount = (getattr(now, field)[team] for field in BY_AGENT)
        begins, over = self.begins[:, None], now.over[:, None]
        before = self.live[team] & ~begins
        there = asks | ends
        _, legal = split_mask(now.observation[team])
        choice = legal is not None and isinstance(each.spec.action, Discrete)
        free = np.asarray(legal).any(-1) if choice else np.ones_like(asks)
        rules = (
            (~(asks & ends), "it is asked although its episode ends"),
            (~first | asks, "its episode begins where it is not asked"),
            (first == (asks & ~before), "`is_first` must be where it is asked and none of its episodes goes on"),
            (~ends | before, "an episode ends that had not begun"),
            ((discount == 1) | ((discount == 0) & ends), "its discount is neither 1 nor, at an end, 0"),
            (~over | ~asks, "it is asked although the copy is over"),
            (~over | ~before | ends, "the copy is over, but its episode does not end"),
            (~begins | (reward == 0), "it has a reward on the row that begins an episode"),
            (there | ~before | (not self.stream.simultaneous), "it neither acts nor ends, but `simultaneous` is true"),
            (~asks | free, f"its part '{ACTION_MASK}' leaves it no choice"),
        )
        for holds, broken in rules:
            if not holds.all():
                copy, agent = np.argwhere(~holds)[0]
                raise AssertionError(f"{where}: agent '{each.agents[agent]}' in copy {copy}: {broken}.")
        self.live[team] = (before | asks) & ~ends


def legal_actions(teams: Mapping[str, Team], observation: Mapping[str, Tree], key: Key, leading: tuple[int, ...]) -> dict:
    """Random actions by team `[*leading, A, ...]` as rows have them; single choices are legal ones where a mask says so."""
    keys = jax.random.split(key, len(teams))
    return {
        name: _legal(team.spec, observation[name], key_team, (*leading, len(team.agents)))
        for key_team, (name, team) in zip(keys, teams.items(), strict=True)
    }


def _legal(spec: Spec, observation: Tree, key: Key, leading: tuple[int, ...]) -> Tree:
    _, legal = split_mask(observation)
    if legal is None or not isinstance(spec.action, Discrete):
        return actions(spec.action, key, leading)
    drawn = jax.random.uniform(key, jnp.shape(legal))
    return jnp.argmax(jnp.where(jnp.asarray(legal) != 0, drawn, -1.0), -1).astype(spec.action.dtype)
