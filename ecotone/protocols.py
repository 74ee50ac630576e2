"""The contracts. Nothing inherits from them; `ecotone.testing` has a `check_*` function for each."""

from typing import Any, NamedTuple, Protocol, runtime_checkable

from ecotone.feed import Feed
from ecotone.spec import Spec
from ecotone.trajectory import Array, TimeStep, Trajectory, Tree

Key = Any
State = Any
Params = Any


class Report(NamedTuple):
    """What an update tells: scalars to log, and new priorities of its windows `[batch]` where the replay wants them."""

    metrics: dict[str, Array]
    priorities: Array | None = None


@runtime_checkable
class Environment(Protocol):
    """A compiled environment: pure, unbatched; it knows nothing of automatic resets."""

    @property
    def spec(self) -> Spec: ...

    def reset(self, key: Key) -> tuple[State, Tree]:
        """Begin an episode: `(state, observation)`."""
        ...

    def step(self, state: State, action: Tree, key: Key) -> tuple[State, Tree, Array, Array, Array]:
        """Take an action (in the environment's units): `(state, observation, reward, terminated, truncated)`."""
        ...


@runtime_checkable
class Stream(Protocol):
    """Many environments that never stop: a lane whose episode ended begins the next one at the following step."""

    @property
    def spec(self) -> Spec: ...

    @property
    def lanes(self) -> int: ...

    def start(self, key: Key) -> tuple[State, TimeStep]:
        """Begin an episode in every lane."""
        ...

    def step(self, state: State, action: Tree) -> tuple[State, TimeStep]:
        """Take an action `[B, ...]` as the rows have it; lanes that did not ask ignore theirs."""
        ...


@runtime_checkable
class Wrapper(Protocol):
    """A recipe for what stands between a stream and its policy; hashable, pure, and alike for NumPy and JAX arrays.

    `spec` is everywhere that of what is wrapped. `ecotone.envs.wrappers` has functions for the parts that a wrapper does
    not need: `act = same_action` in a class is all that it takes.
    """

    def spec(self, spec: Spec) -> Spec:
        """What the policy sees and does. Raises `ValueError` for a spec that cannot be wrapped."""
        ...

    def start(self, spec: Spec, lanes: int) -> Tree:
        """Memory of lanes that have seen nothing, NumPy arrays with lanes on axis 0; `()` for none."""
        ...

    def observe(self, spec: Spec, memory: Tree, step: TimeStep) -> tuple[TimeStep, Tree]:
        """What the environment said, as the policy shall be told; a lane that `is_first` forgets what came before."""
        ...

    def act(self, spec: Spec, memory: Tree, action: Tree) -> tuple[Tree, Tree]:
        """What the policy chose, as the environment shall take it; both as rows have them."""
        ...


class Network(Protocol):
    """What a model's `init` builds: an Equinox module whose leaves are all arrays."""

    def __call__(self, observation: Tree, is_first: Array, memory: Tree) -> tuple[Any, Tree]:
        """Read rows `[T, B, ...]` with the memory before them `[B, ...]`: `(output [T, B, ...], memory after them)`."""
        ...


@runtime_checkable
class Model(Protocol):
    """A recipe for a network."""

    def init(self, key: Key, spec: Spec) -> Network:
        """Build the network with fresh weights."""
        ...

    def initial_memory(self, lanes: int) -> Tree:
        """Memory of lanes that have seen nothing, lanes on axis 0; `()` for feed-forward networks."""
        ...


class Acting(Protocol):
    """What chooses actions: an `Algorithm`, or several groups as one, whose spec and all else are dicts by group."""

    def init(self, key: Key, spec: Any) -> State: ...

    def initial_memory(self, lanes: int) -> Tree: ...

    def policy(self, state: State) -> Params: ...

    def act(
        self, params: Params, observation: Tree, is_first: Any, memory: Tree, key: Key, explore: bool
    ) -> tuple[Tree, Tree, Tree]: ...


@runtime_checkable
class Algorithm(Protocol):
    """Five pure functions and a statement of how it is fed."""

    @property
    def feed(self) -> Feed: ...

    def init(self, key: Key, spec: Spec) -> State:
        """Everything that learns or counts, fresh. Raises `ValueError` for a spec that it cannot serve."""
        ...

    def initial_memory(self, lanes: int) -> Tree:
        """The acting policy's memory before the first row; `()` for feed-forward policies."""
        ...

    def policy(self, state: State) -> Params:
        """What actors need: weights, epsilon, statistics."""
        ...

    def act(
        self, params: Params, observation: Tree, is_first: Array, memory: Tree, key: Key, explore: bool
    ) -> tuple[Tree, Tree, Tree]:
        """Choose for each lane `[B, ...]`: `(action, extras, memory)`; greedy where `explore` is false."""
        ...

    def observe(self, state: State, rows: Trajectory) -> State:
        """Take note of freshly collected rows: count steps, follow statistics. Called once per fragment, before updates.

        Decisions are environment steps where every lane has an environment of its own. Where agents share one, the runtime
        corrects the count, which is a whole number in a field of the state named `steps`.
        """
        ...

    def update(self, state: State, rows: Trajectory, key: Key) -> tuple[State, Report]:
        """Learn from rows: the fragment itself for a `Rollout`, windows drawn for a `Replay`."""
        ...
