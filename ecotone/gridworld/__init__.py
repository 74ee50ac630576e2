"""Grid worlds of many agents, compiled: declare agents by kind, choose components, and thousands of copies run at once."""

from ecotone.gridworld.attacks import Attack, AttackByEncoding, RestrictedSelectiveAttack, SelectiveAttack
from ecotone.gridworld.attributes import Ammunition, Health, Messages, Orientation
from ecotone.gridworld.components import (
    REGISTRY,
    Actor,
    Crowd,
    Ending,
    Looks,
    Observer,
    Part,
    Reward,
    Rule,
    Turns,
    component,
    register,
)
from ecotone.gridworld.endings import EncodingInactive, Inactive, OneTeamRemaining, TargetInactive, TargetOverlap
from ecotone.gridworld.games import GAMES, game
from ecotone.gridworld.kinds import FULL, Kind, Roster
from ecotone.gridworld.moving import CrossMove, DriftMove, Move
from ecotone.gridworld.observing import AbsoluteView, CentredView, HealthView, StackedView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay, Reach
from ecotone.gridworld.sensing import OwnAmmunition, OwnHealth, OwnOrientation, OwnPosition, OwnStock
from ecotone.gridworld.state import GridState
from ecotone.gridworld.turns import AllAct, DynamicOrder, TurnBased
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look

__all__ = [
    "FULL", "GAMES", "REGISTRY", "AbsoluteView", "Actor", "AllAct", "Ammunition", "Attack", "AttackByEncoding",
    "CentredView", "CrossMove", "Crowd", "DriftMove", "DynamicOrder", "EncodingInactive", "Ending", "GridState",
    "GridWorld", "Health", "HealthView", "Inactive", "Kind", "Look", "Looks", "Messages", "Move", "Observer",
    "OneTeamRemaining", "Orientation", "OwnAmmunition", "OwnHealth", "OwnOrientation", "OwnPosition", "OwnStock",
    "Part", "Pay", "Placed", "Reach", "RestrictedSelectiveAttack", "Reward", "Roster", "Rule", "SelectiveAttack",
    "StackedView", "TargetInactive", "TargetOverlap", "TurnBased", "Turns", "component", "game", "register",
]  # fmt: skip
