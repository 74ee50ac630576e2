"""From what an experiment names to a stream."""

from collections.abc import Callable
from typing import Any

import gymnasium

from ecotone.envs import atari, names
from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.compiled import CompiledStream
from ecotone.envs.gymnasium import GymnasiumStream, known, make
from ecotone.envs.lists import FixedLists, has_lists
from ecotone.mistakes import Mistake
from ecotone.protocols import Environment, Stream
from ecotone.teams import MultiAgentEnvironment

Env = str | Environment | MultiAgentEnvironment | Callable[..., Any]


def only_compiled(env: Env) -> bool:
    """Whether an environment exists in compiled form alone."""
    if isinstance(env, str):
        return names.is_compiled(env) and env not in gymnasium.registry
    return not callable(env)


def compiled_stream(env: Env, lanes: int, kwargs: dict[str, Any]) -> CompiledStream | CompiledAgents:
    """A pure stream, of one agent or of many; raises `Mistake` for an environment that has no compiled form."""
    if isinstance(env, str):
        env = names.make_compiled(env, **kwargs)
    if isinstance(env, MultiAgentEnvironment):
        return CompiledAgents(env, lanes)
    if not isinstance(env, Environment):
        raise Mistake(f"{env} is not a compiled environment: use the local runtime.")
    return CompiledStream(env, lanes)


def local_stream(env: Env, lanes: int, kwargs: dict[str, Any], seed: int) -> Stream:
    """A stream stepped in this process; raises `Mistake` for an unknown name."""
    if isinstance(env, str) and env.startswith("envpool:"):
        from ecotone.envs.envpool import EnvPoolStream

        return EnvPoolStream(env.removeprefix("envpool:"), lanes, seed, **kwargs)
    if isinstance(env, str) and atari.is_game(env) and atari.steps_many(kwargs):
        return known(env, lambda: atari.AtariStream(env, lanes, seed, **kwargs))
    return GymnasiumStream(maker(env, kwargs), lanes, seed)


def maker(env: Env, kwargs: dict[str, Any], render_mode: str | None = None) -> Callable[[], gymnasium.Env]:
    """A function that makes one Gymnasium environment."""
    if isinstance(env, str):
        return lambda: _with_fixed_lists(make(env, render_mode, **kwargs))
    if not callable(env):
        raise Mistake(f"{env} is a compiled environment: use the compiled runtime.")
    extra = {"render_mode": render_mode} if render_mode else {}
    return lambda: _with_fixed_lists(env(**kwargs, **extra))


def _with_fixed_lists(env: gymnasium.Env) -> gymnasium.Env:
    return FixedLists(env) if has_lists(env.observation_space) else env
