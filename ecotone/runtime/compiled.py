"""The compiled runtime: collecting and learning are one program."""

import copy
import time
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.feed import Replay
from ecotone.mistakes import Mistake
from ecotone.ops import devices
from ecotone.protocols import Algorithm, Key, Params, Stream
from ecotone.runtime.collect import collect, example_rows, whole
from ecotone.runtime.collector import Held
from ecotone.runtime.engine import Piece, Saved
from ecotone.runtime.learn import LEARNER, Learner, begin, fragment_length, learn
from ecotone.runtime.party import Party, feeds
from ecotone.runtime.program import Program, bits, from_bits, strong
from ecotone.runtime.spread import FRAGMENTS, OWN, SAME, Spread
from ecotone.trajectory import TimeStep, Trajectory, Tree

MOST_FRAGMENTS = 64
SECONDS_PER_CALL = 0.2


@runtime_checkable
class Changeable(Stream, Protocol):
    """A pure stream whose environments have tasks."""

    def with_task(self, task: Any) -> "Changeable": ...


def changed(stream: Stream, task: Any) -> Stream:
    """The stream with another task; raises `Mistake` where it has none."""
    if not isinstance(stream, Changeable):
        raise Mistake(f"{stream} has no environment to put another in the place of.")
    return stream.with_task(task)


class Carry(NamedTuple):
    """All that goes from one fragment to the next."""

    learner: Learner
    params: Params
    stream: Any
    now: TimeStep
    memory: Tree
    key: Key
    fragment: Any


class Told(NamedTuple):
    """What a fragment tells the host."""

    is_first: Any
    acted: Any
    reward: Any
    metrics: dict[str, Any]
    updates: Any


CARRY = Carry._make((LEARNER, SAME, OWN, OWN, OWN, SAME, SAME))
"""What of it devices share."""
TOLD = Told._make((FRAGMENTS, FRAGMENTS, FRAGMENTS, SAME, SAME))
"""Likewise."""


def pieces(told: Told, count: int) -> list[Piece]:
    """The first `count` fragments of what a call told, `[fragments, ...]`."""
    each = [jax.tree.map(lambda x, i=i: x[i], told) for i in range(count)]
    return [Piece(t.is_first, t.acted, t.reward, None, t.metrics, t.updates) for t in each]


class CompiledCollector:
    """Steps a pure stream, a fragment per call; of one, the rows are those of the compiled runtime with the same seed.

    Arguments:
        algorithm: what acts, or the groups that do.
        stream: a stream whose `start` and `step` are pure.
        seed: of environments and actions.
        length: decisions per lane in a fragment.
    """

    def __init__(self, algorithm: Algorithm | Party, stream: Stream, seed: int, length: int) -> None:
        self.algorithm, self.stream, self.length = algorithm, stream, length
        constants = strong((algorithm, stream))
        key_stream, key, _ = jax.random.split(jax.random.key(seed), 3)
        state, now = jax.jit(lambda stream, key: stream.start(key))(constants[1], key_stream)
        memory, zero = algorithm.initial_memory(stream.lanes), jnp.zeros((), jnp.int32)
        self._program = Program(self._run, constants, (Held(now, memory, state), key, zero))

    def begin(self, params: Params) -> None:
        """Take the first parameters."""
        leaves, self._structure = jax.tree.flatten(params)
        self.load(leaves)

    def load(self, leaves: list[Any]) -> None:
        """Take the leaves of new parameters."""
        self._leaves = leaves

    def collect(self) -> Trajectory:
        """The next fragment's rows."""
        return jax.tree.map(np.asarray, self._program(self._leaves))

    def _run(
        self, constants: tuple[Algorithm | Party, Stream], carried: tuple, leaves: list[Any]
    ) -> tuple[tuple, Trajectory]:
        (algorithm, stream), ((now, memory, state), key, fragment) = constants, carried
        params = jax.tree.unflatten(self._structure, leaves)
        key_now = jax.random.fold_in(key, fragment)
        collected = collect(algorithm, params, stream, state, now, memory, key_now, self.length)
        state, now, memory, rows = collected
        return (Held(now, memory, state), key, fragment + 1), rows

    def save(self) -> Saved:
        """Time step, memory and environments, keys as their bits."""
        held, _, fragment = bits(self._program.carried)
        return Saved(held, {"fragment": int(fragment)})

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        held, key, fragment = self._program.carried
        fragment = jnp.asarray(saved.loose["fragment"], fragment.dtype)
        self._program.carry((from_bits(saved.tree, held), key, fragment))

    def set_task(self, task: Any) -> None:
        """Put another environment of the same kind in the place of the present one."""
        self.stream = changed(self.stream, task)
        self._program.replace_constants((self.algorithm, self.stream))

    def close(self) -> None:
        """Nothing is open."""


