"""Scenes for `golden_abmarl.py`: games of Abmarl, and each of its components in small worlds; built with Abmarl here.

A scene of components says in Ecotone's words what is in it, so that the other side can build the same.
"""

import numpy as np
from abmarl.examples.sim.maze_navigation import MazeNavigationAgent, MazeNavigationSim
from abmarl.examples.sim.multi_maze_navigation import MultiMazeNavigationAgent, MultiMazeNavigationSim
from abmarl.examples.sim.predator_prey_resources import PredatorAgent, PredatorPreyResourcesSim, PreyAgent, ResourceAgent
from abmarl.examples.sim.reach_the_target import BarrierAgent, ReachTheTargetSim, RunningAgent, TargetAgent
from abmarl.examples.sim.team_battle_example import BattleAgent, TeamBattleSim
from abmarl.examples.sim.traffic_corridor import TrafficAgent, TrafficCorridorSimulation
from abmarl.sim.gridworld import actor, agent, done, observer, state
from abmarl.sim.gridworld.smart import SmartGridWorldSimulation

CHANNELS = ("attack", "move")
FIGHTS = {"rows": 6, "columns": 6, "overlap": {"1": [1, 2], "2": [1, 2]}, "endings": [["Inactive", {}]]}


def fighters(**more):
    """Two kinds that fight, beside a blocking wall."""
    sees = {"view_range": 2, "move_range": 1, "attack_range": 1, "health": None} | more
    return [
        {"name": "a", "encoding": 1, "count": 4, **sees},
        {"name": "b", "encoding": 2, "count": 4, **sees},
        {"name": "wall", "encoding": 3, "count": 4, "blocking": True},
    ]


def fight(attack, observers=("CentredView",), channels=CHANNELS, options=None, **more):
    """A world of fighters with one kind of attack."""
    mapping = {"1": [2], "2": [1, 2]}
    actors = [[attack, {"mapping": mapping} | (options or {})], ["Move", {}]]
    seen = [[name, {}] if isinstance(name, str) else name for name in observers]
    return {**FIGHTS, "kinds": fighters(**more), "actors": actors, "observers": seen, "channels": list(channels)}


def walk(move, endings, observers, **more):
    """A world of walkers with one kind of move."""
    kinds = [
        {"name": "a", "encoding": 1, "count": 3, "view_range": 3, "move_range": 2, **more},
        {"name": "b", "encoding": 2, "count": 3, "view_range": "FULL", "move_range": "FULL", **more},
        {"name": "wall", "encoding": 4, "count": 5, "blocking": True},
    ]
    return {
        "rows": 5, "columns": 7, "overlap": {"1": [2]}, "kinds": kinds, "actors": [[move, {}]], "endings": endings,
        "observers": [[name, {}] if isinstance(name, str) else name for name in observers], "channels": ["move"],
    }  # fmt: skip


