"""Who meets whom: an experiment's algorithm and the stream that it is to learn from, be it of one agent or of many."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from ecotone import checkpoint
from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.agents.grouped import Grouped, LocalGrouped
from ecotone.envs.agents.seats import Seats, seats
from ecotone.envs.wrapped import wrap
from ecotone.experiment import Experiment, with_schedules
from ecotone.groups import Group, World, needs, only_group
from ecotone.mistakes import Mistake
from ecotone.protocols import Algorithm
from ecotone.runs import Run
from ecotone.runtime import past
from ecotone.runtime.engine import Engine
from ecotone.runtime.learn import counted
from ecotone.runtime.party import Party
from ecotone.teams import MultiAgentStream


def join(experiment: Experiment, stream: Any, raw_rewards: bool = False) -> tuple[Algorithm | Party, Any]:
    """What learns, and the stream as it sees it; raises `Mistake` where they do not fit.

    Arguments:
        experiment: whose algorithm or groups, and wrappers, are meant.
        stream: a `Stream`, or a `MultiAgentStream`.
        raw_rewards: report the stream's rewards whatever wrappers make of them, for evaluations.
    """
    if not isinstance(stream, MultiAgentStream):
        if experiment.algorithm is None:
            raise Mistake("groups divide the agents of an environment with several: give an `algorithm` where there is one.")
        return with_schedules(experiment.algorithm, experiment.steps), wrap(stream, experiment.wrappers, raw_rewards)
    if experiment.wrappers:
        raise Mistake("wrappers stand before an environment of one agent: leave `wrappers` out where there are several.")
    world = World.of(stream)
    groups, seating = seated(experiment, world)
    grouped = Grouped if isinstance(stream, CompiledAgents) else LocalGrouped
    return party_of(groups, seating, world), grouped(stream, world, seating)


def seated(experiment: Experiment, world: World) -> tuple[dict[str, Group], tuple[Seats, ...]]:
    """The groups of an experiment, with schedules over the whole run, and where their agents sit."""
    groups = experiment.groups
    if groups is None:
        assert experiment.algorithm is not None
        groups = only_group(experiment.algorithm, world)
    seating = seats(groups, world)
    past.check(groups)
    specs = {each.name: each.spec for each in seating}
    for name, group in groups.items():
        if group.past is not None and specs[name] != specs[group.past.of]:
            raise Mistake(f"group {name} plays the past of {group.past.of}, but their agents see or do different things.")
    return {name: with_schedules(group, experiment.steps) for name, group in groups.items()}, seating


def party_of(groups: Mapping[str, Group], seating: tuple[Seats, ...], world: World) -> Party:
    """The groups as one algorithm."""
    sizes = tuple((each.name, len(each.agents)) for each in seating)
    return Party(groups, sizes, not world.simultaneous)


def begin_from_sources(experiment: Experiment, engine: Engine) -> None:
    """Let groups that name a `source` begin with what another run learned; raises `Mistake` where it does not fit.

    Groups that learn on count their steps anew, so that their schedules begin at the beginning.
    """
    states, groups = {}, experiment.groups or {}
    for name, group in ((name, group) for name, group in groups.items() if group.source):
        like = engine.save().tree.learner.state[name]
        state = checkpoint.newest_part(*_place(name, group.source), like)
        states[name] = counted(like, state, jnp.zeros((), jnp.int32)) if group.train else state
    if states:
        engine.begin_with(states)


def _place(name: str, source: str) -> tuple[Path, Callable[[set[str]], str]]:
    """Folder of a source's checkpoints, and a function that finds its state in one."""
    folder, _, asked = (source, "", "") if Path(source).is_dir() or ":" not in source else source.rpartition(":")
    run = Run.open(folder)

    def place(names: set[str]) -> str:
        grouped = {found.group(1) for each in names if (found := re.match(r"\.learner\.state\['(\w+)'\]", each))}
        if not grouped and not asked:
            return ".learner.state"
        meant = asked or (name if name in grouped else next(iter(grouped)) if len(grouped) == 1 else "")
        if meant not in grouped:
            told = f"it has {', '.join(sorted(grouped))}" if grouped else "it has none"
            raise Mistake(f"group {name} begins with group '{meant}' of {folder}, but {told}: say which as FOLDER:GROUP.")
        return f".learner.state['{meant}']"

    return run.checkpoints, place


def sees_state(experiment: Experiment) -> bool:
    """Whether any of an experiment's learners reads the environment's global state, which else need not be asked for."""
    if experiment.groups is not None:
        return any(group.joint or group.central for group in experiment.groups.values())
    return any(needs(experiment.algorithm, what) for what in ("joint", "central"))
