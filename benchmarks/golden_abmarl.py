"""Records what Abmarl does with given initial states, actions and draws, for Ecotone's grid world to be held against.

PYTHONPATH=/a/checkout/of/Abmarl python benchmarks/golden_abmarl.py OUT.npz [--episodes 2 --steps 40 --only SCENE ...]

Needs Abmarl's source (the newest release lacks some components), NumPy, Gymnasium and Matplotlib. Every place where Abmarl
draws is made to draw as `ecotone.gridworld` does: of all candidates the one whose `shuffled(word, index)` is the greatest.
"""

import argparse
import json
from collections import Counter
from types import SimpleNamespace

import abmarl.sim.gridworld.actor as actor_module
import abmarl.sim.gridworld.observer as observer_module
import numpy as np
from abmarl.managers import AllStepManager
from abmarl.sim.gridworld.actor import AttackActorBaseComponent
from golden_scenes import CHANNELS, SCENES, build

WORDS = {"attack": 3, "move": 0}


def shuffled(word, index):
    """As `ecotone.gridworld.chance.shuffled`, for one index, in Python's whole numbers."""
    whole = 2**32 - 1
    mixed = int(word) ^ (0x9E3779B9 * int(index) & whole)
    mixed = (mixed ^ (mixed >> 16)) * 0x7FEB352D & whole
    mixed = (mixed ^ (mixed >> 15)) * 0x846CA68B & whole
    return mixed ^ (mixed >> 16)


def sub(word, stream):
    """As `ecotone.gridworld.chance.sub`."""
    return shuffled(word, 0x5BD1E995 + stream)


class Draws:
    """The words of the attack, or the word of the view, that is under way, and what stands for Abmarl's draws meanwhile."""

    def __init__(self, names, times):
        self.index = {name: i for i, name in enumerate(names)}
        self.times, self.words, self.view = times, None, None
        self.stacked, self.spending, self.candidate, self.chosen = False, False, None, Counter()

    def uniform(self):
        return (shuffled(self.words[0], self.index[self.candidate.id]) >> 8) * 2.0**-24

    def choice(self, items, size=None, replace=True):
        if self.spending:
            return np.asarray(self.spent(list(items), size), object)
        order = lambda word: sorted(items, key=lambda agent: -shuffled(word, self.index[agent.id]))
        if size is None:
            if self.stacked:
                hit = self.chosen[tuple(items[0].position)]
                self.chosen[tuple(items[0].position)] += 1
                return order(sub(self.words[1], hit))[0]
            return order(self.words[1])[0]
        if replace:
            return [order(sub(self.words[1], hit))[0] for hit in range(size)]
        return order(self.words[1])[:size]

    def spent(self, items, size):
        """The hits that ammunition is left for."""
        seen, tokens = Counter(), []
        for agent in items:
            tokens.append(seen[agent.id] * len(self.index) + self.index[agent.id])
            seen[agent.id] += 1
        ranked = sorted(zip(tokens, items, strict=True), key=lambda pair: -shuffled(self.words[2], pair[0]))
        return [agent for _, agent in ranked[:size]]


def wire(draws):
    """Put the draws in the place of NumPy's in Abmarl's actors and observers; gives what undoes it."""
    numpy_like = SimpleNamespace(**{name: getattr(np, name) for name in ("zeros", "ones", "any", "array", "empty")})
    numpy_like.random = draws
    actor_module.np = numpy_like
    criteria, process = AttackActorBaseComponent._basic_criteria, AttackActorBaseComponent.process_action

    def basic(self, attacker, candidate):
        draws.candidate = candidate
        return criteria(self, attacker, candidate)

    def processed(self, attacker, action, **kwargs):
        draws.words = draws.attack_words.get(draws.index[attacker.id])
        draws.stacked, draws.spending, draws.chosen = self.stacked_attacks, False, Counter()
        own = type(self)._determine_attack

        def determine(agent, attack):
            found = own(self, agent, attack)
            draws.spending = True
            return found

        self._determine_attack = determine
        return process(self, attacker, action, **kwargs)

    AttackActorBaseComponent._basic_criteria, AttackActorBaseComponent.process_action = basic, processed
    utilities = observer_module.gu

    def grid_and_mask(agent, grid, reach, agents):
        local, mask = utilities.create_grid_and_mask(agent, grid, reach, agents)
        for r, c in np.ndindex(local.shape):
            if draws.alone and local[r, c] is not None and len(local[r, c]) > 1:
                local[r, c] = draws.alone(agent, local[r, c])
        return local, mask

    observer_module.gu = SimpleNamespace(create_grid_and_mask=grid_and_mask)

    def undo():
        actor_module.np, observer_module.gu = np, utilities
        AttackActorBaseComponent._basic_criteria, AttackActorBaseComponent.process_action = criteria, process

    return undo


def one_seen(draws, observe_self):
    """Who of several on a cell is seen, as `ecotone.gridworld.observing.shown` draws it."""

    def alone(agent, there):
        others = [other for other in there.values() if observe_self or other.id != agent.id]
        upper = lambda other: (shuffled(draws.view, draws.index[other.id]) & 0xFFFF0000) | other.encoding
        seen = max(others, key=upper)
        return {agent.id: agent} if observe_self == "first" and agent.id in there else {seen.id: seen}

    return alone


