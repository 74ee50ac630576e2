"""The runtime of this process: environments step in Python, learning is one jitted call per fragment."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.protocols import Algorithm, Params, Stream
from ecotone.runtime.actor import NumpyActor, make_actor
from ecotone.runtime.collect import example_rows, look_at, row_of, whole
from ecotone.runtime.engine import Piece, Saved
from ecotone.runtime.hosted import learning
from ecotone.runtime.learn import Learner, fragment_length
from ecotone.runtime.party import Party
from ecotone.trajectory import TimeStep, Trajectory, Tree, same_lanes


class LocalTree(NamedTuple):
    """What the local runtime saves in arrays."""

    learner: Learner
    params: list[Any]
    acting: list[Any]
    now: TimeStep
    memory: Tree
    stream: Any


@runtime_checkable
class Repeatable(Protocol):
    """A stream that can continue its episodes."""

    def save(self) -> dict[str, Any]: ...

    def restore(self, saved: dict[str, Any]) -> None: ...


@runtime_checkable
class Changeable(Protocol):
    """A stream whose environments have tasks."""

    def set_task(self, task: Any) -> None: ...


@runtime_checkable
class Closable(Protocol):
    """A stream that holds resources."""

    def close(self) -> None: ...


@runtime_checkable
class Continuing(Protocol):
    """A stream that says itself how what it remembers is joined to episodes that were repeated."""

    def continued(self, fresh: tuple[Any, TimeStep], saved: tuple[Any, TimeStep]) -> tuple[Any, TimeStep]: ...


class Local:
    """Collect in this process, then learn.

    Arguments:
        algorithm: what learns, or the groups that do.
        stream: what is stepped.
        seed: of weights, actions and draws.
        overlap: learn from one fragment while the next is collected with the weights before it (one update behind).
        actor: `numpy`, `jax` or `auto`, see `runtime.actor`.
    """

    def __init__(
        self, algorithm: Algorithm | Party, stream: Stream, seed: int, overlap: bool = False, actor: str = "auto"
    ) -> None:
        self.algorithm, self.stream, self.spec, self.lanes = algorithm, stream, stream.spec, stream.lanes
        self.overlap = overlap
        self.length = fragment_length(algorithm, stream.lanes)
        self.fragment = 0
        keys = jax.random.split(jax.random.key(seed), 3)
        self._state, now = stream.start(keys[0])
        self._now = jax.tree.map(np.asarray, now)
        memory = algorithm.initial_memory(stream.lanes)
        example = example_rows(algorithm, self.spec, self._now, memory, self.length)
        self._program = learning(algorithm, self.spec, example, keys[2])
        params = jax.jit(lambda state: algorithm.policy(state))(self._program.carried.state)
        self._params, self._structure = jax.tree.flatten(params)
        self._acting = self._params
        self.actor = make_actor(algorithm, params, self._now, memory, seed, keys[1], True, actor)
        self._memory = self.actor.hold(memory)

    def advance(self, budget: int) -> list[Piece]:
        """Collect one fragment and learn from it."""
        rows = self._collect()
        before = self._params
        metrics, self._params, updates = self._program(rows)
        self._act_with(before if self.overlap else self._params)
        self.fragment += 1
        return [Piece(whole(rows.is_first), whole(rows.acted), whole(rows.reward), rows, metrics, updates)]

    def _act_with(self, leaves: list[Any]) -> None:
        self._acting = leaves
        self.actor.load(leaves)

    def _collect(self) -> Trajectory:
        self.actor.begin(self.fragment)
        memory, now, step, act = self._memory, self._now, self.stream.step, self.actor.act
        rows = []
        for _ in range(self.length):
            action, extras, self._memory = act(now, self._memory)
            self._state, then = step(self._state, action)
            rows.append(row_of(now, then, action, extras))
            now = then
        self._now = now
        rows.append(look_at(now, rows[-1], np.zeros_like))
        stacked = jax.tree.map(lambda *leaves: np.array(leaves), *rows)
        if not isinstance(self.algorithm, Party):  # of many agents, the stream says whose number is wrong
            self._check(stacked)
        return stacked._replace(memory=memory)

    def _check(self, rows: Trajectory) -> None:
        parts = [("an observation", values) for values in jax.tree.leaves(rows.observation)]
        for what, values in (("a reward", rows.reward), *parts):
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                t, lane, *_ = np.argwhere(~np.isfinite(values))[0]
                steps = self.fragment * self.length + int(t)
                raise Mistake(
                    f"environment {lane} returned {what} that is not finite ({np.ravel(values[t, lane])[:4]}) at its "
                    f"step {steps}: mend the environment."
                )

    def params(self) -> Params:
        """What the greedy policy needs now."""
        return jax.tree.unflatten(self._structure, self._params)

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        learner = self._program.carried
        self._program.carry(learner._replace(state=learner.state | states))
        self._params = jax.tree.leaves(jax.jit(self.algorithm.policy)(self._program.carried.state))
        self._act_with(self._params)

    def save(self) -> Saved:
        """Learner, actor, time step; noise and environments."""
        tree = LocalTree(self._program.carried, self._params, self._acting, self._now, self._memory, self._state)
        loose: dict[str, Any] = {"fragment": self.fragment}
        if isinstance(self.actor, NumpyActor):
            loose["noise"] = self.actor.noise.save()
        if isinstance(self.stream, Repeatable):
            loose["stream"] = self.stream.save()
        return Saved(tree, loose)

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        tree, loose = saved
        self._program.carry(tree.learner)
        self._params, self.fragment = tree.params, loose["fragment"]
        self._memory = self.actor.hold(tree.memory)
        self._act_with(tree.acting)
        if isinstance(self.actor, NumpyActor):
            self.actor.noise.restore(loose["noise"])
        if isinstance(self.stream, Repeatable):
            self.stream.restore(loose.get("stream", {}))
            fresh = self.stream.start(None)
            if isinstance(self.stream, Continuing):
                self._state, self._now = self.stream.continued(fresh, (tree.stream, tree.now))
            else:
                self._state, self._now = fresh[0], _continued(fresh[1], tree.now)
        else:
            self._state, self._now = tree.stream, tree.now

    def set_task(self, task: Any) -> None:
        """Hand the task to the environments; raises `Mistake` where the stream has no tasks."""
        if not isinstance(self.stream, Changeable):
            raise Mistake(f"{type(self.stream).__name__} has no tasks to change between.")
        self.stream.set_task(task)

    def close(self) -> None:
        """Close the environments."""
        if isinstance(self.stream, Closable):
            self.stream.close()


def _continued(now: TimeStep, saved: TimeStep) -> TimeStep:
    """The time step of repeated episodes; a lane that was not repeated exactly begins an episode."""
    return now._replace(is_first=now.is_first | ~same_lanes(now.observation, saved.observation))
