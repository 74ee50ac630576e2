"""Grid worlds of many agents, compiled: declare agents by kind, choose components, and thousands of copies run at once."""

from ecotone.gridworld.attacks import Attack, AttackByEncoding, RestrictedSelectiveAttack, SelectiveAttack
from ecotone.gridworld.attributes import Ammunition, Health, Orientation
from ecotone.gridworld.builders import from_array, from_file, from_picture, from_text
from ecotone.gridworld.building import Build, Harvest, Regrow
from ecotone.gridworld.cells import windows
from ecotone.gridworld.chance import choose, uniform
from ecotone.gridworld.choices import ExclusiveChoice, OneChoice, Only
from ecotone.gridworld.components import (
    REGISTRY,
    Actor,
    Channel,
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
from ecotone.gridworld.crowds import Graze, March
from ecotone.gridworld.endings import EncodingInactive, Inactive, OneTeamRemaining, TargetInactive, TargetOverlap
from ecotone.gridworld.games import GAMES, game
from ecotone.gridworld.kinds import FULL, Kind, Roster
from ecotone.gridworld.messages import Agreement, Broadcast, HeardMessages, Messages
from ecotone.gridworld.moving import CrossMove, DriftMove, Move
from ecotone.gridworld.observing import AbsoluteView, CentredView, HealthView, StackedView
from ecotone.gridworld.placement import Placed
from ecotone.gridworld.rewards import Pay, Reach
from ecotone.gridworld.sensing import OwnAmmunition, OwnHealth, OwnOrientation, OwnPosition, OwnStock
from ecotone.gridworld.state import GridState
from ecotone.gridworld.targets import MazePlaced, TargetPlaced
from ecotone.gridworld.turns import AllAct, DynamicOrder, TurnBased
from ecotone.gridworld.world import GridWorld
from ecotone.recording import Look

__all__ = [
    "FULL", "GAMES", "REGISTRY", "AbsoluteView", "Actor", "Agreement", "AllAct", "Ammunition", "Attack",
    "AttackByEncoding", "Broadcast", "Build", "CentredView", "Channel", "CrossMove", "Crowd", "DriftMove",
    "DynamicOrder", "EncodingInactive", "Ending", "ExclusiveChoice", "Graze", "GridState", "GridWorld", "Harvest",
    "Health", "HealthView", "HeardMessages", "Inactive", "Kind", "Look", "Looks", "March", "MazePlaced", "Messages",
    "Move", "Observer", "OneChoice", "OneTeamRemaining", "Only", "Orientation", "OwnAmmunition", "OwnHealth",
    "OwnOrientation", "OwnPosition", "OwnStock", "Part", "Pay", "Placed", "Reach", "Regrow",
    "RestrictedSelectiveAttack", "Reward", "Roster", "Rule", "SelectiveAttack", "StackedView", "TargetInactive",
    "TargetOverlap", "TargetPlaced", "TurnBased", "Turns", "choose", "component", "from_array", "from_file", "from_picture",
    "from_text", "game", "register", "uniform", "windows",
]  # fmt: skip
