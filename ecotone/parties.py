"""Who meets whom: an experiment's algorithm and the stream that it is to learn from, be it of one agent or of many."""

from collections.abc import Mapping
from typing import Any

from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.agents.grouped import Grouped, LocalGrouped
from ecotone.envs.agents.seats import Seats, seats
from ecotone.envs.wrapped import wrap
from ecotone.experiment import Experiment, with_schedules
from ecotone.groups import Group, World, needs, only_group
from ecotone.mistakes import Mistake
from ecotone.protocols import Algorithm
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
    return {name: with_schedules(group, experiment.steps) for name, group in groups.items()}, seating


def party_of(groups: Mapping[str, Group], seating: tuple[Seats, ...], world: World) -> Party:
    """The groups as one algorithm."""
    sizes = tuple((each.name, len(each.agents)) for each in seating)
    return Party(groups, sizes, not world.simultaneous)


def sees_state(experiment: Experiment) -> bool:
    """Whether any of an experiment's learners reads the environment's global state, which else need not be asked for."""
    if experiment.groups is not None:
        return any(group.joint or group.central for group in experiment.groups.values())
    return any(needs(experiment.algorithm, what) for what in ("joint", "central"))