OVERLAPS = [["a0", "wall0"], ["a1", "b0"], ["a2", "b1"]]
WEAK = {"attack_strength": 0.3, "attack_accuracy": 0.7, "attack_range": 2, "simultaneous_attacks": 3}
STACKED = {"stacked": True}
SCENES = {
    **{f"game:{name}": {"game": name} for name in ("team_battle", "maze", "multi_maze", "reach_target", "predator_prey")},
    "game:traffic_corridor": {"game": "traffic_corridor", "channels": ["move"]},
    "move, centred": walk("Move", [["TargetOverlap", {"targets": OVERLAPS}]], ["CentredView"]),
    "cross, absolute, position": walk("CrossMove", [["Inactive", {}]], ["AbsoluteView", "OwnPosition"]),
    "drift, stacked": walk("DriftMove", [["Inactive", {}]], ["StackedView"], orientation="random"),
    "binary": fight("Attack"),
    "binary, several": fight("Attack", **WEAK),
    "binary, stacked": fight("Attack", [["CentredView", {"observe_self": False}]], options=STACKED, **WEAK),
    "binary, ammunition": fight("Attack", ["CentredView", "OwnAmmunition"], ammunition=2, **WEAK),
    "stacked, ammunition": fight("Attack", ["StackedView", "OwnAmmunition"], options=STACKED, ammunition=4, **WEAK),
    "by encoding": fight("AttackByEncoding", **WEAK),
    "by encoding, stacked": fight("AttackByEncoding", options=STACKED, **WEAK),
    "selective": fight("SelectiveAttack", **WEAK),
    "selective, stacked": fight("SelectiveAttack", options=STACKED, **WEAK),
    "restricted": fight("RestrictedSelectiveAttack", options={"column_first": True}, **WEAK | {"attack_accuracy": 1.0}),
    "restricted, stacked": fight(
        "RestrictedSelectiveAttack", options={"column_first": True, "stacked": True}, **WEAK | {"attack_accuracy": 1.0}
    ),
    "one team": fight("Attack", **WEAK) | {"endings": [["OneTeamRemaining", {}]]},
    "target inactive": fight("Attack", **WEAK) | {"endings": [["Inactive", {}], ["TargetInactive", {"targets": [
        [f"{mine}{i}", f"{other}{i}"] for mine, other in ("ab", "ba") for i in range(4)
    ]}]]},
    "encoding inactive": fight("Attack", **WEAK) | {"endings": [
        ["Inactive", {}], ["EncodingInactive", {"mapping": {"1": [2]}}]
    ]},
    "encodings inactive": fight("Attack", **WEAK) | {"endings": [["Inactive", {}], ["EncodingInactive", {
        "mapping": {"1": [2], "2": [1]}, "one_is_enough": False
    }]]},
}  # fmt: skip
"""By name; two of Abmarl's components with the same key are never in one."""
ACTORS = {
    "Move": actor.MoveActor, "CrossMove": actor.CrossMoveActor, "DriftMove": actor.DriftMoveActor,
    "Attack": actor.BinaryAttackActor, "AttackByEncoding": actor.EncodingBasedAttackActor,
    "SelectiveAttack": actor.SelectiveAttackActor, "RestrictedSelectiveAttack": actor.RestrictedSelectiveAttackActor,
}  # fmt: skip
OBSERVERS = {
    "CentredView": observer.PositionCenteredEncodingObserver, "AbsoluteView": observer.AbsoluteEncodingObserver,
    "StackedView": observer.StackedPositionCenteredEncodingObserver, "OwnPosition": observer.AbsolutePositionObserver,
    "OwnAmmunition": observer.AmmoObserver,
}  # fmt: skip
ENDINGS = {
    "Inactive": done.ActiveDone, "TargetOverlap": done.TargetAgentOverlapDone,
    "TargetInactive": done.TargetAgentInactiveDone, "EncodingInactive": done.TargetEncodingInactiveDone,
    "OneTeamRemaining": done.OneTeamRemainingDone,
}  # fmt: skip


class Scene(SmartGridWorldSimulation):
    """All attack, then all move; paid as in team battle, but a killed agent counts once."""

    def __init__(self, actors=(), **kwargs):
        super().__init__(**kwargs)
        self.actors = [cls(**(kwargs | options)) for cls, options in actors]
        self.finalize()

    def step(self, action_dict, **kwargs):
        for each in self.actors:
            for name, action in action_dict.items():
                if self.agents[name].active:
                    result = each.process_action(self.agents[name], action, **kwargs)
                    self.pay(name, each.key, result)

    def pay(self, name, key, result):
        if key == "move":
            self.rewards[name] -= 0 if result else 0.1
            return
        attempted, hit = result
        if attempted and not len(hit):
            self.rewards[name] -= 0.1
        for other in {each.id for each in hit if not each.active}:
            self.rewards[name] += 1
            self.rewards[other] -= 1

    def get_done(self, name, **kwargs):
        of = lambda each: getattr(each, "target_mapping", {name: None})
        known = [each for each in self._dones if isinstance(each, done.TargetEncodingInactiveDone) or name in of(each)]
        return any(each.get_done(self.agents[name], **kwargs) for each in known)


def mapped(options):
    """Rules with encodings as Abmarl has them."""
    return {int(key): set(value) for key, value in options.items()}


def made(kind):
    """Abmarl's agents of a kind."""
    parts, options = [], {"encoding": kind["encoding"], "blocking": kind.get("blocking", False)}
    options["initial_health"] = kind.get("health", 1.0)
    if "view_range" in kind:
        parts.append(agent.GridObservingAgent)
        options["view_range"] = kind["view_range"]
    if "move_range" in kind:
        parts.append(agent.MovingAgent)
        options["move_range"] = kind["move_range"]
    if "attack_range" in kind:
        parts.append(agent.AttackingAgent)
        options |= {"attack_range": kind["attack_range"], "attack_strength": kind.get("attack_strength", 1.0)}
        options["attack_accuracy"] = kind.get("attack_accuracy", 1.0)
        options["simultaneous_attacks"] = kind.get("simultaneous_attacks", 1)
    if "ammunition" in kind:
        parts.append(agent.AmmoAgent)
        options["initial_ammo"] = kind["ammunition"]
    if "orientation" in kind:
        parts.append(agent.OrientationAgent)
    cls = type("Made", (*parts, agent.GridWorldAgent), {})
    count = kind.get("count", 1)
    names = [kind["name"]] if count == 1 else [f"{kind['name']}{i}" for i in range(count)]
    return {name: cls(id=name, **options) for name in names}


