"""From what an experiment names to a stream."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import gymnasium

from ecotone.envs import atari, names, pettingzoo
from ecotone.envs.agents import tuples
from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.agents.dictionary import DictionaryStream, is_dictionary
from ecotone.envs.compiled import CompiledStream
from ecotone.envs.gymnasium import GymnasiumStream, known, make
from ecotone.envs.lists import FixedLists, has_lists
from ecotone.mistakes import Mistake
from ecotone.protocols import Environment, Stream
from ecotone.teams import MultiAgentEnvironment, MultiAgentStream

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


def local_stream(
    env: Env, lanes: int, kwargs: dict[str, Any], seed: int, state: bool = True, render_mode: str | None = None
) -> Stream | MultiAgentStream:
    """A stream stepped in this process, of one agent or of many; raises `Mistake` for an unknown name.

    Of many agents, with the global `state` where the environment has one. With a render mode, the copies are made to draw.
    """
    if isinstance(env, str) and env.startswith("envpool:"):
        from ecotone.envs.envpool import EnvPoolStream

        return EnvPoolStream(env.removeprefix("envpool:"), lanes, seed, **kwargs)
    if isinstance(env, str) and atari.is_game(env) and atari.steps_many(kwargs):
        return known(env, lambda: atari.AtariStream(env, lanes, seed, **kwargs))
    if callable(env):
        kwargs, render_mode = kwargs | _drawing(env, render_mode), None
        env, first = _begun(env, kwargs)
        many = is_dictionary(pettingzoo.as_dictionary(first))
    else:
        many = is_multi_agent(env, kwargs)
    if many:
        return DictionaryStream(agents_maker(env, kwargs, render_mode), lanes, seed, state)
    return GymnasiumStream(maker(env, kwargs, render_mode), lanes, seed)


def _drawing(make_env: Callable[..., Any], render_mode: str | None) -> dict[str, Any]:
    """The argument that has a function make environments which draw; nothing where it takes none."""
    taken = signature(make_env).parameters.values() if render_mode else ()
    takes = any(each.name == "render_mode" or each.kind is Parameter.VAR_KEYWORD for each in taken)
    return {"render_mode": render_mode} if takes else {}


def _begun(make_env: Callable[..., Any], kwargs: dict[str, Any]) -> tuple[Callable[..., Any], Any]:
    """A function that makes what `make_env` does, and the first of these, which it gives when first called."""
    first = make_env(**kwargs)
    made = [first]
    return (lambda **kwargs: made.pop() if made else make_env(**kwargs)), first


def is_multi_agent(env: Env, kwargs: dict[str, Any] | None = None) -> bool:
    """Whether an environment has many agents; a function is called with `kwargs` to see what it makes."""
    if isinstance(env, str):
        on_host = pettingzoo.is_name(env) or tuples.is_name(env)
        return on_host or (names.is_compiled(env) and names.has_many_agents(env, **(kwargs or {})))
    if not callable(env):
        return isinstance(env, MultiAgentEnvironment)
    made = env(**(kwargs or {}))
    found = is_dictionary(pettingzoo.as_dictionary(made))
    if hasattr(made, "close"):
        made.close()
    return found


def multi_agent_stream(env: Env, lanes: int, kwargs: dict[str, Any], seed: int, state: bool = True) -> MultiAgentStream:
    """Copies of an environment of many agents.

    Arguments:
        env: a name, or a function that makes an environment of PettingZoo or one that speaks in dictionaries.
        lanes: copies.
        kwargs: arguments of the environment.
        seed: of all episodes.
        state: show the global state where there is one; false saves the time that it takes.

    Raises:
        Mistake: no environment has this name, or it has no such argument.
    """
    return DictionaryStream(agents_maker(env, kwargs), lanes, seed, state)


def agents_maker(env: Env, kwargs: dict[str, Any], render_mode: str | None = None) -> Callable[[], Any]:
    """A function that makes one environment in the dictionary interface."""
    if isinstance(env, str):
        named = tuples.make if tuples.is_name(env) else pettingzoo.make
        return lambda: named(env, render_mode, **kwargs)
    if not callable(env):
        raise Mistake(f"{env} is a compiled environment: use the compiled runtime.")
    return lambda: pettingzoo.as_dictionary(env(**kwargs, **_drawing(env, render_mode)))


def maker(env: Env, kwargs: dict[str, Any], render_mode: str | None = None) -> Callable[[], gymnasium.Env]:
    """A function that makes one Gymnasium environment."""
    if isinstance(env, str):
        return lambda: _with_fixed_lists(make(env, render_mode, **kwargs))
    if not callable(env):
        raise Mistake(f"{env} is a compiled environment: use the compiled runtime.")
    return lambda: _with_fixed_lists(env(**kwargs, **_drawing(env, render_mode)))


def _with_fixed_lists(env: gymnasium.Env) -> gymnasium.Env:
    return FixedLists(env) if has_lists(env.observation_space) else env
