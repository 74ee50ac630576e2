"""`ecotone check`: whether an environment keeps its contract, before anything trains on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from ecotone.cli.arguments import parse
from ecotone.cli.kwargs import env_kwargs
from ecotone.mistakes import Mistake


@dataclass(frozen=True)
class Options:
    """Try an environment with random actions, and say what is wrong with it, where, and what to do.

    It is also given arguments by --env-kwargs.KEY VALUE.
    """

    env: Annotated[str, Positional, arg(metavar="ENV|EXPERIMENT.py")]
    """An environment's name, or an experiment file with one."""
    steps: int = 200
    """How many decisions to try in each of two copies."""
    seed: int = 0
    """Of the environment and of the actions."""


def main(arguments: Sequence[str]) -> int:
    """Check; returns the exit code."""
    kwargs, arguments = env_kwargs(list(arguments))
    options = parse(Options, "ecotone check", arguments)
    if options.steps < 1:
        raise Mistake(f"--steps is {options.steps}, but must be at least 1.")
    env, experiment = options.env, None
    if options.env.endswith(".py"):
        from ecotone.runs import read_experiment

        experiment = read_experiment(Path(options.env))
        env, kwargs = experiment.env, experiment.env_kwargs | kwargs
    try:
        told = _check(env, kwargs, options.steps, options.seed)
        told += [] if experiment is None else _groups(experiment, env, kwargs, options.seed)
    except AssertionError as error:
        raise Mistake(str(error)) from error
    print("\n".join([*told, f"sound: two copies, {options.steps} random decisions each, seed {options.seed}"]))
    return 0


def _check(env: Any, kwargs: dict[str, Any], steps: int, seed: int) -> list[str]:
    """Check every form that the environment has; returns lines that describe it."""
    from ecotone.envs.names import is_compiled
    from ecotone.envs.streams import compiled_stream, is_multi_agent, only_compiled

    many = is_multi_agent(env, kwargs)
    told: list[str] = []
    if only_compiled(env) or (isinstance(env, str) and is_compiled(env)):
        told = _compiled(compiled_stream(env, 2, kwargs), many, steps, seed)
    if not only_compiled(env):
        told = (_agents if many else _single)(env, kwargs, steps, seed)
    return told


def _groups(experiment: Any, env: Any, kwargs: dict[str, Any], seed: int) -> list[str]:
    """Who learns together; raises `Mistake` where an agent is in no group or in two, or too unlike for its own."""
    from ecotone.envs.streams import compiled_stream, is_multi_agent, multi_agent_stream, only_compiled
    from ecotone.groups import World
    from ecotone.parties import seated

    if not is_multi_agent(env, kwargs):
        return []
    stream = compiled_stream(env, 1, kwargs) if only_compiled(env) else multi_agent_stream(env, 1, kwargs, seed)
    _, seating = seated(experiment, World.of(stream))
    _closed(stream)
    return [f"group {each.name}: {', '.join(each.agents)}" for each in seating]


def _compiled(stream: Any, many: bool, steps: int, seed: int) -> list[str]:
    import jax

    from ecotone.testing import check_environment, check_multi_agent_environment, check_stream

    if many:
        check_multi_agent_environment(stream.environment, steps, jax.random.key(seed))
        return _described(stream)
    check_environment(stream.environment, steps, jax.random.key(seed))
    check_stream(stream, steps, jax.random.key(seed))
    return _spaces("", stream.spec)


def _agents(env: Any, kwargs: dict[str, Any], steps: int, seed: int) -> list[str]:
    from ecotone.envs.streams import agents_maker, multi_agent_stream
    from ecotone.testing import check_agents

    check_agents(agents_maker(env, kwargs), steps, seed)
    return _described(multi_agent_stream(env, 1, kwargs, seed))


def _single(env: Any, kwargs: dict[str, Any], steps: int, seed: int) -> list[str]:
    import jax

    from ecotone.envs.streams import local_stream
    from ecotone.testing import check_stream
    from ecotone.testing.trees import assert_same_values

    def rows() -> tuple[Any, list[Any]]:
        stream: Any = local_stream(env, 2, kwargs, seed)
        try:
            return stream.spec, check_stream(stream, steps, jax.random.key(seed))
        finally:
            _closed(stream)

    (spec, told), (_, again) = rows(), rows()
    for t, (ours, theirs) in enumerate(zip(told, again, strict=True)):
        assert_same_values(ours, theirs, f"step {t} again with the same seed and actions (seed all chance in `reset`)")
    return _spaces("", spec)


def _closed(stream: Any) -> None:
    close: Callable[[], None] | None = getattr(stream, "close", None)
    if close is not None:
        close()


def _described(stream: Any) -> list[str]:
    lines = []
    for name, team in stream.teams.items():
        lines += [f"team {name}: {', '.join(team.agents)}", *_spaces("  ", team.spec)]
    lines.append(f"global state: {'none' if stream.state_space is None else _said(stream.state_space)}")
    lines.append("every agent acts at every step" if stream.simultaneous else "agents may wait, join late, and return")
    _closed(stream)
    return lines


def _spaces(indent: str, spec: Any) -> list[str]:
    return [f"{indent}sees: {_said(spec.observation)}", f"{indent}does: {_said(spec.action)}"]


def _said(space: Any) -> str:
    """A space in words."""
    from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple, limits

    if isinstance(space, Discrete):
        return f"one of {space.n}"
    if isinstance(space, MultiDiscrete):
        return f"one of {' and one of '.join(map(str, space.sizes))}"
    if isinstance(space, MultiBinary):
        return f"bits {list(space.shape)}"
    if isinstance(space, Box):
        low, high = limits(space)
        return f"{space.dtype} {list(space.shape)} from {low.min():.4g} to {high.max():.4g}"
    if isinstance(space, Dict):
        return "; ".join(f"{name}: {_said(part)}" for name, part in space.parts)
    return (
        f"({'; '.join(map(_said, space.parts))})"
        if isinstance(space, Tuple)
        else f"at most {space.most} of {_said(space.space)}"
    )
