"""Options of DQN that cannot be honoured together, or not with a model; the others combine (arXiv:1710.02298)."""

from typing import TYPE_CHECKING, Any

import jax

from ecotone.mistakes import Mistake
from ecotone.networks.reading import forgets, kind_of
from ecotone.networks.teams import TeamValues
from ecotone.networks.values import CategoricalValues, QuantileValues

if TYPE_CHECKING:
    from ecotone.algorithms.dqn import DQN


def check_options(dqn: "DQN", told: Any) -> None:
    """Raise `Mistake` for the first fault of `dqn`, whose model tells `told` (see `networks.reading.output_of`)."""
    for wrong, what in (*_faults_with_model(dqn, told), *_faults_of_soft_values(dqn, isinstance(told, TeamValues))):
        if wrong:
            raise Mistake(what)


def _faults_with_model(dqn: "DQN", told: Any) -> list[tuple[bool, str]]:
    tells, remembers = kind_of(told), not forgets(dqn.model.initial_memory(1))
    values = isinstance(told, jax.ShapeDtypeStruct | TeamValues)
    known = values or isinstance(told, CategoricalValues | QuantileValues)
    return [
        (not known, f"DQN learns the value of each choice or the distribution of its return, not {tells}: use QNetwork."),
        (dqn.squared and not values, f"`squared` is of errors of values, but the model tells {tells}: leave it off."),
        (
            remembers and dqn.sequence < 2,
            "a model with a memory learns from sequences: set DQN's `sequence`, usually 20 to 80.",
        ),
        (
            dqn.burn_in > 0 and not remembers,
            "`burn_in` warms up a memory, but the model has none: give it a core, or set `burn_in` to 0.",
        ),
        (
            dqn.trace is not None and (dqn.n != 1 or dqn.sequence < 2 or not values or dqn.temperature is not None),
            "`trace` is of greedy values over a sequence: set `n` to 1 and `sequence` to more, with a model of values.",
        ),
        (
            dqn.lane_exponent is not None and dqn.exploration is not None,
            "`lane_exponent` is of ε-greedy choices: leave it out, or leave out `exploration`.",
        ),
    ]


def _faults_of_soft_values(dqn: "DQN", team: bool) -> list[tuple[bool, str]]:
    soft = dqn.temperature is not None
    return [
        (
            dqn.munchausen is not None and not soft,
            "`munchausen` weighs the log-probability of a soft policy: set its `temperature`, usually 0.03.",
        ),
        (soft and team, "a team's values are mixed of greedy ones, not of soft ones: leave `temperature` out."),
        (soft and dqn.n != 1, "soft values look one step ahead: set `n` to 1, or leave `temperature` out."),
        (
            soft and dqn.rescaling is not None,
            "`temperature` is in the units of returns, which `rescaling` transforms: leave one of them out.",
        ),
    ]