def state_of(sim, names):
    """Where everybody is, and what they have."""
    agents = [sim.agents[name] for name in names]
    numbers = lambda field, kind: np.asarray([getattr(agent, field, 0) for agent in agents], kind)
    return {
        "row": np.asarray([agent.position[0] for agent in agents], "int16"),
        "column": np.asarray([agent.position[1] for agent in agents], "int16"),
        "active": np.asarray([agent.active for agent in agents]),
        "health": np.asarray([getattr(agent, "_health", 1.0) for agent in agents], "float32"),
        "ammunition": numbers("_ammo", "int16"),
        "orientation": numbers("_orientation", "int16"),
    }


def zero_point(value):
    """As many zeros, nested alike."""
    return {key: zero_point(part) for key, part in value.items()} if isinstance(value, dict) else np.zeros_like(value)


def flat(value, path=""):
    """Leaves of nested dicts by paths."""
    if not isinstance(value, dict):
        return {path: np.asarray(value)}
    return {k: v for key, part in value.items() for k, v in flat(part, f"{path}/{key}" if path else str(key)).items()}


def record(scene, seed, steps):
    """One episode: arrays by name."""
    rng = np.random.default_rng(seed)
    np.random.seed(seed)  # noqa: NPY002
    world = build(scene)
    sim, names, teams = world["sim"], world["names"], world["teams"]
    draws = Draws(names, world["times"])
    draws.alone = one_seen(draws, world["observe_self"]) if world["observe_self"] is not None else None
    undo = wire(draws)
    manager, rows, learners = AllStepManager(sim), [], [name for team in teams.values() for name in team]
    try:
        draws.view = rng.integers(2**32, dtype=np.uint32)
        observation = manager.reset()
        begun = {"view": draws.view, **state_of(sim, names), **told(observation, {}, {}, teams, names, sim)}
        for _ in range(steps):
            row = turn(rng, scene, world, manager, draws, [a for a in learners if a not in manager.done_agents])
            rows.append(row)
            if row["over"]:
                break
    finally:
        undo()
    stacked = {f"step/{key}": np.stack([row[key] for row in rows]) for key in rows[0]}
    return {f"begin/{key}": value for key, value in begun.items()} | stacked


def turn(rng, scene, world, manager, draws, asked):
    """One step: actions, words, and what came of them."""
    sim, names, teams = world["sim"], world["names"], world["teams"]
    served = {
        channel: [a for t in teams.values() for a in t if channel in sim.agents[a].action_space.spaces]
        for channel in CHANNELS
    }
    used = [channel for channel in scene.get("channels", CHANNELS) if served[channel]]
    words = rng.integers(2**32, size=sum(WORDS[c] * len(served[c]) for c in used) + 2, dtype=np.uint32)
    begin = 0
    for channel in used:
        mine = words[begin : begin + WORDS[channel] * len(served[channel])].reshape(len(served[channel]), -1)
        begin += mine.size
        if channel == "attack":
            draws.attack_words = {draws.index[name]: each for name, each in zip(served[channel], mine, strict=True)}
    draws.view = words[-2]
    for name in asked:
        sim.agents[name].action_space.seed(int(rng.integers(2**31)))
    action = {name: sim.agents[name].action_space.sample() for name in asked}
    order = list(asked)
    if world["shuffled"]:
        order.sort(key=lambda name: shuffled(words[-1], draws.index[name]))
    taken = {name: zero_point(sim.agents[name].null_action) for t in teams.values() for name in t} | {
        name: {key: part.copy() if hasattr(part, "copy") else part for key, part in each.items()}
        for name, each in action.items()
    }
    result = manager.step({name: dict(action[name]) for name in order})
    actions = {}
    for team, members in teams.items():
        leaves = [flat(dict(taken[name])) for name in members]
        actions |= {
            f"action/{team}/{key}": np.stack([np.asarray(each[key], "int16") for each in leaves]) for key in leaves[0]
        }
    asked_flags = np.isin(names, asked)
    observation, reward, done, _ = result
    shown = told(observation, reward, done, teams, names, sim)
    return (
        actions | {"words": words, "asked": asked_flags, "over": np.asarray(done["__all__"])} | state_of(sim, names) | shown
    )


def told(observation, reward, done, teams, names, sim):
    """What was reported of whom."""
    out = {
        "told": np.isin(names, list(observation)),
        "reward": np.asarray([reward.get(name, 0.0) for name in names], "float32"),
        "done": np.asarray([bool(done.get(name, False)) for name in names]),
    }
    for team, members in teams.items():
        for key, nothing in flat(dict(sim.agents[members[0]].null_observation)).items():
            seen = [
                flat(dict(observation[name]))[key] if name in observation else np.zeros_like(nothing) for name in members
            ]
            out[f"observation/{team}/{key}"] = np.stack([np.asarray(each, "int8") for each in seen])
    return out


def main():
    """Record the scenes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out")
    parser.add_argument("--episodes", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--steps", type=int, help="of an episode at most; else 60 in a game, 20 in a scene of components")
    parser.add_argument("--only", nargs="*", default=list(SCENES))
    options = parser.parse_args()
    arrays = {"scenes": np.asarray(json.dumps({name: SCENES[name] for name in options.only}))}
    for name in options.only:
        steps = options.steps or (60 if "game" in SCENES[name] else 20)
        for episode in range(options.episodes):
            recorded = record(SCENES[name], options.first_seed + episode, steps)
            arrays |= {f"{name}/{episode}/{key}": value for key, value in recorded.items()}
        print(name, options.episodes, "episodes")
    np.savez_compressed(options.out, **arrays)


if __name__ == "__main__":
    main()
