"""Agent-steps per second of the grid world beside Abmarl's: simulation alone, random actions, all cores of this machine.

python benchmarks/gridworld.py [--seconds 3] [--rounds 3] [--copies 1024] [--abmarl CHECKOUT] [--games NAME ...] [--sizes]

An agent-step is one action that was asked for and taken. Abmarl (one process a core; `--abmarl` is a checkout of its
source) and Ecotone are timed in turns; episodes that are over begin anew on both sides, and every agent that acts is shown
its observation. Ecotone is timed with many copies, one thread a core, and with a single copy, whose every step is a call
from Python. `--sizes` adds team battles on larger grids, with more entities that all learn, on both sides.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from statistics import median

CORES = len(os.sched_getaffinity(0))
GAMES = ("team_battle", "maze", "multi_maze", "reach_target", "predator_prey", "traffic_corridor")
HORIZON = 200
SIZES = tuple({"agents": agents, "size": size} for agents, size in ((24, 32), (96, 16), (96, 64), (384, 32), (384, 64)))


def sampler(world):
    """A function that draws actions of all agents of all teams of one copy."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from ecotone.spec import Discrete, over_parts, to_environment

    def draw(key):
        actions = {}
        for number, (name, team) in enumerate(world.teams.items()):
            own = jax.random.fold_in(key, number)

            def leaf(space, place, own=own, count=len(team.agents)):
                sizes = np.asarray(space.n if isinstance(space, Discrete) else space.sizes, np.uint32)
                bits = jax.random.bits(jax.random.fold_in(own, len(place.path)), (count, *space.shape))
                return (bits % sizes).astype(jnp.int32)

            actions[name] = to_environment(team.spec.action, over_parts(leaf, team.spec.action))
        return actions

    return draw


def stepper(world, copies, steps):
    """A compiled function of states and a key: `steps` steps of all copies, and how many actions were asked for."""
    import jax
    import jax.numpy as jnp

    from ecotone.envs.compiled import begin_anew

    draw = sampler(world)

    def once(carry, key):
        inner, asked, over = carry
        keys = lambda: jax.random.split(key, copies)
        acting = sum(each.sum() for each in asked.values())
        action = jax.vmap(draw)(jax.random.split(jax.random.fold_in(key, 1), copies))
        stepped = jax.vmap(world.step)(inner, action, keys())
        inner, shown = begin_anew(world.reset, keys, over, stepped, few=copies // 16)
        seen = sum(leaf.astype(jnp.float32).sum() for leaf in jax.tree.leaves(shown.observation))
        paid = sum(each.sum() for each in shown.reward.values())
        return (inner, shown.asks, shown.over), (acting, seen + paid)

    def run(carry, key):
        carry, (acting, told) = jax.lax.scan(once, carry, jax.random.split(key, steps))
        return carry, acting.sum(), told.sum()

    def begin(key):
        inner, shown = jax.vmap(world.reset)(jax.random.split(key, copies))
        return inner, shown.asks, shown.over

    return jax.jit(begin), jax.jit(run, donate_argnums=0)


def many_copies(world, copies, seconds):
    """Agent-steps per second, one thread a core, each with its share of the copies; gives a function that measures once."""
    import jax

    share = max(copies // CORES, 1)
    begin, run = stepper(world, share, steps=64)
    carries = [begin(jax.random.key(core)) for core in range(CORES)]
    carries = [run(carry, jax.random.key(9))[0] for carry in carries]

    def measure():
        counts, stop = [0] * CORES, time.perf_counter() + seconds

        def work(core):
            number = 0
            while time.perf_counter() < stop:
                carries[core], acting, _ = run(carries[core], jax.random.key(number))
                counts[core] += int(acting)
                number += 1

        began = time.perf_counter()
        threads = [threading.Thread(target=partial(work, core)) for core in range(CORES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(counts) / (time.perf_counter() - began)

    return measure


def single_copy(world, seconds):
    """Agent-steps per second of one copy whose every step is a call; gives a function that measures once."""
    import jax

    begin, run = stepper(world, 1, steps=1)
    keys = list(jax.random.split(jax.random.key(1), 256))
    carry = run(begin(jax.random.key(0)), keys[0])[0]

    def measure():
        nonlocal carry
        count, number, began = 0, 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            carry, acting, _ = run(carry, keys[number % 256])
            count, number = count + int(acting), number + 1
        return count / (time.perf_counter() - began)

    return measure


def abmarl_process(checkout, game, size, seconds):
    """A process that plays a game of Abmarl and prints its agent-steps per second."""
    path = os.pathsep.join([checkout, str(Path(__file__).parent)])
    command = [sys.executable, __file__, "--play", game, "--size", json.dumps(size), "--seconds", str(seconds)]
    return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True)


def abmarl(checkout, game, size, seconds):
    """Agent-steps per second of Abmarl, one process a core."""
    processes = [abmarl_process(checkout, game, size, seconds) for _ in range(CORES)]
    return sum(float(process.communicate()[0]) for process in processes)


def play_abmarl(game, size, seconds):
    """Play a game in Abmarl with random actions, and print agent-steps per second."""
    from abmarl.managers import AllStepManager
    from golden_scenes import GAMES as BUILDERS

    made = BUILDERS[game](**size)
    manager = AllStepManager(made["sim"], randomize_action_input=made["shuffled"])
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        manager.reset()
        for _ in range(HORIZON):
            acting = [a for team in made["teams"].values() for a in team if a not in manager.done_agents]
            done = manager.step({a: manager.agents[a].action_space.sample() for a in acting})[2]
            count += len(acting)
            if done["__all__"] or time.perf_counter() - began > seconds:
                break
    print(count / (time.perf_counter() - began))


def row(name, options, size):
    """Measure one world, and print it."""
    from ecotone.gridworld import game

    world = game(name, horizon=HORIZON, **size)
    runs = {"copies": many_copies(world, options.copies, options.seconds), "single": single_copy(world, options.seconds)}
    if options.abmarl:
        runs["abmarl"] = partial(abmarl, options.abmarl, name, size, options.seconds)
    found = {each: [] for each in runs}
    for _ in range(options.rounds):
        for each, measure in runs.items():
            found[each].append(measure())
    rates = {each: median(rates) for each, rates in found.items()}
    ratio = {f"{each}/abmarl": rates[each] / rates["abmarl"] for each in ("copies", "single")} if "abmarl" in rates else {}
    entities, learners = world.size, int(world.learns.sum())
    told = {"world": name, "grid": f"{world.rows}x{world.columns}", "entities": entities, "learners": learners}
    print(
        json.dumps(told | {k: round(v) for k, v in rates.items()} | {k: round(v, 1) for k, v in ratio.items()}), flush=True
    )


def main():
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--copies", type=int, default=1024)
    parser.add_argument("--abmarl")
    parser.add_argument("--games", nargs="*", default=GAMES)
    parser.add_argument("--sizes", action="store_true")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=json.loads, default={}, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        return play_abmarl(options.play, options.size, options.seconds)
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")
    for name in options.games:
        row(name, options, {})
    for size in SIZES if options.sizes else ():
        row("team_battle", options, size)
    return None


if __name__ == "__main__":
    main()
