"""Collecting in the process at hand: a stream stepped from Python, and the actor that chooses for its lanes."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.protocols import Algorithm, Params, Stream
from ecotone.runtime.actor import Actor, NumpyActor, make_actor
from ecotone.runtime.collect import look_at, row_of
from ecotone.runtime.engine import Saved
from ecotone.runtime.party import Party
from ecotone.trajectory import TimeStep, Trajectory, Tree, same_lanes


class Collecting(Protocol):
    """Collects fragment after fragment; everything that it will collect follows from what `save` returns and the weights."""

    def begin(self, params: Params) -> None:
        """Take the first parameters; to be called once."""
        ...

    def load(self, leaves: list[Any]) -> None:
        """Take the leaves of new parameters."""
        ...

    def collect(self) -> Trajectory:
        """The next fragment's rows, `[T + 1, B, ...]`."""
        ...

    def save(self) -> Saved:
        """Everything but the parameters; the tree is `Held`."""
        ...

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        ...

    def set_task(self, task: Any) -> None:
        """Change the environments' task from the next episodes on."""
        ...

    def close(self) -> None:
        """Free the environments."""
        ...


class Held(NamedTuple):
    """Where a collector is: what lanes show now, the policy's memory, and the stream's state."""

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


class Collector:
    """Steps a stream in this process.

    Arguments:
        algorithm: what acts, or the groups that do.
        stream: what is stepped.
        seed: of actions.
        length: decisions per lane in a fragment.
        actor: `numpy`, `jax` or `auto`, see `runtime.actor`.
        first: number of its first environment among those of all collectors, for messages.
    """

    actor: Actor

    def __init__(
        self, algorithm: Algorithm | Party, stream: Stream, seed: int, length: int, actor: str = "auto", first: int = 0
    ) -> None:
        self.algorithm, self.stream, self.length, self.fragment = algorithm, stream, length, 0
        self._seed, self._kind, self._first = seed, actor, first
        key_stream, self._key, _ = jax.random.split(jax.random.key(seed), 3)
        self._state, now = stream.start(key_stream)
        self.now: TimeStep = jax.tree.map(np.asarray, now)
        self.memory = algorithm.initial_memory(stream.lanes)

    def begin(self, params: Params) -> None:
        """Make the actor."""
        made = make_actor(self.algorithm, params, self.now, self.memory, self._seed, self._key, True, self._kind)
        self.actor, self.memory = made, made.hold(self.memory)

    def load(self, leaves: list[Any]) -> None:
        """Take the leaves of new parameters."""
        self.actor.load(leaves)

    def collect(self) -> Trajectory:
        """The next fragment's rows; raises `Mistake` for numbers that are not finite."""
        self.actor.begin(self.fragment)
        memory, now, step, act = self.memory, self.now, self.stream.step, self.actor.act
        rows = []
        for _ in range(self.length):
            action, extras, self.memory = act(now, self.memory)
            self._state, then = step(self._state, action)
            rows.append(row_of(now, then, action, extras))
            now = then
        self.now = now
        rows.append(look_at(now, rows[-1], np.zeros_like))
        stacked = jax.tree.map(lambda *leaves: np.array(leaves), *rows)
        if not isinstance(self.algorithm, Party):  # of many agents, the stream says whose number is wrong
            self._check(stacked)
        self.fragment += 1
        return stacked._replace(memory=memory)

    def _check(self, rows: Trajectory) -> None:
        parts = [("an observation", values) for values in jax.tree.leaves(rows.observation)]
        for what, values in (("a reward", rows.reward), *parts):
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                t, lane, *_ = np.argwhere(~np.isfinite(values))[0]
                steps = self.fragment * self.length + int(t)
                raise Mistake(
                    f"environment {self._first + lane} returned {what} that is not finite "
                    f"({np.ravel(values[t, lane])[:4]}) at its step {steps}: mend the environment."
                )

    def save(self) -> Saved:
        """Time step, memory and environments, and the noise that is drawn ahead."""
        loose: dict[str, Any] = {"fragment": self.fragment}
        if isinstance(self.actor, NumpyActor):
            loose["noise"] = self.actor.noise.save()
        if isinstance(self.stream, Repeatable):
            loose["stream"] = self.stream.save()
        return Saved(Held(self.now, self.memory, self._state), loose)

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        (now, memory, state), loose = saved
        self.fragment, self.memory = loose["fragment"], self.actor.hold(memory)
        if isinstance(self.actor, NumpyActor):
            self.actor.noise.restore(loose["noise"])
        if isinstance(self.stream, Repeatable):
            self.stream.restore(loose.get("stream", {}))
            fresh = self.stream.start(None)
            if isinstance(self.stream, Continuing):
                self._state, self.now = self.stream.continued(fresh, (state, now))
            else:
                self._state, self.now = fresh[0], _continued(fresh[1], now)
        else:
            self._state, self.now = state, now

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
