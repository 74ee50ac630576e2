"""Probe environments: each takes seconds to learn and fails for one reason only.

A probe that is not learned points at its cause: `ConstantReward` at the value loss, `ReadableReward` at the encoder,
`DelayedReward` at discounting, `RareReward` at priorities, `Endless` at truncation, `Choice` at the policy loss,
`ReadableChoice` at both together, `Recall` at memory, `Target` and `ReadableTarget` at continuous actions, `Combination` at
several choices at once, `Agreement` at choices that depend on each other, `Legal` at action masks, `Nested` at nested
spaces. `TwoStep` is for two agents: a team's value that is a sum of its agents' cannot tell the better choice. `InTurn` is
for agents that wait.
"""

from ecotone.envs.classic.matrix import TwoStep
from ecotone.testing.probes.choices import Agreement, Choice, Combination, Legal, ReadableChoice, Recall
from ecotone.testing.probes.nested import Nested
from ecotone.testing.probes.numbers import ReadableTarget, Target
from ecotone.testing.probes.turns import InTurn
from ecotone.testing.probes.values import ConstantReward, DelayedReward, Endless, RareReward, ReadableReward

__all__ = [
    "Agreement",
    "Choice",
    "Combination",
    "ConstantReward",
    "DelayedReward",
    "Endless",
    "InTurn",
    "Legal",
    "Nested",
    "RareReward",
    "ReadableChoice",
    "ReadableReward",
    "ReadableTarget",
    "Recall",
    "Target",
    "TwoStep",
]