class Compiled:
    """Collect and learn inside one program, many fragments per call.

    Arguments:
        algorithm: what learns, or the groups that do, as one device runs it (see `spread.share`).
        stream: a stream whose `start` and `step` are pure, of one device's lanes.
        seed: of weights, actions, draws and environments.
        spread: the devices that share the program; none means one.
    """

    def __init__(self, algorithm: Algorithm | Party, stream: Stream, seed: int, spread: Spread | None = None) -> None:
        self._spread = spread = spread or Spread(1)
        self.algorithm, self.stream, self.spec = algorithm, stream, stream.spec
        self.lanes = stream.lanes * spread.devices
        self.length = fragment_length(algorithm, stream.lanes)
        if any(isinstance(feed, Replay) and feed.storage == "host" for feed in feeds(algorithm)):
            raise Mistake("the compiled runtime keeps rows on the device: leave the replay's `storage` out, or use local.")
        self._fragments = 1
        self._begin = jax.jit(spread.program(self.start, (SAME, SAME, SAME), CARRY))
        constants = spread.place(SAME, strong((algorithm, stream)))
        carry = self._begin(*constants, jax.random.key(seed))
        self._told = jax.jit(spread.program(self._blank, (SAME, CARRY), TOLD))(constants, carry)
        self._program = Program(spread.program(self._run, (SAME, CARRY, TOLD, SAME), (CARRY, TOLD)), constants, carry)

    def again(self, algorithm: Algorithm | Party, stream: Stream, seed: int) -> "Compiled":
        """The runtime of another run with the same program: algorithm and stream differ in nothing but their floats."""
        other = copy.copy(self)
        other.algorithm, other.stream = algorithm, stream
        constants = strong((algorithm, stream))
        other._program = self._program.again(constants, self._begin(*constants, jax.random.key(seed)))
        return other

    def start(self, algorithm: Algorithm | Party, stream: Stream, key: Key) -> Carry:
        """All that goes into the first fragment."""
        keys = jax.random.split(key, 3)
        state, now = stream.start(devices.apart(keys[0]))
        memory = algorithm.initial_memory(stream.lanes)
        example = example_rows(algorithm, stream.spec, now, memory, self.length)
        learner = begin(algorithm, keys[2], stream.spec, example)
        return Carry(learner, algorithm.policy(learner.state), state, now, memory, keys[1], jnp.zeros((), jnp.int32))

    def fragment(self, algorithm: Algorithm | Party, stream: Stream, carry: Carry) -> tuple[Carry, Told]:
        """Collect a fragment and learn from it."""
        key = devices.apart(jax.random.fold_in(carry.key, carry.fragment))
        collected = collect(algorithm, carry.params, stream, carry.stream, carry.now, carry.memory, key, self.length)
        state, now, memory, rows = collected
        learned = learn(algorithm, carry.learner, rows)
        metrics = devices.average(learned.metrics)
        told = Told(whole(rows.is_first), whole(rows.acted), whole(rows.reward), metrics, learned.updates)
        return Carry(learned.learner, learned.params, state, now, memory, carry.key, carry.fragment + 1), told

    def _blank(self, constants: tuple[Algorithm | Party, Stream], carry: Carry) -> Told:
        """Room for what the fragments of a call tell."""
        told = jax.eval_shape(lambda a, s, c: self.fragment(a, s, c)[1], *constants, carry)
        return jax.tree.map(lambda x: jnp.zeros((MOST_FRAGMENTS, *x.shape), x.dtype), told)

    def _run(self, constants: tuple[Algorithm | Party, Stream], carry: Carry, told: Told, count: Any) -> tuple[Carry, Told]:
        def once(i: Any, both: tuple[Carry, Told]) -> tuple[Carry, Told]:
            carry, new = self.fragment(*constants, both[0])
            return carry, jax.tree.map(lambda all_, x: all_.at[i].set(x), both[1], new)

        return jax.lax.fori_loop(0, count, once, (carry, told))

    def advance(self, budget: int) -> list[Piece]:
        """As many fragments as fit into one call, but no more than `budget` environment steps need."""
        count = max(1, min(self._fragments, -(-budget // (self.length * self.lanes))))
        began = time.perf_counter()
        told = jax.tree.map(np.asarray, self._program(self._told, np.int32(count)))
        if count == self._fragments and time.perf_counter() - began < 0.5 * SECONDS_PER_CALL:
            self._fragments = min(2 * self._fragments, MOST_FRAGMENTS)
        return pieces(told, count)

    def params(self) -> Params:
        """What the greedy policy needs now."""
        return self._spread.one(self._program.carried.params)

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        carry = self._program.carried
        learner = carry.learner._replace(state=carry.learner.state | states)
        self._carry(carry._replace(learner=learner, params=self.algorithm.policy(learner.state)))

    def save(self) -> Saved:
        """The carried tree; raises `Mistake` where devices that share the run do not agree on what they have learned."""
        carry = self._program.carried
        self._spread.check((carry.learner.state, carry.params))
        return Saved(carry, {})

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        self._carry(saved.tree)

    def _carry(self, tree: Carry) -> None:
        self._program.carry(self._spread.place(CARRY, tree))

    def set_task(self, task: Any) -> None:
        """Put another environment of the same kind in the place of the present one."""
        self.stream = changed(self.stream, task)
        self._program.replace_constants(self._spread.place(SAME, strong((self.algorithm, self.stream))))

    def close(self) -> None:
        """Nothing is open."""
