"""Environments of PettingZoo (arXiv:2009.14471) and MPE2 in the dictionary interface, by name or as they are."""

import importlib
import os
import pkgutil
import re
import warnings
from importlib.util import find_spec
from typing import Any

from ecotone.mistakes import MissingExtra, Mistake, nearest

PREFIX, PARTICLES = "pettingzoo:", "mpe2"
FAMILIES = {"atari": "pettingzoo.atari", "butterfly": "pettingzoo.butterfly", "classic": "pettingzoo.classic"}
FAMILIES |= {PARTICLES: PARTICLES, "sisl": "pettingzoo.sisl"}
"""Packages of environments, by what stands before `/` in a name."""
WATCHERS = {"OrderEnforcingWrapper", "AssertOutOfBoundsWrapper", "ClipOutOfBoundsWrapper"}
"""Wrappers that look at every call for mistakes that a stream does not make; they cost as much as a small environment."""


def is_name(name: str) -> bool:
    """Whether a name is one of PettingZoo's: `pettingzoo:FAMILY/NAME`, or `mpe2/NAME`."""
    return name.startswith((PREFIX, f"{PARTICLES}/"))


def make(name: str, render_mode: str | None = None, **kwargs: Any) -> Any:
    """An environment in the dictionary interface; agents act at once where it can be stepped so, else in turn.

    Arguments:
        name: such as `pettingzoo:classic/connect_four_v3`, `pettingzoo:mpe2/simple_spread_v3` or `mpe2/simple_spread_v3`.
        render_mode: PettingZoo's.
        kwargs: arguments of the environment, such as `continuous_actions`.

    Raises:
        Mistake: no environment has this name, or it has no such argument.
        MissingExtra: the package that has it is not installed.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # it would be printed among results
    family, _, inner = name.removeprefix(PREFIX).partition("/")
    if family not in FAMILIES or not inner:
        known = ", ".join(f"{PREFIX}{family}/NAME" for family in FAMILIES)
        raise Mistake(f"no environment is named {name!r}: names of PettingZoo are {known}.")
    module = _module(name, family, inner)
    factory = getattr(module, "parallel_env", None) or module.env
    try:
        return as_dictionary(factory(render_mode=render_mode, **kwargs))
    except TypeError as error:
        raise Mistake(f"{name} could not be made: {error}.") from error


def _module(name: str, family: str, inner: str) -> Any:
    try:
        known = names(family)
    except ModuleNotFoundError as error:
        raise MissingExtra(name, "pettingzoo") from error
    if inner not in known:
        hint = nearest(inner, known) or f" There are {', '.join(known)}."
        raise Mistake(f"no environment is named {name!r}.{hint}")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The old environment creation API", DeprecationWarning)
            return importlib.import_module(f"{FAMILIES[family]}.{inner}")
    except ModuleNotFoundError as error:
        raise Mistake(f"{name} needs {error.name}: pip install 'pettingzoo[{family}]'.") from error


def names(family: str) -> list[str]:
    """Every environment of a family; raises `ModuleNotFoundError` where its package is not installed."""
    found = find_spec(FAMILIES[family])
    if found is None:
        raise ModuleNotFoundError(FAMILIES[family])
    inside = pkgutil.iter_modules(found.submodule_search_locations)
    return sorted(module.name for module in inside if re.search(r"_v\d+$", module.name))


def as_dictionary(env: Any) -> Any:
    """An environment of PettingZoo in the dictionary interface; any other as it is."""
    if hasattr(env, "aec_env"):
        return Cycled(env.aec_env)
    if hasattr(env, "agent_iter"):
        return Turns(env)
    return Parallel(env) if _is_parallel(env) else env


def _is_parallel(env: Any) -> bool:
    return any(kind.__module__.startswith("pettingzoo.") for kind in type(env).__mro__)


class Parallel:
    """A parallel environment; it already speaks in dictionaries, and every agent acts at every step unless it says no."""

    def __init__(self, env: Any) -> None:
        self.env, self.step, self.reset = env, env.step, env.reset
        self.simultaneous = bool(getattr(env, "simultaneous", True))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)


class Cycled:
    """An environment of agents that choose one after another but move together, stepped as a whole.

    PettingZoo's own conversion does the same, but looks at every agent twice.
    """

    simultaneous = True

    def __init__(self, env: Any) -> None:
        self.env = _unwatched(env)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode."""
        self.env.reset(seed=seed, options=options)
        return {agent: self.env.observe(agent) for agent in self.env.agents}, dict(self.env.infos)

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Take every agent's action."""
        env = self.env
        rewards = dict.fromkeys(env.agents, 0.0)
        for agent in list(env.agents):
            if env.agent_selection != agent:
                raise Mistake(f"{env} does not step its agents in a cycle: hand over its `env`, not its `parallel_env`.")
            env.step(actions[agent])
            for each, reward in env.rewards.items():
                rewards[each] += reward
        terminations, truncations, infos = dict(env.terminations), dict(env.truncations), dict(env.infos)
        observations = {agent: env.observe(agent) for agent in env.agents}
        while env.agents and (env.terminations[env.agent_selection] or env.truncations[env.agent_selection]):
            env.step(None)
        return observations, rewards, terminations, truncations, infos


class Turns:
    """An environment whose agents act one after another, without the empty steps that its dead have to take."""

    simultaneous = False

    def __init__(self, env: Any) -> None:
        self.env = _unwatched(env)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.env, name)

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin an episode."""
        self.env.reset(seed=seed, options=options)
        agent = self.env.agent_selection
        return {agent: self.env.observe(agent)}, {agent: self.env.infos[agent]}

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Take the action of the one agent that was asked, then see who is next; who ended meanwhile shows its end."""
        env = self.env
        env.step(actions[env.agent_selection])
        observations, rewards, terminations, truncations, infos = {}, {}, {}, {}, {}
        while env.agents:
            agent = env.agent_selection
            told = env.last()
            observations[agent], rewards[agent], terminations[agent], truncations[agent], infos[agent] = told
            if not (terminations[agent] or truncations[agent]):
                break
            env.step(None)
        return observations, rewards, terminations, truncations, infos


def _unwatched(env: Any) -> Any:
    while type(env).__name__ in WATCHERS:
        env = env.env
    return env