def build(scene):
    """`sim`, `names` of all agents in Ecotone's order, `teams`, and how ties and orders are drawn."""
    if "game" in scene:
        return GAMES[scene["game"]]()
    agents = {name: each for kind in scene["kinds"] for name, each in made(kind).items()}
    teams = {
        kind["name"]: [name for name, each in agents.items() if each.encoding == kind["encoding"]]
        for kind in scene["kinds"]
        if "move_range" in kind
    }
    more = {}
    actors = []
    for name, options in scene["actors"]:
        own = {"attack_mapping": mapped(options["mapping"])} if "mapping" in options else {}
        actors.append((ACTORS[name], own | {"stacked_attacks": options.get("stacked", False)}))
    for name, options in scene["endings"]:
        if name.startswith("Target"):
            more["target_mapping"] = dict(options["targets"])
        if name == "EncodingInactive":
            more |= {
                "target_mapping": mapped(options["mapping"]),
                "sim_ends_if_one_done": options.get("one_is_enough", True),
            }
    views = dict(map(tuple, scene["observers"]))
    observe_self = views["CentredView"].get("observe_self", True) if "CentredView" in views else None
    sim = Scene.build_sim(
        scene["rows"], scene["columns"], agents=agents, overlapping=mapped(scene["overlap"]), actors=actors,
        observe_self=bool(observe_self), observers={OBSERVERS[name] for name in views},
        states={state.PositionState, state.HealthState, state.AmmoState, state.OrientationState},
        dones={ENDINGS[name] for name, _ in scene["endings"]}, **more,
    )  # fmt: skip
    tie = "first" if "AbsoluteView" in views else observe_self
    return {"sim": sim, "names": list(agents), "teams": teams, "times": 3, "observe_self": tie, "shuffled": False}


def game(sim, order, teams, shuffled=False):
    """A game whose agents are to be in the order of these prefixes."""
    names = [name for prefix in order for name in sim.agents if name.rstrip("0123456789_") == prefix]
    assert len(names) == len(sim.agents)
    named = {team: [name for name in names if name.rstrip("0123456789_") == team] for team in teams}
    return {"sim": sim, "names": names, "teams": named, "times": 1, "observe_self": True, "shuffled": shuffled}


def team_battle(agents=24, size=8):
    """As in Abmarl's example, agents named by team; or more of them, on a larger grid."""
    low, high, each = 1, size - 2, agents // 4
    colours, corners = ("red", "blue", "green", "gray"), ((low, low), (low, high), (high, low), (high, high))
    fighters = {
        f"{colour}{i}": BattleAgent(id=f"{colour}{i}", encoding=code, initial_position=np.array(corner))
        for code, (colour, corner) in enumerate(zip(colours, corners, strict=True), 1)
        for i in range(each)
    }
    sim = TeamBattleSim.build_sim(
        size, size, agents=fighters, overlapping={i: {i} for i in range(1, 5)},
        attack_mapping={i: {1, 2, 3, 4} - {i} for i in range(1, 5)}, states={"PositionState", "HealthState"},
        observers={"PositionCenteredEncodingObserver"}, dones={"OneTeamRemainingDone"},
    )  # fmt: skip
    return game(sim, colours, colours)


def maze():
    """As in Abmarl's example."""
    layout = """_ _ _ _ W _ W W _ W W _ _ W W _ W _/W _ W _ N _ _ _ _ _ W _ W W _ _ _ _/W W W W _ W W _ W _ _ _ _ W W _ W W/\
_ W _ _ _ W W _ W _ W W _ _ _ _ _ _/_ _ _ W _ _ W W W _ W _ _ W _ W W _/W W W W _ W W W W W W W _ W _ T W _/\
_ _ _ _ _ W _ _ _ _ _ _ _ W _ W W _/_ W _ W _ W W W _ W W _ W W _ W _ _"""
    registry = {
        "N": lambda n: MazeNavigationAgent(id="navigator", encoding=1, view_range=2),
        "T": lambda n: agent.GridWorldAgent(id="target", encoding=3),
        "W": lambda n: agent.GridWorldAgent(id=f"wall{n}", encoding=2, blocking=True),
    }
    sim = MazeNavigationSim.build_sim_from_array(
        np.array([line.split() for line in layout.split("/")]), registry, overlapping={1: {3}, 3: {1}},
        states={"PositionState"}, observers={"PositionCenteredEncodingObserver"},
    )  # fmt: skip
    return game(sim, ("navigator", "target", "wall"), ("navigator",))


