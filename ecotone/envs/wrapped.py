"""Streams behind wrappers, and the wrappers of a deployed policy."""

from dataclasses import replace
from typing import Any, NamedTuple

import jax
import numpy as np

from ecotone.envs.compiled import CompiledStream
from ecotone.envs.wrappers.parts import where
from ecotone.frozen import frozen
from ecotone.mistakes import Mistake
from ecotone.protocols import Stream, Wrapper
from ecotone.spec import Spec
from ecotone.trajectory import TimeStep, Tree, same_lanes

Key = Any
Memories = tuple[Tree, ...]


class Layers:
    """Wrappers, innermost first, each with the spec of what it wraps.

    Arguments:
        spec: of the environment.
        wrappers: which.

    Raises:
        ValueError: a wrapper cannot serve what it wraps.
    """

    def __init__(self, spec: Spec, wrappers: tuple[Wrapper, ...]) -> None:
        self.inside = spec
        self.layers: list[tuple[Wrapper, Spec]] = []
        for wrapper in wrappers:
            self.layers.append((wrapper, spec))
            spec = wrapper.spec(spec)
        self.spec = spec

    def start(self, lanes: int) -> Memories:
        """Memory of lanes that have seen nothing."""
        return tuple(wrapper.start(spec, lanes) for wrapper, spec in self.layers)

    def observe(self, memories: Memories, step: TimeStep) -> tuple[TimeStep, Memories]:
        """What the environment said, as the policy shall be told."""
        after = []
        for (wrapper, spec), memory in zip(self.layers, memories, strict=True):
            step, memory = wrapper.observe(spec, memory, step)
            after.append(memory)
        return step, tuple(after)

    def act(self, memories: Memories, action: Tree) -> tuple[Tree, Memories]:
        """What the policy chose, as the environment shall take it."""
        after = []
        for (wrapper, spec), memory in zip(reversed(self.layers), reversed(memories), strict=True):
            action, memory = wrapper.act(spec, memory, action)
            after.append(memory)
        return action, tuple(reversed(after))


class WrappedState(NamedTuple):
    """The inner stream's state and what the wrappers remember."""

    inner: Any
    memories: Memories


@frozen
class Wrapped:
    """A pure stream behind wrappers, pure as well.

    Raises `ValueError` where a wrapper cannot serve what it wraps.
    """

    stream: Stream
    wrappers: tuple[Wrapper, ...]
    """Innermost first."""
    raw_rewards: bool = False
    """Report the stream's rewards whatever the wrappers make of them, for evaluations."""

    @property
    def spec(self) -> Spec:
        """What the policy sees and does."""
        return self._layers.spec

    @property
    def lanes(self) -> int:
        """The stream's."""
        return self.stream.lanes

    @property
    def _layers(self) -> Layers:
        return Layers(self.stream.spec, self.wrappers)

    def start(self, key: Key) -> tuple[WrappedState, TimeStep]:
        """Begin an episode in every lane."""
        inner, said = self.stream.start(key)
        now, memories = self._layers.observe(self._layers.start(self.lanes), said)
        return WrappedState(inner, memories), _told(now, said, self.raw_rewards)

    def step(self, state: WrappedState, action: Tree) -> tuple[WrappedState, TimeStep]:
        """Take the policy's action."""
        action, memories = self._layers.act(state.memories, action)
        inner, said = self.stream.step(state.inner, action)
        now, memories = self._layers.observe(memories, said)
        return WrappedState(inner, memories), _told(now, said, self.raw_rewards)

    def with_task(self, task: Any) -> "Wrapped":
        """The same wrappers around the stream with another task."""
        return replace(self, stream=self.stream.with_task(task))  # type: ignore[attr-defined]


def _told(now: TimeStep, said: TimeStep, raw_rewards: bool) -> TimeStep:
    return now._replace(reward=said.reward) if raw_rewards else now


class LocalWrapped:
    """A stream stepped in this process, which holds its own state, behind wrappers.

    Arguments:
        stream: what is wrapped; its `save`, `restore` and `set_task` are passed on.
        wrappers: innermost first.
        raw_rewards: report the stream's rewards whatever the wrappers make of them, for evaluations.

    Raises:
        ValueError: a wrapper cannot serve what it wraps.
    """

    def __init__(self, stream: Any, wrappers: tuple[Wrapper, ...], raw_rewards: bool = False) -> None:
        self.stream, self.lanes, self.raw_rewards = stream, stream.lanes, raw_rewards
        self.layers = Layers(stream.spec, wrappers)
        self.spec = self.layers.spec
        self._restored: dict[str, Any] | None = None

    def start(self, key: Key = None) -> tuple[None, TimeStep]:
        """Begin an episode in every lane, or continue the restored ones with what was remembered of them."""
        _, said = self.stream.start(key)
        memories = self.layers.start(self.lanes)
        if self._restored is not None:
            said, memories = self._continued(said, memories)
        return None, self._observe(memories, said)

    def step(self, state: None, action: Tree) -> tuple[None, TimeStep]:
        """Take the policy's action."""
        action, memories = self.layers.act(self._memories, action)
        _, said = self.stream.step(None, action)
        return None, self._observe(memories, said)

    def _observe(self, memories: Memories, said: TimeStep) -> TimeStep:
        self._last = said, memories
        now, self._memories = self.layers.observe(memories, said)
        return _told(now, said, self.raw_rewards)

    def save(self) -> dict[str, Any]:
        """What the stream saves, what it said last, and what was remembered before that."""
        said, memories = ({str(i): x for i, x in enumerate(jax.tree.leaves(tree))} for tree in self._last)
        return {"stream": self.stream.save(), "said": said, "memories": memories}

    def restore(self, saved: dict[str, Any]) -> None:
        """Let the next `start` continue the saved episodes."""
        self.stream.restore(saved.get("stream", {}))
        self._restored = saved

    def _continued(self, said: TimeStep, memories: Memories) -> tuple[TimeStep, Memories]:
        """What was said last and remembered, but of a lane that was not repeated exactly, what begins there."""
        saved, self._restored = self._restored or {}, None
        before = _refilled(said, saved.get("said", {}))
        same = same_lanes(said.observation, before.observation)
        anew = said._replace(is_first=np.ones(self.lanes, bool))
        said = jax.tree.map(lambda new, old: where(same, old, new), anew, before)
        return said, _refilled(memories, saved.get("memories", {}))

    def set_task(self, task: Any) -> None:
        """Hand a task to the stream; raises `Mistake` where it has no tasks."""
        if not hasattr(self.stream, "set_task"):
            raise Mistake(f"{type(self.stream).__name__} has no tasks to change between.")
        self.stream.set_task(task)

    def close(self) -> None:
        """Close the stream."""
        self.stream.close()


def _refilled(tree: Tree, saved: dict[str, Any]) -> Tree:
    leaves, structure = jax.tree.flatten(tree)
    return structure.unflatten([saved[str(i)] for i in range(len(leaves))])


def wrap(stream: Stream, wrappers: tuple[Wrapper, ...], raw_rewards: bool = False) -> Stream:
    """The stream behind the wrappers; itself where there are none. Raises `ValueError` where one cannot serve it."""
    if not wrappers:
        return stream
    if isinstance(stream, CompiledStream):
        return Wrapped(stream, wrappers, raw_rewards)
    return LocalWrapped(stream, wrappers, raw_rewards)


def unwrapped(stream: Stream) -> Stream:
    """What is behind the wrappers."""
    return stream.stream if isinstance(stream, Wrapped | LocalWrapped) else stream
