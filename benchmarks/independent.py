"""Many independent policies in one program, against a loop over them: environment steps per second, with learning.

python benchmarks/independent.py --agents 100 --copies 1 --seconds 20

Each agent of MultiAgentCartPole has a PPO policy of its own. `one_program` is the compiled runtime with a group that shares
no policy. `loop` is what a library does that does not know that the policies are alike: the environment steps in one
compiled call, and every policy chooses in a compiled call of its own at every step, and learns in one after every fragment
(compiled once for all of them). `runs` trains one agent after another, each in the compiled runtime alone.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone import PPO, Experiment, Group
from ecotone.envs.agents.compiled import CompiledAgents
from ecotone.envs.classic import CLASSIC
from ecotone.envs.classic.multi_agent_cartpole import MultiAgentCartPole
from ecotone.experiment import with_schedules
from ecotone.feed import Rollout
from ecotone.runtime.learn import begin, learn
from ecotone.runtime.program import Program
from ecotone.training import make_engine
from ecotone.trajectory import TimeStep, Trajectory

STEPS = 1_000_000
"""Over which the schedules run; no measurement gets that far."""


def algorithm(length: int) -> PPO:
    """PPO with its default settings and a fragment that all measurements share."""
    return with_schedules(PPO(feed=Rollout(length)), STEPS)


def rate(advance: Callable[[], int], seconds: float) -> float:
    """Environment steps per second of what takes some at every call, after two calls that compile."""
    advance(), advance()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        steps += advance()
    return steps / (time.perf_counter() - began)


def one_program(agents: int, copies: int, length: int) -> Callable[[], int]:
    """All policies in the compiled runtime."""
    groups = {"agents": Group(PPO(feed=Rollout(length)), shared=False)}
    engine = make_engine(Experiment(MultiAgentCartPole(agents), groups=groups, num_envs=copies, steps=STEPS))
    return lambda: sum(int(piece.acted[:-1].sum()) for piece in engine.advance(10_000_000))


class Loop:
    """The policies one after another, at every step and after every fragment."""

    def __init__(self, agents: int, copies: int, length: int) -> None:
        self.agents, self.length = agents, length
        self.stream = CompiledAgents(MultiAgentCartPole(agents), copies)
        ppo = algorithm(length)
        spec = self.stream.teams["agent"].spec
        self.state, self.now = jax.jit(self.stream.start)(jax.random.key(0))
        self.step = jax.jit(self.stream.step)
        self.act = jax.jit(lambda params, seen, first, key: ppo.act(params, seen, first, (), key, True)[:2])
        example = jax.eval_shape(lambda: self._example(ppo, spec))
        fresh = jax.jit(lambda key: begin(ppo, key, spec, example))
        made: Any = Program(
            lambda algorithm, learner, rows: learn(algorithm, learner, rows)[:2], ppo, fresh(jax.random.key(0))
        )
        self.learners = [made.again(ppo, fresh(jax.random.key(agent))) for agent in range(agents)]
        self.params = [learner.carried.state.network for learner in self.learners]
        self.key = jax.random.key(1)

    def _example(self, ppo: PPO, spec: Any) -> Trajectory:
        network = ppo.init(jax.random.key(0), spec).network
        seen, first = self.now.observation["agent"][:, 0], self.now.is_first["agent"][:, 0]
        action, extras, _ = ppo.act(network, seen, first, (), jax.random.key(0), True)
        one = jnp.ones(first.shape, jnp.float32)
        row = Trajectory(seen, first, first, action, one, one, extras, ())
        return jax.tree.map(lambda x: jnp.broadcast_to(x, (self.length + 1, *x.shape)), row)

    def __call__(self) -> int:
        """A fragment, and an update of every policy; returns the environment steps."""
        rows: list[list[Trajectory]] = [[] for _ in range(self.agents)]
        taken = 0
        for t in range(self.length):
            now, chosen = jax.tree.map(np.asarray, self.now), []
            for agent in range(self.agents):
                key = jax.random.fold_in(self.key, t * self.agents + agent)
                seen = _of(now, agent)
                chosen.append(self.act(self.params[agent], seen.observation, seen.is_first, key))
            action = np.stack([np.asarray(each) for each, _ in chosen], 1)
            self.state, self.now = self.step(self.state, {"agent": action})
            taken += int((~np.asarray(now.over)).sum())
            for agent, (act, extras) in enumerate(chosen):
                seen, then = _of(now, agent), _of(self.now, agent)
                asked = seen.asks
                rows[agent].append(
                    Trajectory(seen.observation, seen.is_first, asked, act, then.reward, then.discount, extras, ())
                )
        for agent, mine in enumerate(rows):
            seen = _of(self.now, agent)
            mine.append(mine[-1]._replace(observation=seen.observation, is_first=seen.is_first, acted=seen.asks & False))
            stacked = jax.tree.map(lambda *leaves: np.stack([np.asarray(leaf) for leaf in leaves]), *mine)
            self.params[agent] = self.learners[agent](stacked)
        return taken


def _of(steps: Any, agent: int) -> TimeStep:
    fields = (steps.observation, steps.is_first, steps.asks, steps.reward, steps.discount)
    return TimeStep(*(np.asarray(field["agent"])[:, agent] for field in fields))


def one_after_another(agents: int, copies: int, length: int) -> Callable[[], int]:
    """A compiled run of its own for every agent; a call advances each by as many steps, which count once."""
    first = make_engine(Experiment(CLASSIC["CartPole-v1"](), PPO(feed=Rollout(length)), num_envs=copies, steps=STEPS))
    runs = [first.again(first.algorithm, first.stream, seed) for seed in range(agents)]  # type: ignore[attr-defined]
    steps = length * copies

    def advance() -> int:
        for run in runs:
            run.advance(steps)
        return steps

    return advance


def main() -> None:
    """Measure all three, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=20.0)
    asked = parser.parse_args()
    sizes = asked.agents, asked.copies, asked.length
    made = {"one_program": one_program, "loop": Loop, "runs": one_after_another}
    told = {name: rate(make(*sizes), asked.seconds) for name, make in made.items()}
    told |= {f"times_{name}": told["one_program"] / told[name] for name in ("loop", "runs")}
    print(json.dumps(vars(asked) | {name: round(value, 2) for name, value in told.items()}))


if __name__ == "__main__":
    main()