def multi_maze():
    """As in Abmarl's example."""
    target = agent.GridWorldAgent(id="target", encoding=1)
    barriers = {f"barrier{i}": agent.GridWorldAgent(id=f"barrier{i}", encoding=2) for i in range(20)}
    navigators = {f"navigator{i}": MultiMazeNavigationAgent(id=f"navigator{i}", encoding=3, view_range=5) for i in range(5)}
    sim = MultiMazeNavigationSim.build_sim(
        10, 10, agents={"target": target, **barriers, **navigators}, overlapping={1: {3}, 3: {3}}, target_agent=target,
        barrier_encodings={2}, free_encodings={1, 3}, cluster_barriers=True, scatter_free_agents=True,
        no_overlap_at_reset=True,
    )  # fmt: skip
    return game(sim, ("target", "barrier", "navigator"), ("navigator",))


def reach_target():
    """As in Abmarl's example."""
    corners = ((0, 0), (6, 0), (0, 6), (6, 6))
    runners = {
        f"runner{i}": RunningAgent(
            id=f"runner{i}", move_range=2, view_range=3, initial_health=1, initial_position=np.array(corners[i])
        )
        for i in range(4)
    }
    target = TargetAgent(
        view_range=7, attack_range=1, attack_strength=1, attack_accuracy=1, initial_position=np.array([3, 3])
    )
    agents = {**{f"barrier{i}": BarrierAgent(id=f"barrier{i}") for i in range(10)}, **runners, "target": target}
    sim = ReachTheTargetSim.build_sim(7, 7, agents=agents, overlapping={2: {3}, 3: {1, 2, 3}}, attack_mapping={2: {3}})
    return game(sim, ("barrier", "runner", "target"), ("runner", "target"))


def predator_prey():
    """As in Abmarl's example."""
    agents = {
        **{f"resource_{i}": ResourceAgent(id=f"resource_{i}") for i in range(11)},
        **{f"prey_{i}": PreyAgent(id=f"prey_{i}") for i in range(5)},
        **{f"predator_{i}": PredatorAgent(id=f"predator_{i}") for i in range(2)},
    }
    food = {2: {1}, 3: {2}}
    sim = PredatorPreyResourcesSim.build_sim(
        20, 20, agents=agents, overlapping={1: {2, 3}, 2: {1, 2, 3}, 3: {1, 2}}, attack_mapping=food, target_mapping=food,
        states={"PositionState", "HealthState"}, observers={"PositionCenteredEncodingObserver"},
        dones={"ActiveDone", "TargetEncodingInactiveDone"},
    )  # fmt: skip
    return game(sim, ("resource", "prey", "predator"), ("prey", "predator"), shuffled=True)


def traffic_corridor():
    """As in Abmarl's example."""
    layout = np.array([list("GWWWR"), list("r___g"), list("GWWWR")])
    registry = {
        "R": lambda n: TrafficAgent(id=f"red{n}", encoding=1),
        "G": lambda n: TrafficAgent(id=f"green{n}", encoding=2),
        "r": lambda n: agent.GridWorldAgent(id="red_target", encoding=1),
        "g": lambda n: agent.GridWorldAgent(id="green_target", encoding=2),
        "W": lambda n: agent.GridWorldAgent(id=f"wall{n}", encoding=3),
    }
    sim = TrafficCorridorSimulation.build_sim_from_array(
        layout, registry, overlapping={1: {1}, 2: {2}}, states={"PositionState"}, dones={"TargetAgentOverlapDone"},
        observers={"PositionCenteredEncodingObserver"},
        target_mapping={f"{team}{i}": f"{team}_target" for team in ("red", "green") for i in (0, 1)},
    )  # fmt: skip
    return game(sim, ("red", "green", "red_target", "green_target", "wall"), ("red", "green"), shuffled=True)


GAMES = {each.__name__: each for each in (team_battle, maze, multi_maze, reach_target, predator_prey, traffic_corridor)}
