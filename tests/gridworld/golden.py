"""Holds Ecotone's grid world against recordings of Abmarl's (see `benchmarks/golden_abmarl.py`).

python -m tests.gridworld.golden RECORDING.npz     # compares every episode and prints how many there were
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.gridworld import REGISTRY, GridWorld, Kind, Pay, game
from ecotone.gridworld.playing import shown_now
from ecotone.gridworld.state import blank

PAID = (Pay("kill", 1.0), Pay("killed", -1.0), Pay("missed", -0.1), Pay("bad_move", -0.1))
FIELDS = ("row", "column", "health", "ammunition", "orientation", "active")


def world_of(scene):
    """The world of a recorded scene."""
    if "game" in scene:
        return game(scene["game"])
    rules = lambda mapping: {int(key): tuple(value) for key, value in mapping.items()}

    def made(part):
        name, options = part
        options = {key: rules(value) if key == "mapping" else value for key, value in options.items()}
        if "targets" in options:
            options["targets"] = tuple(map(tuple, options["targets"]))
        return REGISTRY[name](**options)

    rewards = tuple(pay for pay in PAID if "attack" in scene["channels"] or pay.event == "bad_move")
    parts = ("Placed", "Health", "Ammunition", "Orientation")
    return GridWorld(
        scene["rows"], scene["columns"], tuple(Kind(**kind) for kind in scene["kinds"]),
        actors=tuple(map(made, scene["actors"])), observers=tuple(map(made, scene["observers"])),
        endings=tuple(map(made, scene["endings"])), rewards=rewards, parts=tuple(REGISTRY[name]() for name in parts),
        overlap=rules(scene["overlap"]),
    )  # fmt: skip


def nested(arrays, prefix):
    """Arrays whose names begin so, as a tree; a single one without a name of its own as itself."""
    tree = {}
    for path, array in arrays.items():
        if path.startswith(prefix):
            *inner, last = path.removeprefix(prefix).split("/")
            at = tree
            for name in inner:
                at = at.setdefault(name, {})
            at[last] = array
    return tree


def plain(tree, spec):
    """Channels of an action, the only one as itself; cells of a window in rows; all in the types of actions."""
    tree = next(iter(tree.values())) if len(tree) == 1 else tree
    return jax.tree.map(lambda a: jnp.asarray(a.reshape(*a.shape[:2], -1) if a.ndim > 3 else a, jnp.int32), tree)


def replayer(world):
    """A compiled function of a recorded beginning, actions and words that gives what our world did."""

    def begin(first, view):
        state = blank(world.roster, world.events)
        state = state._replace(**{name: first[name].astype(getattr(state, name).dtype) for name in FIELDS})
        state = state._replace(asks=jnp.asarray(world.learns) & state.active)
        return state, shown_now(world, state, state, view)

    def replay(first, view, actions, words):
        state, shown = begin(first, view)

        def step(state, given):
            state, shown = world.advance(state, *given)
            return state, (state, shown)

        return (state, shown), jax.lax.scan(step, state, (actions, words))[1]

    return jax.jit(replay)


def differences(world, replay, episode):
    """What differs between a recorded episode and ours: names of fields."""
    first = {name: episode[f"begin/{name}"] for name in FIELDS}
    actions = {team: plain(tree, None) for team, tree in nested(episode, "step/action/").items()}
    steps = len(episode["step/words"])
    longest = 1 << (steps - 1).bit_length()
    fill = lambda a: jnp.pad(jnp.asarray(a), [(0, longest - steps), *[(0, 0)] * (a.ndim - 1)])
    given = jax.tree.map(fill, (actions, episode["step/words"]))
    begun, played = jax.device_get(replay(first, episode["begin/view"], *given))
    state, shown = jax.tree.map(lambda a: a[:steps], played)
    found = [name for name in FIELDS if not np.allclose(getattr(state, name), episode[f"step/{name}"], atol=1e-6)]
    told, n = episode["step/told"], world.roster
    for k in world.learners:
        team, where = world.kinds[k].name, n.of(k)
        heard = told[:, where]
        found += seen_apart(episode, "begin", team, begun[1].observation[team], episode["begin/told"][where])
        found += seen_apart(episode, "step", team, shown.observation[team], heard)
        if not np.allclose(shown.reward[team][heard], episode["step/reward"][:, where][heard], atol=1e-5):
            found.append("reward")
        if (state.ended[:, where][heard] != episode["step/done"][:, where][heard]).any():
            found.append("done")
    if (shown.over != episode["step/over"]).any():
        found.append("over")
    return found


def seen_apart(episode, when, team, ours, told):
    """Names of the parts of an observation that differ where an agent was told something."""
    theirs = nested(episode, f"{when}/observation/{team}/")
    ours = ours if isinstance(ours, dict) else {next(iter(theirs)): ours}
    assert ours.keys() == theirs.keys()
    same = lambda mine, other: (mine[told].reshape(other[told].shape) == other[told]).all()
    return [f"{when}/{name}" for name in theirs if not same(np.asarray(ours[name]), theirs[name])]


def compare(path, only=None):
    """For each scene of a recording, its episodes, its steps, and what differed in which episode."""
    with np.load(path) as recorded:
        arrays = dict(recorded)
    scenes = json.loads(str(arrays.pop("scenes")))
    episodes = {}
    for key, array in arrays.items():
        scene, number, field = key.split("/", 2)
        episodes.setdefault(scene, {}).setdefault(number, {})[field] = array
    results = {}
    for name in only or scenes:
        world = world_of(scenes[name])
        replay = replayer(world)
        apart = {number: differences(world, replay, episode) for number, episode in episodes[name].items()}
        steps = sum(len(episode["step/words"]) for episode in episodes[name].values())
        results[name] = (len(apart), steps, {number: found for number, found in apart.items() if found})
    return results


def main():
    """Compare, and print."""
    for name, (episodes, steps, apart) in compare(sys.argv[1], sys.argv[2:] or None).items():
        print(
            f"{name}: {episodes} episodes, {steps} steps, {len(apart)} that differ {dict(list(apart.items())[:3])}",
            flush=True,
        )


if __name__ == "__main__":
    main()
